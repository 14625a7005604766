"""`/deliveries`: which alert was accepted by which channel, which waits and why; and another try now."""

from http import HTTPStatus
from typing import Annotated, Any

from pydantic import Field

from watcher.api import cursors, models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing
from watcher.api.inputs import Line, Paged
from watcher.api.problems import Problem, not_found
from watcher.core.shapes.times import JSON, time_json
from watcher.services.names.tokens import Scope
from watcher.store import deliveries
from watcher.store.deliveries import Delivery, Status


class WantedDeliveries(Paged):
    """Query for deliveries."""

    status: Status | None = Field(default=None, description="How far they are")
    channel: Annotated[Line, Field(max_length=64)] | None = Field(default=None, description="Through which channel")


def shape(delivery: Delivery) -> JSON:
    """Return the delivery shape."""
    return {
        "id": delivery.id,
        "alert_id": delivery.alert.id,
        "kind": delivery.alert.kind.value,
        "severity": delivery.alert.severity.value,
        "events": [event.id for event in delivery.alert.events],
        "channel": delivery.channel,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "next_attempt_at": time_json(delivery.next_attempt_at) if delivery.status is Status.PENDING else None,
        "last_error": delivery.last_error,
        "failure": delivery.failure,
        "sent_at": time_json(delivery.sent_at),
        "created_at": time_json(delivery.created_at),
    }


async def listed(call: Call[WantedDeliveries, Nothing]) -> Any:
    """Return the deliveries, newest first."""
    wanted = call.query
    before = cursors.decode(wanted.cursor, str)
    async with call.parts.store.read() as tx:
        found = await deliveries.list_all(
            tx,
            status=wanted.status,
            channel=wanted.channel,
            before=before[0] if before else None,
            limit=wanted.limit + 1,
        )
    return cursors.page(found, wanted.limit, lambda delivery: (delivery.id,), shape)


async def retried(call: Call[Nothing, Nothing]) -> Any:
    """Make the delivery due now, also when it was rejected. 409 for one that was sent already."""
    delivery = call.path["id"]
    async with call.parts.store.write() as tx:
        if await deliveries.retry(tx, delivery, now=call.parts.clock.now()):
            return
        if await deliveries.find(tx, delivery) is not None:
            raise Problem(HTTPStatus.CONFLICT, "already_sent", f"{delivery} was accepted by its channel already")
        raise not_found(delivery)


_TAG = "deliveries"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/v1/deliveries",
        listed,
        "Alerts on their way through channels",
        _TAG,
        WantedDeliveries,
        Nothing,
        models.DeliveryPage,
        (Scope.READ,),
    ),
    Endpoint(
        "POST",
        "/api/v1/deliveries/{id}:retry",
        retried,
        "Try again now",
        _TAG,
        Nothing,
        Nothing,
        None,
        (Scope.WRITE,),
        204,
        errors=(404, 409),
    ),
)
