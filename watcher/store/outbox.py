"""The outbox: events waiting to be told, alerts made of them, and one delivery for each alert and channel.

An event leaves the outbox only by `decide` (not told, or left for a digest) or by `add_alert`, which is the alert with
all its deliveries. A delivery is sent by who holds its lease, and is `sent` only after the channel accepted it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, func, insert, literal, or_, select, update

from watcher.core.alerts import Alert, AlertKind, alert_from_json, alert_json
from watcher.core.events import Event
from watcher.core.shapes import event_from_json, time_json
from watcher.store import delivery_order, facts, tables
from watcher.store.database import Tx
from watcher.store.delivery_order import is_due, next_due
from watcher.store.tables import alerts, deliveries, events, outbox, protected, shards
from watcher.store.upsert import chunks

PENDING, SENT, REJECTED = delivery_order.PENDING, "sent", "rejected"
_BASELINE = "baseline_told:"
_RECENT = 50


@dataclass(frozen=True, slots=True)
class Undecided:
    """An event in the outbox, and since when it is there."""

    event: Event
    since: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert on its way through one channel; `attempts` counts the tries begun.

    `status` is pending, sent or rejected.
    """

    id: str
    alert: Alert
    channel: str
    status: str
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    last_error: str | None = None
    sent_at: datetime | None = None


async def list_undecided(tx: Tx, *, limit: int = 5000) -> list[Undecided]:
    """Events about which nothing is decided, oldest first."""
    return await _waiting(tx, outbox.c.decision.is_(None), limit=limit)


async def list_undigested(tx: Tx, *, after: str = "", limit: int = 1000) -> list[Undecided]:
    """Events that wait for a digest, from the one after that id."""
    waiting = and_(outbox.c.decision == "digest", outbox.c.part.is_(None), outbox.c.event_id > after)
    return await _waiting(tx, waiting, limit=limit)


async def decide(tx: Tx, decisions: Mapping[str, tuple[str, str]], *, now: datetime) -> None:
    """Record for each event the decision (page, digest, none) and its reason."""
    for event_id, (decision, reason) in decisions.items():
        await tx.execute(
            update(outbox)
            .where(outbox.c.event_id == event_id)
            .values(decision=decision, reason=reason, decided_at=now)
        )  # fmt: skip


