"""Feeds the metrics from what the watch leaves behind: events, shards, answers; called again and again."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

from watcher.api.metrics import Metrics
from watcher.core.ports import Clock
from watcher.services.feeding.health import find_health
from watcher.services.health.attendance import list_workers
from watcher.services.health.coverage import coverage_json, sweep_json
from watcher.services.health.pulse import Pulse
from watcher.services.sweeps.sweep import Sweep
from watcher.store import Store, event_log

_PAGE = 500


class Measuring:
    """Each `refresh` adds what is new since the last one; what happened before the first is not counted again."""

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        pulse: Pulse,
        tiers: Sequence[tuple[int, timedelta]],
        clock: Clock,
        *,
        sweep: Sweep | None = None,
        data_dates: Callable[[], Mapping[str, date]] = dict,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._pulse = pulse
        self._tiers = tiers
        self._clock = clock
        self._sweep = sweep
        self._data_dates = data_dates
        self._passes: tuple[datetime, int] | None = None
        self._counted: Counter[tuple[str, str]] = Counter()
        self._last: str | None = None
        self._begun = False

    async def refresh(self) -> None:
        """Bring the metrics up to date."""
        await self._detections()
        budget = None if self._sweep is None else self._sweep.budget
        coverage = await coverage_json(self._store, self._tiers, now=self._clock.now(), budget=budget)
        for tier in coverage["tiers"]:
            self._metrics.covered(str(tier["tier"]), tier["ratio"])
        stretched = {str(tier["tier"]): tier["stretch"] for tier in coverage["tiers"] if tier["stretch"] is not None}
        busiest = coverage["busiest_suffix"]
        of_suffix = 0.0 if busiest is None else busiest["needed_rate"]
        self._metrics.planned(coverage["needed_rate"], stretched, of_suffix=of_suffix)
        if self._sweep is not None:
            state = self._sweep.state
            shown = sweep_json(state)
            settled, seconds = shown["settled_ratio"], shown["seconds_left"]
            self._metrics.sweeping(state.rate, state.left, settled=settled, seconds_left=seconds)
            passes = (self._sweep.report.started_at, self._sweep.report.shards)
            if self._sweep.report.shards and passes != self._passes:
                self._metrics.swept()  # a run that is never through, where the rate is used up, has passes that end
            self._passes = passes
        self._metrics.waiting(coverage["backlog"])
        if self._store.shared:
            at, seen = await list_workers(self._store, self._clock)
            self._metrics.attended(seen, at)
        for name, feed in (await find_health(self._store)).items():
            age = None if feed.succeeded_at is None else self._clock.now() - feed.succeeded_at
            self._metrics.fed(name, age, feed)
        today = self._clock.now().date()
        self._metrics.aged({name: today - day for name, day in self._data_dates().items()})
        for (resolver, outcome), count in self._pulse.outcomes.items():
            new = count - self._counted[resolver, outcome]
            if new:
                self._metrics.looked_up(resolver, outcome, new)
                self._counted[resolver, outcome] = count

    async def _detections(self) -> None:
        async with self._store.read() as tx:
            if not self._begun:
                self._last, self._begun = await event_log.find_last_id(tx), True
                return
            new = await event_log.list_all(tx, after=self._last, limit=_PAGE)
        for event in new:
            self._last = event.id
            if event.detected_after_seconds is not None:
                self._metrics.detected(timedelta(seconds=event.detected_after_seconds))
