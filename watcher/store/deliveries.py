"""Deliveries: one for each alert and channel, from the moment the alert is made until the channel has accepted it.

A delivery is sent by the process that holds its lease. Each claim raises the delivery's epoch, and a failure counts
only while that epoch stands: a process that lost its lease changes nothing. That a channel accepted the alert is a
fact outside, and is recorded whoever holds the lease by then.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, update

from watcher.core.errors import DeliveryFailed, DeliveryRejected, FailureReason
from watcher.core.shapes.alerts import alert_from_json
from watcher.core.telling.alerts import Alert, AlertKind
from watcher.store.database import Tx
from watcher.store.moments import lease_time
from watcher.store.tables import alerts, deliveries, events, outbox


class Status(StrEnum):
    """The progress of a delivery."""

    PENDING = "pending"
    SENT = "sent"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert on its way through one channel; `attempts` counts the tries begun, `epoch` the claims."""

    id: str
    alert: Alert
    channel: str
    status: Status
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    last_error: str | None = None
    sent_at: datetime | None = None
    epoch: int = 0
    failure: FailureReason | None = None


_PENDING = deliveries.c.status == Status.PENDING
_FREE_AGAIN: dict[str, Any] = {"leased_until": None, "lease_owner": None}


async def find(tx: Tx, delivery_id: str) -> Delivery | None:
    """Return the delivery with that id."""
    return next(iter(await _read(tx, _select().where(deliveries.c.id == delivery_id))), None)


async def list_all(
    tx: Tx, *, status: Status | None = None, channel: str | None = None, before: str | None = None, limit: int = 100
) -> list[Delivery]:
    """Return deliveries, newest first, from the one before that id."""
    query = _select().order_by(deliveries.c.id.desc()).limit(limit)
    if status is not None:
        query = query.where(deliveries.c.status == status)
    if channel is not None:
        query = query.where(deliveries.c.channel == channel)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    return await _read(tx, query)


async def list_failed(tx: Tx, channel: str, *, limit: int) -> list[Delivery]:
    """Return the newest deliveries of a channel whose last try failed or was refused, and that were not sent since."""
    query = _select().where(
        deliveries.c.channel == channel, deliveries.c.status != Status.SENT, deliveries.c.last_error.is_not(None)
    )
    return await _read(tx, query.order_by(deliveries.c.id.desc()).limit(limit))


async def any_due(tx: Tx, channel: str, *, now: datetime) -> bool:
    """Tell whether it is worth asking for a lease."""
    query = select(deliveries.c.id).where(*_is_due(channel, now, now)).limit(1)
    return (await tx.execute(query)).first() is not None


async def claim(tx: Tx, channel: str, *, owner: str, now: datetime, lease: timedelta) -> Delivery | None:
    """Lease the next delivery that is due on `channel` to `owner`; None when none is due, or another was quicker.

    The oldest is first. A delivery waits for every older undelivered alert about the same name on the same channel.
    """
    at = await lease_time(tx, now)
    chosen = await _find_next(tx, channel, now, at)
    if chosen is None:
        return None
    done = await tx.execute(
        update(deliveries)
        .where(deliveries.c.id == chosen, *_is_due(channel, now, at))
        .values(
            leased_until=at + lease,
            lease_owner=owner,
            attempts=deliveries.c.attempts + 1,
            epoch=deliveries.c.epoch + 1,
        )
    )
    return await find(tx, chosen) if done.rowcount else None


async def mark_sent(tx: Tx, delivery_id: str, *, now: datetime) -> bool:
    """Record that the channel accepted it, whoever holds the lease by now; False when it was no longer pending."""
    done = await tx.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, _PENDING)
        .values(status=Status.SENT, sent_at=now, last_error=None, failure=None, **_FREE_AGAIN)
    )
    return done.rowcount > 0


async def mark_rejected(tx: Tx, delivery: Delivery, error: DeliveryFailed, *, why: str) -> bool:
    """Record that the channel will not accept it, or not before its settings are mended; False as in `mark_failed`."""
    mendable = isinstance(error, DeliveryRejected) and error.mendable
    return await _end_try(tx, delivery, status=Status.REJECTED, last_error=why, failure=error.reason, mendable=mendable)


