"""`/decisions`: what was decided about each event and why, as a list and as a stream that can be resumed.

The same lines as the event record in a file. They are in the order in which they were decided; an id is opaque.
"""

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import Field

from watcher.api import cursors, models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing
from watcher.api.event_tail import framed
from watcher.api.events import MEDIA, follow
from watcher.api.inputs import Moment, Paged
from watcher.api.problems import Problem
from watcher.core.shapes.decisions import decision_json
from watcher.core.shapes.times import JSON, time_from_json, time_json
from watcher.services.names.tokens import Scope
from watcher.store import outbox
from watcher.store.outbox import DecidedEvent

_BATCH = 200


class WantedDecisions(Paged):
    """Query for decisions."""

    since: Moment | None = Field(default=None, description="Decided after this")


class DecisionStream(Input):
    """Start of a stream of decisions, unless `Last-Event-ID` sets it."""

    since: Moment | None = Field(default=None, description="Send those since; absent: only what is decided from now on")


async def listed(call: Call[WantedDecisions, Nothing]) -> Any:
    """Return the decisions, oldest first."""
    wanted = call.query
    after = _after(wanted.cursor) or (None if wanted.since is None else (wanted.since, ""))
    async with call.parts.store.read() as tx:
        found = await outbox.list_decided(tx, after=after, limit=wanted.limit + 1)
    return cursors.page(found, wanted.limit, _key, _shape)


async def streamed(call: Call[DecisionStream, Nothing]) -> web.StreamResponse:
    """Every decision once, in order; after a break those since `Last-Event-ID`."""
    resumed = call.request.headers.get("Last-Event-ID")
    after = _after(resumed) or (call.query.since or call.parts.clock.now(), "")

    async def new() -> list[bytes]:
        nonlocal after
        async with call.parts.store.read() as tx:
            found = await outbox.list_decided(tx, after=after, limit=_BATCH)
        if found:
            after = found[-1].decided_at, found[-1].event.id
        return [framed(cursors.encode(_key(row)), "decision", _shape(row)) for row in found]

    return await follow(call, new)


def _key(row: DecidedEvent) -> tuple[str, str]:
    return time_json(row.decided_at) or "", row.event.id


def _after(text: str | None) -> tuple[datetime, str] | None:
    """Return the place in the order that a cursor stands for. Raises Problem for none of ours."""
    key = cursors.decode(text, str, str)
    if key is None:
        return None
    try:
        at = time_from_json(key[0])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Problem(400, "invalid_request", "this is no place in the order of decisions")
    return at, key[1]


def _shape(row: DecidedEvent) -> JSON:
    return decision_json(row.event, row.decision.value, row.reason, row.decided_at, row.alert_id, grouped=row.grouped)


_READ, _TAG = (Scope.READ,), "events"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET", "/api/v1/decisions", listed, "What was decided about each event, and why", _TAG,
        WantedDecisions, Nothing, models.DecisionPage, _READ,
    ),
    Endpoint(
        "GET", "/api/v1/decisions/stream", streamed,
        "What is decided, as server-sent events; resumes after `Last-Event-ID`", _TAG,
        DecisionStream, Nothing, None, _READ, media=MEDIA,
    ),
)  # fmt: skip
