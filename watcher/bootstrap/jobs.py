"""The timetable: every job with its work, its interval, what must hold before it runs, and who does it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from watcher.api.metrics import Metrics
    from watcher.bootstrap.watching import Watching
    from watcher.bootstrap.workers import Company
    from watcher.core.events import Event
    from watcher.core.ports import Clock
    from watcher.engines.local import Job
    from watcher.services.blocking.publish import Publisher
    from watcher.services.sweeps.sweep import Sweep
    from watcher.settings.settings import Settings

_SECOND, _MINUTE, _HOUR, _DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

Work = Callable[[], Awaitable[object]]


class Narration(Protocol):
    """Prints for whoever started the service."""

    def resolvers(self, found: Mapping[str, object]) -> None:
        """Say which resolvers are refused, and why."""
        ...

    def events(self, told: Iterable["Event"]) -> None:
        """Print events."""
        ...

    async def progress(self, sweep: "Sweep") -> None:
        """Say how far the sweep is."""
        ...


class By(Enum):
    """The processes that do a job where several share the database."""

    EACH = "each process, for itself"
    ONE = "one process at a time"
    ANY = "whichever process takes it"


@dataclass(frozen=True, slots=True)
class TimetableLine:
    """One line of the timetable. `honest`: only after a resolver has passed the honesty check."""

    name: str
    work: Work
    every: timedelta
    by: By = By.EACH
    honest: bool = False


@dataclass(frozen=True, slots=True)
class Timetable:
    """Jobs of this process, and those that are carried to any process that shares the database."""

    here: "list[Job]"
    shared: "list[Job]"


def build_timetable(
    chosen: "Settings", watching: "Watching", metrics: "Metrics", narrator: Narration, company: "Company"
) -> Timetable:
    """Return the jobs of `serve` and `worker`."""
    from watcher.api.measuring import Measuring
    from watcher.bootstrap.network import system_clock
    from watcher.services.looks.relook import MOST_SLOW
    from watcher.services.sweeps.ration import Ration

    soonest = min(interval for _, interval in chosen.sweep.tiers)
    quick = min(_SECOND, soonest / 4)
    clock, honest = system_clock(), asyncio.Event()
    rest = Rest(clock, longest=max(min(_MINUTE, soonest), _SECOND))
    rate, tier = (lambda: watching.sweep.budget.rate), (lambda: watching.sweep.best_tier)
    usual, slow = Ration(rate, tier, clock, part=0.8), Ration(rate, tier, clock, most=MOST_SLOW, part=0.2)
    measuring = Measuring(
        watching.store,
        metrics,
        watching.net.pulse,
        chosen.sweep.tiers,
        clock,
        sweep=watching.sweep,
        data_dates=watching.upkeep.data_dates,
    )

    async def check_resolvers() -> None:
        narrator.resolvers(await watching.check_resolvers())
        honest.set()

    async def sweep() -> None:
        report = await watching.sweep.run()
        if report.shards:
            metrics.swept()
        await rest.after(blind=report.blind is not None)

    feeds = chosen.feeds.by_name
    looks, registrations, upkeep = watching.relook, watching.registrations, watching.upkeep
    lines = [
        TimetableLine("check resolvers", check_resolvers, _HOUR),
        TimetableLine("what is ours", watching.ours.read, min(10 * _SECOND, soonest)),
        TimetableLine("likeness", watching.ours.read_likeness, min(5 * _MINUTE, soonest)),
        TimetableLine("measure", measuring.refresh, 5 * _SECOND),
        TimetableLine("narrate", lambda: narrator.progress(watching.sweep), _SECOND),
        TimetableLine("sweep", sweep, quick, By.ANY, honest=True),
        TimetableLine("relook", lambda: looks.due(usual.looks(), failing=False), quick, By.ANY, honest=True),
        TimetableLine("relook slow", lambda: looks.due(slow.looks(), failing=True), quick, By.ANY, honest=True),
        # registries are asked by one process, so that their pace is kept
        TimetableLine("registrations", registrations.due, _SECOND, By.ONE),
        TimetableLine("old replies", registrations.forget, _DAY, By.ONE),
        TimetableLine("probes", watching.probes.due, min(_MINUTE, soonest), By.ONE),
        TimetableLine("vigil", watching.vigil.check, min(30 * _SECOND, chosen.vigil.stale_after / 4), By.ONE),
        *(TimetableLine(name, work, every, By.ONE, honest=True) for name, work, every in upkeep.looks),
        *(TimetableLine(name, work, every, By.ONE) for name, work, every in upkeep.others),
        *(
            TimetableLine(f"feed {name}", _feed(watching, name), feed.turn, By.EACH if feed.kind == "ct" else By.ONE)
            for name, feed in feeds.items()
        ),  # each certificate log is leased by itself
    ]
    lines.append(TimetableLine("root labels", _root_labels(watching), _HOUR, By.ONE, honest=True))
    if company.attendance is not None:
        lines.insert(0, TimetableLine("beat", company.attendance.beat, 5 * _SECOND))
    if watching.net.registry is not None:
        lines.append(TimetableLine("RDAP bootstrap", watching.net.registry.keep_bootstrap_fresh, _DAY))
    return _placed(lines, company, honest, lambda: watching.net.careful.usable)


async def jobs_of_serve(
    chosen: "Settings", watching: "Watching", narrator: Narration, publishing: "Publisher"
) -> "list[Job]":
    """Return the jobs of `serve` alone: the block list, and printing every event that is sent at once from now on."""
    from watcher.bootstrap.channels import routing_policy
    from watcher.engines.local import Job
    from watcher.services.telling.terminal import Terminal

    terminal = Terminal(
        watching.store, routing_policy(chosen.alerts, tuple(watching.channels), timezone=chosen.timezone)
    )
    await terminal.begin()

    async def print_events() -> None:
        narrator.events(await terminal.new())

    return [Job("block list", publishing.refresh, _SECOND), Job("print events", print_events, _SECOND)]


def _root_labels(watching: "Watching") -> Work:
    """The weekly question about top-level labels that the bundled list lacks, and what becomes of its answer."""
    from watcher.bootstrap.root_labels import asker, build_root_labels

    labels = build_root_labels(watching.store, at_start=False)
    ask = asker(watching.net.resolver)
    return lambda: labels.renew(ask, watching.net.examiner.labels_found)


def _feed(watching: "Watching", name: str) -> Work:
    return lambda: watching.feeding.run(name, due=False)


def _placed(
    lines: Iterable[TimetableLine], company: "Company", honest: asyncio.Event, usable: Callable[[], object]
) -> Timetable:
    """Return the lines as jobs: each waits for what must hold, and is done by whom the line says."""
    from watcher.engines.local import Job

    here: list[Job] = []
    shared: list[Job] = []
    for line in lines:
        work = _after_honesty(line.work, honest, usable) if line.honest else line.work
        if line.by is not By.EACH:
            work = company.noted(line.name, work)
        if line.by is By.ONE:
            work = company.alone(line.name, work)
        carried = line.by is By.ANY and company.attendance is not None
        (shared if carried else here).append(Job(line.name, work, line.every))
    return Timetable(here, shared)


def _after_honesty(work: Work, honest: asyncio.Event, usable: Callable[[], object]) -> Work:
    async def do() -> None:
        await honest.wait()  # nothing is believed before the first honesty check
        if usable():
            await work()

    return do


class Rest:
    """Waits after blind passes, each time twice as long: a resolver in trouble is not hammered."""

    def __init__(self, clock: "Clock", *, longest: timedelta) -> None:
        self._clock = clock
        self._longest = longest
        self._next = _SECOND

    async def after(self, *, blind: bool) -> None:
        """Wait where the pass was blind; a pass that saw begins the waits anew."""
        if not blind:
            self._next = _SECOND
            return
        await self._clock.sleep(self._next.total_seconds())
        self._next = min(2 * self._next, self._longest)