async def mark_failed(tx: Tx, delivery: Delivery, error: DeliveryFailed, *, next_attempt_at: datetime) -> bool:
    """Put the next try at `next_attempt_at`; False, and nothing changed, when somebody else has claimed it since."""
    values: dict[str, object] = {"partly_accepted": True} if error.partly_accepted else {}
    return await _end_try(
        tx, delivery, last_error=error.why, failure=error.reason, next_attempt_at=next_attempt_at, **values
    )


async def release(tx: Tx, owners: Sequence[str]) -> None:
    """End the leases of `owners`, which are dead."""
    await tx.execute(update(deliveries).where(_PENDING, deliveries.c.lease_owner.in_(owners)).values(**_FREE_AGAIN))


async def list_owners(tx: Tx) -> list[str]:
    """Return the holders of leases, run out or not."""
    query = select(deliveries.c.lease_owner).where(_PENDING, deliveries.c.lease_owner.is_not(None)).distinct()
    return sorted((await tx.execute(query)).scalars())


async def put_off(tx: Tx, channel: str, *, until: datetime) -> None:
    """Send nothing more through `channel` before then: it asked for a pause."""
    await tx.execute(
        update(deliveries)
        .where(deliveries.c.channel == channel, _PENDING, deliveries.c.next_attempt_at < until)
        .values(next_attempt_at=until)
    )


async def bring_forward(tx: Tx, channel: str, *, now: datetime) -> None:
    """Make due now what was put off because of `channel`, which works."""
    await tx.execute(
        update(deliveries)
        .where(deliveries.c.channel == channel, _PENDING, deliveries.c.next_attempt_at > now)
        .values(next_attempt_at=now)
    )


async def retry(tx: Tx, delivery_id: str, *, now: datetime) -> bool:
    """Try it again now, also a rejected one, because somebody asks; False when there is no such, or it is sent."""
    done = await tx.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.status != Status.SENT)
        .values(status=Status.PENDING, next_attempt_at=now, attempts=0, created_at=now)
    )
    return done.rowcount > 0


async def count_pending(tx: Tx, channels: Iterable[str]) -> int:
    """Count the pending deliveries of these channels."""
    query = select(func.count()).where(_PENDING, deliveries.c.channel.in_(list(channels)))
    return int((await tx.execute(query)).scalar_one())


async def find_oldest_pending(tx: Tx, channel: str) -> datetime | None:
    """Return when the oldest pending delivery of `channel` was made."""
    query = select(func.min(deliveries.c.created_at)).where(deliveries.c.channel == channel, _PENDING)
    since: datetime | None = (await tx.execute(query)).scalar_one()
    return since


async def any_beyond(tx: Tx, latest_attempt: datetime, latest_lease: datetime) -> bool:
    """Tell whether a pending delivery waits, or is leased, for longer than anything should."""
    query = select(deliveries.c.id).where(*_is_beyond(latest_attempt, latest_lease)).limit(1)
    return (await tx.execute(query)).first() is not None


async def bring_back(tx: Tx, latest_attempt: datetime, latest_lease: datetime, *, now: datetime) -> None:
    """Make such deliveries due now, and nobody's."""
    await tx.execute(
        update(deliveries)
        .where(*_is_beyond(latest_attempt, latest_lease))
        .values(next_attempt_at=now, **_FREE_AGAIN)
    )  # fmt: skip


async def count_stranded(tx: Tx, configured: Collection[str]) -> dict[str, int]:
    """Count the pending deliveries of each channel that is not among `configured`."""
    query = (
        select(deliveries.c.channel, func.count())
        .where(_PENDING, deliveries.c.channel.not_in(sorted(configured)))
        .group_by(deliveries.c.channel)
        .order_by(deliveries.c.channel)
    )
    return {row[0]: row[1] for row in await tx.execute(query)}


async def any_stranded_unmarked(tx: Tx, channel: str, *, why: str, before: datetime, now: datetime) -> bool:
    """Tell whether an idle delivery of `channel` does not say why it waits, or has waited since before then."""
    left = or_(deliveries.c.last_error.is_distinct_from(why), deliveries.c.created_at < before)
    query = select(deliveries.c.id).where(*_is_idle(channel, now), left)
    return (await tx.execute(query.limit(1))).first() is not None


async def mark_stranded(tx: Tx, channel: str, *, why: str, now: datetime) -> None:
    """Record in the idle deliveries of `channel` why they wait."""
    await tx.execute(update(deliveries).where(*_is_idle(channel, now)).values(last_error=why))


