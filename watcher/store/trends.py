"""The days of the plots: counted from events and alerts, and kept for days that are over."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from sqlalchemy import delete, func, select

from watcher.core.events import EventKind
from watcher.core.mail.verdict import Ability
from watcher.core.states.lookalike import LOOKALIKE
from watcher.store.database import Tx
from watcher.store.tables import alerts, events, lookalikes, trends
from watcher.store.upsert import insert_or_update

_GAINS = (EventKind.MAIL_BECAME_ABLE, EventKind.MAIL_FOUND_ABLE)
_MOST_MEASURED = 2_000
"""Events whose time to notice is taken for a day's median."""


@dataclass(frozen=True, slots=True)
class TrendDay:
    """One day in UTC: names that became able or were found so, that lost it, the median time to notice, alerts."""

    day: date
    gained: int
    lost: int
    noticed_seconds: float | None
    alerts: int


async def list_since(tx: Tx, day: date) -> dict[date, TrendDay]:
    """Return the days that are kept, from `day` on."""
    rows = await tx.execute(select(trends).where(trends.c.day >= day.isoformat()))
    return {
        date.fromisoformat(row.day): TrendDay(
            date.fromisoformat(row.day), row.gained, row.lost, row.noticed_seconds, row.alerts
        )
        for row in rows
    }


async def measure(tx: Tx, day: date) -> TrendDay:
    """Return what the events and alerts of a day say."""
    begins = datetime.combine(day, time(), UTC)
    ends = begins + timedelta(days=1)

    async def number(kind: EventKind) -> int:
        row = events.c
        query = select(func.count()).where(row.kind == kind.value, row.at >= begins, row.at < ends)
        return int((await tx.execute(query)).scalar_one())

    noticed: list[float] = []
    for kind in _GAINS:
        after = events.c.body["detected_after_seconds"].as_float()
        some = select(after).where(events.c.kind == kind.value, events.c.at >= begins, events.c.at < ends)
        found = (await tx.execute(some.limit(_MOST_MEASURED))).scalars()
        noticed += [seconds for seconds in found if seconds is not None]
    told = select(func.count()).select_from(alerts).where(alerts.c.created_at >= begins, alerts.c.created_at < ends)
    return TrendDay(
        day,
        gained=sum([await number(kind) for kind in _GAINS]),
        lost=await number(EventKind.MAIL_BECAME_UNABLE),
        noticed_seconds=median(noticed) if noticed else None,
        alerts=int((await tx.execute(told)).scalar_one()),
    )


async def save(tx: Tx, row: TrendDay, *, now: datetime) -> None:
    """Keep a day."""
    values = {
        "day": row.day.isoformat(),
        "gained": row.gained,
        "lost": row.lost,
        "noticed_seconds": row.noticed_seconds,
        "alerts": row.alerts,
        "made_at": now,
    }
    await tx.execute(insert_or_update(tx.dialect.name, trends), [values])


async def remove_before(tx: Tx, day: date) -> None:
    """Forget older days."""
    await tx.execute(delete(trends).where(trends.c.day < day.isoformat()))


async def count_able(tx: Tx) -> int:
    """Return how many lookalikes can receive mail now."""
    row = lookalikes.c
    query = select(func.count()).where(
        row.relation == LOOKALIKE, row.ability == Ability.ABLE.value, row.first_seen_at.is_not(None)
    )
    return int((await tx.execute(query)).scalar_one())
