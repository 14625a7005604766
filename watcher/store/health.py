"""The lateness of the work: the oldest of what is overdue."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from watcher.store.database import Tx
from watcher.store.deliveries import Status
from watcher.store.tables import deliveries, events, lookalikes


@dataclass(frozen=True, slots=True)
class Lateness:
    """Since when the oldest look, question to a registry and delivery is due; in the future where none is overdue."""

    look: datetime | None
    registration: datetime | None
    delivery: datetime | None


async def find_lateness(tx: Tx) -> Lateness:
    """Of everything that waits."""
    look, registration = (
        await tx.execute(select(func.min(lookalikes.c.next_look_at), func.min(lookalikes.c.registration_next_at)))
    ).one()
    waiting = select(func.min(deliveries.c.created_at)).where(deliveries.c.status == Status.PENDING)
    return Lateness(look, registration, (await tx.execute(waiting)).scalar_one())


async def count_events(tx: Tx, since: datetime) -> dict[str, int]:
    """Return the number of events since `since`, by kind."""
    query = select(events.c.kind, func.count().label("number")).where(events.c.at >= since).group_by(events.c.kind)
    return {row.kind: row.number for row in await tx.execute(query)}


async def count_deliveries(tx: Tx, since: datetime) -> int:
    """Return the number of deliveries accepted since `since`."""
    query = select(func.count()).select_from(deliveries).where(deliveries.c.sent_at >= since)
    return int((await tx.execute(query)).scalar_one())