async def add_alert(
    tx: Tx,
    alert: Alert,
    event_ids: Iterable[str],
    new: Mapping[str, str],
    *,
    now: datetime,
    parts: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Record the alert as what its events became, with a delivery due now for each channel; `new`: channel to id.

    `parts`: the events by the id of a part, where other alerts tell of some of the parts too.
    """
    parts = parts or {alert.id: list(event_ids)}
    await tx.execute(
        insert(alerts).values(
            id=alert.id,
            kind=alert.kind.value,
            group_key=alert.group,
            created_at=alert.created_at,
            body=alert_json(alert) | {"parts": list(parts)},
        )
    )
    for part, ids in parts.items():
        for some in chunks(ids):
            first = func.coalesce(outbox.c.alert_id, alert.id)
            await tx.execute(update(outbox).where(outbox.c.event_id.in_(some)).values(alert_id=first, part=part))
    rows = [
        {
            "id": delivery_id,
            "alert_id": alert.id,
            "channel": channel,
            "status": PENDING,
            "next_attempt_at": now,
            "created_at": now,
        }
        for channel, delivery_id in new.items()
    ]
    if rows:
        await tx.execute(insert(deliveries), rows)


async def list_events_of(tx: Tx, alert_id: str) -> list[Event]:
    """All events that became this alert, oldest first."""
    body = (await tx.execute(select(alerts.c.body).where(alerts.c.id == alert_id))).scalar_one()
    query = (
        select(events.c.body)
        .join(outbox, outbox.c.event_id == events.c.id)
        .where(outbox.c.part.in_(body["parts"]))
        .order_by(events.c.id)
    )
    return [event_from_json(body) for body in (await tx.execute(query)).scalars()]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an event: the decision (page, digest, none; None: not decided yet), why, and in which alert."""

    decision: str | None
    reason: str | None
    alert_id: str | None


async def find_told(tx: Tx, event_ids: Sequence[str]) -> dict[str, Told]:
    """What became of each of these events."""
    found: dict[str, Told] = {}
    for some in chunks(list(event_ids)):
        columns = (outbox.c.event_id, outbox.c.decision, outbox.c.reason, outbox.c.alert_id)
        for row in await tx.execute(select(*columns).where(outbox.c.event_id.in_(some))):
            found[row[0]] = Told(row[1], row[2], row[3])
    return found


async def list_channels_told(tx: Tx, kind: str, event: Event) -> tuple[str, ...]:
    """Through which channels the newest event of that kind before `event`, about the same, was told at once.

    About the same is: of the same name; for events of the watch itself, of the same channel.
    """
    query = (
        select(events.c.body, outbox.c.alert_id)
        .join(outbox, outbox.c.event_id == events.c.id)
        .where(events.c.kind == kind, events.c.name == event.name, events.c.id < event.id)
        .order_by(events.c.id.desc())
        .limit(1 if event.name else _RECENT)
    )
    for body, alert_id in await tx.execute(query):
        if body["to"].get("channel") == event.after.get("channel") or event.name:
            told = (
                select(deliveries.c.channel)
                .join(alerts, alerts.c.id == deliveries.c.alert_id)
                .where(deliveries.c.alert_id == alert_id, alerts.c.kind == AlertKind.PAGE.value)
                .order_by(deliveries.c.id)
            )
            return tuple((await tx.execute(told)).scalars())
    return ()


async def any_due(tx: Tx, channel: str, *, now: datetime) -> bool:
    """Whether it is worth asking for a lease."""
    query = select(deliveries.c.id).where(*is_due(channel, now)).limit(1)
    return (await tx.execute(query)).first() is not None


async def claim(tx: Tx, channel: str, *, owner: str, now: datetime, until: datetime) -> Delivery | None:
    """The next delivery that is due on `channel`, from now on `owner`'s until then; None when nothing is due.

    Oldest first; never one that has an older undelivered alert about the same name on the same channel before it.
    """
    chosen = await next_due(tx, channel, now)
    if chosen is None:
        return None
    (one,) = await _read(tx, _deliveries().where(deliveries.c.id == chosen))
    await tx.execute(
        update(deliveries)
        .where(deliveries.c.id == one.id)
        .values(leased_until=until, lease_owner=owner, attempts=deliveries.c.attempts + 1)
    )
    return Delivery(
        one.id,
        one.alert,
        one.channel,
        one.status,
        one.attempts + 1,
        one.next_attempt_at,
        one.created_at,
        one.last_error,
    )


async def mark_sent(tx: Tx, delivery_id: str, *, now: datetime) -> bool:
    """The channel accepted it, whoever holds the lease by now; False when it was no longer pending."""
    return await _end(tx, delivery_id, status=SENT, sent_at=now, last_error=None)


async def mark_rejected(tx: Tx, delivery_id: str, *, why: str, mendable: bool = False) -> bool:
    """The channel will not accept it, unless it is `mendable`; False when it was no longer pending."""
    return await _end(tx, delivery_id, status=REJECTED, last_error=why, mendable=mendable)


async def mark_failed(tx: Tx, delivery_id: str, *, owner: str, why: str, next_attempt_at: datetime) -> None:
    """Try again then; nothing when another holds the lease by now."""
    await tx.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.status == PENDING, deliveries.c.lease_owner == owner)
        .values(leased_until=None, lease_owner=None, last_error=why, next_attempt_at=next_attempt_at)
    )


async def release(tx: Tx, owners: Sequence[str]) -> None:
    """Nothing is leased to `owners` any more: they are dead."""
    await tx.execute(
        update(deliveries)
        .where(deliveries.c.status == PENDING, deliveries.c.lease_owner.in_(owners))
        .values(leased_until=None, lease_owner=None)
    )


async def list_owners(tx: Tx) -> list[str]:
    """Who holds leases, run out or not."""
    query = select(deliveries.c.lease_owner).where(
        deliveries.c.status == PENDING, deliveries.c.lease_owner.is_not(None)
    )
    return sorted({str(owner) for owner in (await tx.execute(query)).scalars()})


async def put_off(tx: Tx, channel: str, *, until: datetime) -> None:
    """Nothing more goes through `channel` before then: it asked for a pause."""
    await tx.execute(
        update(deliveries)
        .where(deliveries.c.channel == channel, deliveries.c.status == PENDING, deliveries.c.next_attempt_at < until)
        .values(next_attempt_at=until)
    )


async def bring_forward(tx: Tx, channel: str, *, now: datetime) -> None:
    """The channel works: what was put off because of it is due now."""
    await tx.execute(
        update(deliveries)
        .where(deliveries.c.channel == channel, deliveries.c.status == PENDING, deliveries.c.next_attempt_at > now)
        .values(next_attempt_at=now)
    )


async def retry(tx: Tx, delivery_id: str, *, now: datetime) -> bool:
    """Somebody asks for another try now, also of a rejected one; False when there is no such, or it is sent."""
    done = await tx.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.status != SENT)
        .values(status=PENDING, next_attempt_at=now, attempts=0, created_at=now)
    )
    return done.rowcount > 0


async def is_known(tx: Tx, delivery_id: str) -> bool:
    """Whether there is such a delivery, whatever became of it."""
    return (await tx.execute(select(deliveries.c.id).where(deliveries.c.id == delivery_id))).first() is not None


async def list_all(
    tx: Tx, *, status: str | None = None, channel: str | None = None, before: str | None = None, limit: int = 100
) -> list[Delivery]:
    """Deliveries, newest first, from the one before that id."""
    query = _deliveries().order_by(deliveries.c.id.desc()).limit(limit)
    if status is not None:
        query = query.where(deliveries.c.status == status)
    if channel is not None:
        query = query.where(deliveries.c.channel == channel)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    return await _read(tx, query)