async def reject_stranded(tx: Tx, channel: str, *, why: str, before: datetime, now: datetime) -> int:
    """Reject what has waited for `channel` since before then; return how many that were."""
    done = await tx.execute(
        update(deliveries)
        .where(*_is_idle(channel, now), deliveries.c.created_at < before)
        .values(status=Status.REJECTED, last_error=why, **_FREE_AGAIN)
    )
    return done.rowcount


async def retry_rejected(tx: Tx, channels: Collection[str], *, since: datetime, now: datetime) -> int:
    """Make due now what these channels refused since then for the sake of their settings; return how many."""
    done = await tx.execute(
        update(deliveries)
        .where(
            deliveries.c.channel.in_(sorted(channels)),
            deliveries.c.status == Status.REJECTED,
            deliveries.c.mendable,
            deliveries.c.created_at >= since,
        )
        .values(status=Status.PENDING, next_attempt_at=now, mendable=false())
    )
    return done.rowcount


async def _find_next(tx: Tx, channel: str, now: datetime, at: datetime) -> str | None:
    """Return the id of the oldest delivery that is due and has no older pending one about one of its names before it.

    Digests hold up nothing, and nothing holds them up; an alert that waits for some of its recipients only holds up
    nothing either. Mostly the oldest of all is due, and nothing else is read.
    """
    query = (
        select(deliveries.c.id, deliveries.c.alert_id, and_(*_is_due(channel, now, at)), deliveries.c.partly_accepted)
        .where(deliveries.c.channel == channel, _PENDING)
        .order_by(deliveries.c.id)
    )
    first = (await tx.execute(query.limit(1))).first()
    if first is None or first[2]:
        return None if first is None else str(first[0])
    names = await _list_names_told(tx, channel)
    before: set[str] = set()
    for row in await tx.execute(query):
        ours = names.get(row[1], set())
        if row[2] and not ours & before:
            return str(row[0])
        if not row[3]:
            before |= ours
    return None


async def _list_names_told(tx: Tx, channel: str) -> dict[str, set[str]]:
    """Return the names that each alert tells of that waits for `channel` and is no digest."""
    query = (
        select(deliveries.c.alert_id, func.coalesce(events.c.registrable_domain, events.c.name))
        .join(alerts, alerts.c.id == deliveries.c.alert_id)
        .join(outbox, outbox.c.alert_id == alerts.c.id)
        .join(events, events.c.id == outbox.c.event_id)
        .where(deliveries.c.channel == channel, _PENDING, alerts.c.kind == AlertKind.PAGE.value, events.c.name != "")
    )
    names: dict[str, set[str]] = {}
    for row in await tx.execute(query):
        names.setdefault(row[0], set()).add(row[1])
    return names


async def _end_try(tx: Tx, delivery: Delivery, **values: object) -> bool:
    done = await tx.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery.id, deliveries.c.epoch == delivery.epoch, _PENDING)
        .values(**_FREE_AGAIN, **values)
    )
    return done.rowcount > 0


def _is_due(channel: str, now: datetime, at: datetime) -> tuple[ColumnElement[bool], ...]:
    """Hold for a delivery that may be tried now, its order apart; `at`: now in the time of leases."""
    return (*_is_idle(channel, at), deliveries.c.next_attempt_at <= now)


def _is_idle(channel: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Hold for a pending delivery that nobody has a lease on."""
    free = or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= now)
    return deliveries.c.channel == channel, _PENDING, free


def _is_beyond(latest_attempt: datetime, latest_lease: datetime) -> tuple[ColumnElement[bool], ...]:
    far = or_(deliveries.c.next_attempt_at > latest_attempt, deliveries.c.leased_until > latest_lease)
    return _PENDING, far


def _select() -> Select[tuple[object, ...]]:
    columns = (deliveries.c[name] for name in Delivery.__dataclass_fields__ if name != "alert")
    return select(alerts.c.body, *columns).join(alerts, alerts.c.id == deliveries.c.alert_id)


async def _read(tx: Tx, query: Select[tuple[object, ...]]) -> list[Delivery]:
    rows = [dict(row) for row in (await tx.execute(query)).mappings()]
    return [
        Delivery(
            alert=alert_from_json(row.pop("body")),
            status=Status(row.pop("status")),
            failure=None if (failure := row.pop("failure")) is None else FailureReason(failure),
            **row,
        )
        for row in rows
    ]
