"""Which delivery comes next on a channel: the oldest that is due, and never before an older one about the same name."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from watcher.core.alerts import AlertKind
from watcher.store.database import Tx
from watcher.store.tables import alerts, deliveries, events, outbox

PENDING = "pending"


def is_due(channel: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What is true of a delivery that may be tried now, its order apart."""
    return (
        deliveries.c.channel == channel,
        deliveries.c.status == PENDING,
        deliveries.c.next_attempt_at <= now,
        or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= now),
    )


async def next_due(tx: Tx, channel: str, now: datetime) -> str | None:
    """The id of the oldest delivery that is due and has no older pending one about one of its names before it.

    Digests hold up nothing, and nothing holds them up. Mostly the oldest of all is due, and nothing else is read.
    """
    query = (
        select(deliveries.c.id, deliveries.c.alert_id, and_(*is_due(channel, now)))
        .where(deliveries.c.channel == channel, deliveries.c.status == PENDING)
        .order_by(deliveries.c.id)
    )
    first = (await tx.execute(query.limit(1))).first()
    if first is None or first[2]:
        return None if first is None else str(first[0])
    names = await _names_told(tx, channel)
    before: set[str] = set()
    for row in await tx.execute(query):
        ours = names.get(row[1], set())
        if row[2] and not ours & before:
            return str(row[0])
        before |= ours
    return None


async def _names_told(tx: Tx, channel: str) -> dict[str, set[str]]:
    """The names that each alert tells of that waits for `channel` and is no digest."""
    query = (
        select(deliveries.c.alert_id, func.coalesce(events.c.registrable_domain, events.c.name))
        .join(alerts, alerts.c.id == deliveries.c.alert_id)
        .join(outbox, outbox.c.alert_id == alerts.c.id)
        .join(events, events.c.id == outbox.c.event_id)
        .where(
            deliveries.c.channel == channel,
            deliveries.c.status == PENDING,
            alerts.c.kind == AlertKind.PAGE.value,
            events.c.name != "",
        )
    )
    names: dict[str, set[str]] = {}
    for row in await tx.execute(query):
        names.setdefault(row[0], set()).add(row[1])
    return names
