"""Whether the watch does what it should, beyond seeing the DNS at all: each trouble becomes an event, and its end one.

Looked at are coverage and settled share of each tier, overdue looks, registries that fail or are late, the age of what
waits to be told, the clock, and the disk. Bundled lists that have grown old blind nobody: that is told once, as an
event of its own that wakes nobody, and goes on being said in summaries.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from watcher.core.events import EventKind
from watcher.core.mail.risk import Severity
from watcher.core.ports import Clock
from watcher.core.shapes.times import time_from_json, time_json
from watcher.core.shapes.watch import troubles_from_json, troubles_json
from watcher.core.states.budget import Budget
from watcher.core.states.troubles import step
from watcher.core.states.watch_draft import WatchDraft
from watcher.services.health.coverage import coverage_json
from watcher.services.health.pulse import RegistryPulse
from watcher.services.looks.drafting import watch_event
from watcher.store import Store, Tx, event_log, facts, health, protected_names

TROUBLES = "wellness.troubles"
_LOOKED, _OLD = "wellness.looked_at", "wellness.old_data"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a well watch. `patience`: how long a trouble must last to be told; clock and disk are told at once.

    `settled` and `on_time` are shares of a tier's candidates and names; `overdue`, `registries` and `untold` how late a
    look, a question to a registry, and a delivery may be. `failing` of a registry server's tries within the hour, where
    there were `tries` of them, may fail. `jump`: how far the clock may be off between two checks.
    """

    patience: timedelta = timedelta(minutes=15)
    settled: float = 0.9
    on_time: float = 0.5
    overdue: timedelta = timedelta(hours=2)
    registries: timedelta = timedelta(days=2)
    untold: timedelta = timedelta(hours=1)
    failing: float = 0.5
    tries: int = 5
    jump: timedelta = timedelta(minutes=10)
    free_bytes: int = 200 * 1024 * 1024
    data_age: timedelta = timedelta(days=90)


