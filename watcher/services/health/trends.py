"""The last thirty days as plots show them. Days that are over are counted once and kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from watcher.core.ports import Clock
from watcher.store import Store, Tx, trends
from watcher.store.trends import TrendDay

DAYS = 30
_KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One day of the plots; `able` is the number of able lookalikes at its end, reckoned back from now."""

    day: date
    able: int
    gained: int
    lost: int
    noticed_minutes: float | None
    alerts: int


class Trends:
    """Keeps the days that are over."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def keep(self) -> int:
        """Count and keep the days that are over and not kept yet; return how many those were."""
        now = self._clock.now()
        async with self._store.read() as tx:
            kept = await trends.list_since(tx, now.date() - timedelta(days=DAYS))
            new = [await trends.measure(tx, day) for day in _days(now)[:-1] if day not in kept]
        if new:
            async with self._store.write() as tx:
                for row in new:
                    await trends.save(tx, row, now=now)
                await trends.remove_before(tx, now.date() - _KEPT)
        return len(new)


async def list_points(tx: Tx, now: datetime) -> list[TrendPoint]:
    """Return the last thirty days, the oldest first; what is not kept is counted."""
    days = _days(now)
    kept = await trends.list_since(tx, days[0])
    rows = [kept[day] if day in kept and day != days[-1] else await trends.measure(tx, day) for day in days]
    return _points(rows, await trends.count_able(tx))


def _days(now: datetime) -> list[date]:
    return [now.date() - timedelta(days=back) for back in reversed(range(DAYS))]


def _points(rows: Sequence[TrendDay], able: int) -> list[TrendPoint]:
    """Return the points: yesterday's number is today's without what came today, and with what went."""
    points = []
    for row in reversed(rows):
        minutes = None if row.noticed_seconds is None else row.noticed_seconds / 60
        points.append(TrendPoint(row.day, able, row.gained, row.lost, minutes, row.alerts))
        able = max(0, able - row.gained + row.lost)
    return points[::-1]
