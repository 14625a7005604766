"""Removal of the old: evidence out of events, events, alerts with their deliveries, rows of names long gone.

Each function takes a few at a time, so that nobody waits for it, and says how many it took; nought when there are none.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, Table, Text, cast, delete, exists, func, or_, select, update

from watcher.core.mail.verdict import Basis
from watcher.core.states.lookalike import LOOKALIKE, Triage
from watcher.core.telling.alerts import DecisionKind
from watcher.store.database import Tx
from watcher.store.deliveries import Status
from watcher.store.tables import alerts, deliveries, events, lookalikes, outbox

AT_ONCE = 200


async def remove_evidence(tx: Tx, before: datetime) -> int:
    """Take the evidence, the bulk of an event, out of told events from before then."""
    some = select(events.c.id, events.c.body).where(
        events.c.at < before,
        cast(events.c.body, Text).not_like('%"evidence": []%'),
        ~_waits(),
    )
    rows = (await tx.execute(some.limit(AT_ONCE))).all()
    for event_id, body in rows:
        await tx.execute(update(events).where(events.c.id == event_id).values(body={**body, "evidence": []}))
    return len(rows)


async def remove_events(tx: Tx, before: datetime) -> int:
    """Drop told events from before then."""
    return await _drop(tx, events, select(events.c.id).where(events.c.at < before, ~_waits()))


async def remove_alerts(tx: Tx, before: datetime) -> int:
    """Drop alerts from before then with their deliveries, unless one is still on its way."""
    pending = exists().where(deliveries.c.alert_id == alerts.c.id, deliveries.c.status == Status.PENDING)
    return await _drop(tx, alerts, select(alerts.c.id).where(alerts.c.created_at < before, ~pending))


async def remove_gone(tx: Tx, before: datetime) -> int:
    """Drop lookalikes that are absent, were first seen before then, and of which nothing was told since.

    Nobody has marked them; sweeps look for them again like for any other candidate.
    """
    recent = exists().where(
        or_(events.c.name == lookalikes.c.name, events.c.registrable_domain == lookalikes.c.name),
        events.c.at >= before,
    )
    which = select(lookalikes.c.name).where(
        lookalikes.c.relation == LOOKALIKE,
        lookalikes.c.basis == Basis.NO_SUCH_NAME.value,
        lookalikes.c.triage == Triage.NEW,
        func.coalesce(lookalikes.c.first_seen_at, before) < before,
        ~recent,
    )
    names = list((await tx.execute(which.limit(AT_ONCE))).scalars())
    await tx.execute(delete(lookalikes).where(lookalikes.c.name.in_(names)))
    return len(names)


def _waits() -> ColumnElement[bool]:
    """Return the condition that an event is not decided about yet, or waits for a digest."""
    return exists().where(
        outbox.c.event_id == events.c.id,
        or_(outbox.c.decision.is_(None), (outbox.c.decision == DecisionKind.DIGEST) & outbox.c.part.is_(None)),
    )


async def _drop(tx: Tx, table: Table, which: Select[str]) -> int:
    ids = list((await tx.execute(which.limit(AT_ONCE))).scalars())
    await tx.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)