class Wellness:
    """Each `check` compares what is with `limits`.

    `plan` is (rank up to, interval); `budget` what there is for it, None: not known.
    `free_bytes`: left on the disk, None where it is another machine's.
    `company`: what is wrong with the processes that share the work, and with feeds.
    `data_dates`: of when the lists are that registries change. `registries`: how they answer.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        plan: Sequence[tuple[int, timedelta]],
        budget: Callable[[], Budget | None],
        free_bytes: Callable[[], int | None],
        data_dates: Callable[[], Mapping[str, date]],
        registries: RegistryPulse,
        limits: Limits | None = None,
        company: Callable[[], Awaitable[Mapping[str, str]]] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._plan = plan
        self._budget = budget
        self._free_bytes = free_bytes
        self._data_dates = data_dates
        self._registries = registries
        self._limits = limits or Limits()
        self._company = company

    async def check(self, *, steady: bool = True) -> None:
        """One look; records what has lasted for long enough, and what has ended.

        `steady`: one of many in a row, so that a gap before it means that nothing was watched.
        """
        now = self._clock.now()
        async with self._store.read() as tx:
            looked_at = time_from_json(await facts.find(tx, _LOOKED))
        troubles = await self.all_troubles(now)
        at_once = {key: text for key, text in (("clock", self._clock_trouble(looked_at, now, steady=steady)),) if text}
        free = self._free_bytes()
        if free is not None and free < self._limits.free_bytes:
            at_once["disk"] = f"the disk is nearly full: {free // 1024 // 1024} MiB are left"
        async with self._store.write() as tx:
            await facts.save(tx, _LOOKED, time_json(now), now=now)
            await self._record(tx, {**troubles, **at_once}, set(at_once), now)
            await self._record_age(tx, now)

    async def all_troubles(self, now: datetime) -> dict[str, str]:
        """Return what is wrong now with the watch, the processes that share the work, and feeds."""
        troubles = await self.troubles(now)
        return troubles if self._company is None else {**troubles, **await self._company()}

    async def troubles(self, now: datetime) -> dict[str, str]:
        """Return what is wrong now, whether or not it has lasted; nothing where nothing is protected."""
        coverage = await coverage_json(self._store, self._plan, now=now, budget=self._budget())
        found: dict[str, str] = {}
        if not coverage["protected"]:
            return found
        for tier in coverage["tiers"]:
            found |= self._of_tier(tier)
        async with self._store.read() as tx:
            late = await health.find_lateness(tx)
        limits = self._limits
        for key, since, limit, what in (
            ("backlog", late.look, limits.overdue, "looks at known names are overdue"),
            ("registries", late.registration, limits.registries, "registries have not been asked what was due"),
            ("deliveries", late.delivery, limits.untold, "a message has not got through"),
        ):
            if since is not None and now - since > limit:
                found[key] = f"{what} since {since:%Y-%m-%d %H:%M} UTC"
        failing = self._registries.troubles(failing=limits.failing, fewest=limits.tries)
        found |= {f"registry.{server}": text for server, text in failing.items()}
        return found

    def old_data(self, now: datetime) -> str | None:
        """Return the lists that are too old, in words; None where none is."""
        ages = {name: now.date() - day for name, day in self._data_dates().items()}
        old = {name: age for name, age in ages.items() if age > self._limits.data_age}
        if not old:
            return None
        return f"{', '.join(f'{name} is {age.days} days old' for name, age in old.items())}: update watcher"

    def _of_tier(self, tier: Mapping[str, Any]) -> dict[str, str]:
        found = {}
        place, last = tier["tier"], tier["ranks_to"]
        seen = tier["settled"] + tier["unsettled"]
        if seen and tier["finished"] and tier["settled"] < self._limits.settled * seen:
            found[f"settled.{place}"] = f"{tier['unsettled']:,} of {seen:,} candidates to rank {last:,} do not settle"
        if tier["finished"] and tier["finished"] == tier["shards"] and (tier["stretch"] or 1.0) <= 1.0:
            late = tier["shards"] - tier["on_time"]
            if late > (1 - self._limits.on_time) * tier["shards"]:
                found[f"coverage.{place}"] = (
                    f"{late:,} of {tier['shards']:,} names are late with their candidates to rank {last:,}"
                )
        return found

    def _clock_trouble(self, looked_at: datetime | None, now: datetime, *, steady: bool) -> str | None:
        if looked_at is None:
            return None
        if now < looked_at - timedelta(seconds=1):
            back = looked_at - now
            return f"the clock was set back by {back}" if back > timedelta(minutes=1) else None
        if steady and now - looked_at > self._limits.jump:
            return f"nothing was watched from {looked_at:%Y-%m-%d %H:%M} to {now:%Y-%m-%d %H:%M} UTC"
        return None

    async def _record(self, tx: Tx, found: Mapping[str, str], urgent: set[str], now: datetime) -> None:
        before = troubles_from_json(await facts.find(tx, TROUBLES))
        after, drafts = step(before, found, urgent=urgent, now=now, patience=self._limits.patience)
        if after != before:
            await facts.save(tx, TROUBLES, troubles_json(after), now=now)
        await self._tell(tx, drafts, now)

    async def _record_age(self, tx: Tx, now: datetime) -> None:
        """Tell of old lists once, until there are new ones."""
        old, said = self.old_data(now), await facts.find(tx, _OLD)
        if old is None:
            if said is not None:
                await facts.remove(tx, _OLD)
        elif said is None and await protected_names.count(tx):
            await facts.save(tx, _OLD, time_json(now), now=now)
            aged = WatchDraft(EventKind.DATA_AGED, None, {"reason": old}, severity=Severity.LOW)
            await self._tell(tx, (aged,), now)

    async def _tell(self, tx: Tx, drafts: Sequence[WatchDraft], now: datetime) -> None:
        told = [replace(watch_event(draft, now), id=self._store.ids()) for draft in drafts]
        await event_log.add(tx, told, now=now)
