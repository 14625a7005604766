"""Retention: what is kept for how long, so that the database stays as large as the present, not as the past.

A look leaves no record of its own: the row holds the newest, and what differed is an event with the answers that show
it. So only events, alerts and rows of names that are gone grow with time, and those are thinned here.
"""

from dataclasses import dataclass
from datetime import timedelta

from watcher.core.ports import Clock
from watcher.store import Store, refusals, thinning, written


@dataclass(frozen=True, slots=True)
class Kept:
    """For how long: an event, the answers in it, an alert with its deliveries, the row of a name that is gone."""

    events: timedelta = timedelta(days=730)
    evidence: timedelta = timedelta(days=180)
    alerts: timedelta = timedelta(days=90)
    gone: timedelta = timedelta(days=180)


class Retention:
    """`run` thins what is older than `kept` says, a few rows to a transaction."""

    def __init__(self, *, store: Store, clock: Clock, kept: Kept | None = None) -> None:
        self._store = store
        self._clock = clock
        self._kept = kept or Kept()

    async def run(self) -> int:
        """Until nothing is left to thin; how many rows were."""
        now, kept, count = self._clock.now(), self._kept, 0
        for take, age in (
            (thinning.remove_alerts, kept.alerts),
            (thinning.remove_events, kept.events),
            (thinning.remove_evidence, min(kept.evidence, kept.events)),
            (thinning.remove_gone, kept.gone),
        ):
            while True:
                async with self._store.write() as tx:
                    some = await take(tx, now - age)
                count += some
                if some < thinning.AT_ONCE:
                    break
                await self._clock.sleep(0)
        async with self._store.write() as tx:
            count += await written.remove_before(tx, now - kept.events)
            count += await refusals.remove_before(tx, now - kept.events)
        return count
