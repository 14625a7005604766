"""The outbox: events waiting to be told, and the alerts made of them.

An event leaves the outbox only by `decide` (not told, or left for a digest) or by `add_alert`, which records the alert
with all its deliveries (`store.deliveries`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, insert, literal, select, update

from watcher.core.events import Event
from watcher.core.shapes.alerts import alert_json
from watcher.core.shapes.events import event_from_json
from watcher.core.shapes.times import time_json
from watcher.core.telling.alerts import Alert, AlertKind, DecisionKind
from watcher.store import facts, tables
from watcher.store.database import Tx
from watcher.store.deliveries import Status
from watcher.store.tables import alerts, deliveries, events, outbox, protected, shards
from watcher.store.upsert import chunks

_BASELINE = "baseline_told:"
_RECENT = 50


@dataclass(frozen=True, slots=True)
class Undecided:
    """An event in the outbox, and since when it is there."""

    event: Event
    since: datetime


async def list_undecided(tx: Tx, *, limit: int = 5000) -> list[Undecided]:
    """Return the events about which nothing is decided, oldest first."""
    return await _waiting(tx, outbox.c.decision.is_(None), limit=limit)


async def list_undigested(tx: Tx, *, after: str = "", limit: int = 1000) -> list[Undecided]:
    """Return the events that wait for a digest, from the one after that id."""
    waiting = and_(outbox.c.decision == DecisionKind.DIGEST, outbox.c.part.is_(None), outbox.c.event_id > after)
    return await _waiting(tx, waiting, limit=limit)


async def list_told_since(tx: Tx, since: datetime, *, limit: int = 500) -> list[Event]:
    """Return the newest `limit` events about names that became alerts of their own since then."""
    query = (
        select(events.c.body)
        .join(outbox, outbox.c.event_id == events.c.id)
        .where(outbox.c.decision == DecisionKind.PAGE, outbox.c.part.is_not(None), events.c.name != "")
        .where(outbox.c.decided_at >= since)
        .order_by(events.c.id.desc())
        .limit(limit)
    )
    return [event_from_json(body) for body in (await tx.execute(query)).scalars()]


@dataclass(frozen=True, slots=True)
class DecidedEvent:
    """An event, what was decided about it and why, and the alert that tells of it, where there is one by now.

    `grouped`: the alert tells of other events too.
    """

    event: Event
    decision: DecisionKind
    reason: str
    decided_at: datetime
    alert_id: str | None
    grouped: bool = False


async def list_decided(tx: Tx, *, after: tuple[datetime, str] | None = None, limit: int = 500) -> list[DecidedEvent]:
    """Return decided events in the order of their decisions, from the one after (time, event id)."""
    other = outbox.alias("other")
    shared = exists().where(other.c.alert_id == outbox.c.alert_id, other.c.event_id != outbox.c.event_id)
    query = (
        select(events.c.body, outbox.c.decision, outbox.c.reason, outbox.c.decided_at, outbox.c.alert_id, shared)
        .join(outbox, outbox.c.event_id == events.c.id)
        .where(outbox.c.decision.is_not(None), outbox.c.decided_at.is_not(None))
        .order_by(outbox.c.decided_at, outbox.c.event_id)
        .limit(limit)
    )
    if after is not None:
        at, event_id = after
        later = and_(outbox.c.decided_at == at, outbox.c.event_id > event_id)
        query = query.where((outbox.c.decided_at > at) | later)
    rows = await tx.execute(query)
    return [
        DecidedEvent(event_from_json(row[0]), DecisionKind(row[1]), row[2] or "", row[3], row[4], bool(row[5]))
        for row in rows
    ]


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
            "status": Status.PENDING,
            "next_attempt_at": now,
            "created_at": now,
        }
        for channel, delivery_id in new.items()
    ]
    if rows:
        await tx.execute(insert(deliveries), rows)


async def list_events_of(tx: Tx, alert_id: str) -> list[Event]:
    """Return all events that became this alert, oldest first."""
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
    """The decision about an event (page, digest, none; None: not yet), its reason, and the alert that tells it."""

    decision: str | None
    reason: str | None
    alert_id: str | None


async def find_told(tx: Tx, event_ids: Sequence[str]) -> dict[str, Told]:
    """Return what was decided about each of these events."""
    found: dict[str, Told] = {}
    for some in chunks(list(event_ids)):
        columns = (outbox.c.event_id, outbox.c.decision, outbox.c.reason, outbox.c.alert_id)
        for row in await tx.execute(select(*columns).where(outbox.c.event_id.in_(some))):
            found[row[0]] = Told(row[1], row[2], row[3])
    return found


async def list_channels_told(tx: Tx, kind: str, event: Event) -> tuple[str, ...]:
    """Return the channels through which the newest event of that kind before `event`, about the same, was told at once.

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


async def list_baselines_to_tell(tx: Tx) -> list[str]:
    """Return the protected names whose first sweep has ended, and whose baseline was not told since they were added."""
    unfinished = func.sum(case((shards.c.last_finished_at.is_(None), 1), else_=0))
    done = select(shards.c.protected).group_by(shards.c.protected).having(unfinished == 0)
    return sorted(await _untold(tx, protected.c.name.in_(done)))


async def find_untold_baselines(tx: Tx, names: Iterable[str]) -> dict[str, datetime]:
    """Return those of `names` that are protected and have a baseline to be told, each with when it became protected."""
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