async def count_pending(tx: Tx, channels: Iterable[str]) -> int:
    """How many deliveries of these channels are pending."""
    query = select(func.count()).where(deliveries.c.status == PENDING, deliveries.c.channel.in_(list(channels)))
    return int((await tx.execute(query)).scalar_one())


async def any_beyond(tx: Tx, latest_attempt: datetime, latest_lease: datetime) -> bool:
    """Whether a pending delivery waits, or is leased, for longer than anything should."""
    query = select(deliveries.c.id).where(*_beyond(latest_attempt, latest_lease)).limit(1)
    return (await tx.execute(query)).first() is not None


async def bring_back(tx: Tx, latest_attempt: datetime, latest_lease: datetime, *, now: datetime) -> None:
    """Such deliveries are due now, and nobody's."""
    await tx.execute(
        update(deliveries)
        .where(*_beyond(latest_attempt, latest_lease))
        .values(next_attempt_at=now, leased_until=None, lease_owner=None)
    )


def _beyond(latest_attempt: datetime, latest_lease: datetime) -> tuple[ColumnElement[bool], ...]:
    far = or_(deliveries.c.next_attempt_at > latest_attempt, deliveries.c.leased_until > latest_lease)
    return deliveries.c.status == PENDING, far


async def find_oldest_pending(tx: Tx, channel: str) -> datetime | None:
    """Since when the oldest pending delivery of `channel` waits."""
    query = select(func.min(deliveries.c.created_at)).where(
        deliveries.c.channel == channel, deliveries.c.status == PENDING
    )
    since: datetime | None = (await tx.execute(query)).scalar_one()
    return since


async def list_baselines_to_tell(tx: Tx) -> list[str]:
    """Protected names whose first sweep has ended, and whose baseline was not told since they were added."""
    unfinished = func.sum(case((shards.c.last_finished_at.is_(None), 1), else_=0))
    done = select(shards.c.protected).group_by(shards.c.protected).having(unfinished == 0)
    return sorted(await _untold(tx, protected.c.name.in_(done)))


async def find_untold_baselines(tx: Tx, names: Iterable[str]) -> dict[str, datetime]:
    """Those of `names` that are protected and whose baseline is still to be told, and since when they are protected."""
    found: dict[str, datetime] = {}
    for some in chunks(sorted(set(names))):
        found |= await _untold(tx, protected.c.name.in_(some))
    return found


async def save_baseline_told(tx: Tx, name: str, *, now: datetime) -> None:
    """Remember that the baseline of a protected name was told."""
    created_at = (await tx.execute(select(protected.c.created_at).where(protected.c.name == name))).scalar_one()
    await facts.save(tx, _BASELINE + name, time_json(created_at), now=now)


async def _untold(tx: Tx, which: ColumnElement[bool]) -> dict[str, datetime]:
    told = and_(tables.facts.c.key == literal(_BASELINE) + protected.c.name)
    query = (
        select(protected.c.name, protected.c.created_at, tables.facts.c.value)
        .outerjoin(tables.facts, told)
        .where(which)
    )
    # a name that was removed and added again has a baseline of its own
    return {name: since for name, since, value in await tx.execute(query) if value != time_json(since)}


async def _waiting(tx: Tx, which: ColumnElement[bool], *, limit: int) -> list[Undecided]:
    query = (
        select(events.c.body, outbox.c.created_at)
        .join(outbox, outbox.c.event_id == events.c.id)
        .where(which)
        .order_by(outbox.c.event_id)
        .limit(limit)
    )
    return [Undecided(event_from_json(body), since) for body, since in await tx.execute(query)]


async def _end(tx: Tx, delivery_id: str, **values: object) -> bool:
    done = await tx.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.status == PENDING)
        .values(leased_until=None, lease_owner=None, **values)
    )
    return done.rowcount > 0


def _deliveries() -> Select[tuple[object, ...]]:
    return select(
        deliveries.c.id,
        alerts.c.body,
        deliveries.c.channel,
        deliveries.c.status,
        deliveries.c.attempts,
        deliveries.c.next_attempt_at,
        deliveries.c.created_at,
        deliveries.c.last_error,
        deliveries.c.sent_at,
    ).join(alerts, alerts.c.id == deliveries.c.alert_id)


async def _read(tx: Tx, query: Select[tuple[object, ...]]) -> list[Delivery]:
    return [
        Delivery(
            id=row["id"],
            alert=alert_from_json(row["body"]),
            channel=row["channel"],
            status=row["status"],
            attempts=row["attempts"],
            next_attempt_at=row["next_attempt_at"],
            created_at=row["created_at"],
            last_error=row["last_error"],
            sent_at=row["sent_at"],
        )
        for row in (await tx.execute(query)).mappings()
    ]
