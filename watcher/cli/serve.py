"""`watcher serve`: scheduler, sweeps, alerts and API in one process, until it is told to stop."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from watcher import __version__
from watcher.cli.main import GlobalOptions
from watcher.core.errors import ConfigurationError, DeliveryFailed, StoreError, WatcherError

if TYPE_CHECKING:
    from watcher.api.exports import ExportDesk
    from watcher.api.metrics import Metrics
    from watcher.bootstrap.listeners import Refusing
    from watcher.bootstrap.watching import Watching
    from watcher.bootstrap.workers import Company
    from watcher.cli.narrator import Narrator
    from watcher.core.ports import Clock
    from watcher.engines.local import Job, Local
    from watcher.services.blocking.publish import Publisher
    from watcher.settings.settings import Settings
    from watcher.store import Store

_SOON = timedelta(seconds=1)
_LONGEST_REST = timedelta(minutes=1)
_GRACE = timedelta(seconds=2)
_BEAT = timedelta(seconds=5)


@click.command()
@click.pass_obj
def serve(options: GlobalOptions) -> None:
    """Watch, alert and answer over HTTP until stopped.

    Makes the database where there is none, and migrates an older one after a copy.
    """
    from watcher.bootstrap.command import load_settings

    levels = {0: logging.WARNING, 1: logging.INFO}
    logging.basicConfig(
        stream=sys.stderr,
        level=levels.get(options.verbosity, logging.DEBUG),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("aiosqlite").setLevel(logging.INFO)  # a line for each statement helps nobody
    asyncio.run(run(load_settings(options), kind="serve"))


async def run(chosen: "Settings", *, kind: str, concurrency: int = 2) -> None:
    """Watch until told to stop: `serve` answers over HTTP too, a `worker` only works beside others."""
    from watcher.api.exports import ExportDesk
    from watcher.api.metrics import Metrics
    from watcher.bootstrap.blocking import build_block_lists, build_publisher
    from watcher.bootstrap.command import open_store
    from watcher.bootstrap.network import open_network, system_clock
    from watcher.bootstrap.watching import build_watching
    from watcher.bootstrap.workers import join_company, make_carrier
    from watcher.cli.narrator import Narrator
    from watcher.engines.local import Local

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    async with open_store(chosen, create=True) as store, open_network(chosen) as net:
        narrator = Narrator(store, clock := system_clock())
        metrics = Metrics(__version__, clock)
        company = join_company(store, net, clock, kind=kind)
        watching = build_watching(
            chosen,
            store,
            net,
            company=company,
            found=narrator.found,
            observe=lambda channel, result, seconds: metrics.delivered(
                channel, result, timedelta(seconds=seconds) if result == "sent" else None
            ),
        )
        await watching.ours.read()
        jobs = _jobs(chosen, watching, metrics, narrator, company)
        lists = build_block_lists(chosen, store)
        publishing = build_publisher(lists, store, clock)
        extra = await _of_serve(chosen, watching, narrator, publishing) if kind == "serve" else []
        engine = Local([*jobs.here, *extra], failed=lambda *_: None)
        async with AsyncExitStack() as running:
            if kind == "serve":
                desk = ExportDesk(lists, publishing)
                await running.enter_async_context(
                    _answering(chosen, watching, metrics, engine, narrator=narrator, exports=desk)
                )
            else:
                narrator.say(f"watcher {__version__} works on {store.place.shown}")
            if company.attendance is not None:
                await company.attendance.beat()
            telling = asyncio.create_task(watching.notifier.run())
            carrier = make_carrier(company, jobs.shared, concurrency)
            engine.start()
            if carrier is not None:
                await carrier.start()
            try:
                await stop.wait()
                narrator.say("stopping")
            finally:
                if carrier is not None:
                    await carrier.stop(_GRACE)
                await engine.stop(_GRACE)
                await watching.relook.close()
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)
                with suppress(StoreError):
                    await company.leave()


@asynccontextmanager
async def _answering(
    chosen: "Settings",
    watching: "Watching",
    metrics: "Metrics",
    engine: "Local",
    *,
    narrator: "Narrator",
    exports: "ExportDesk",
) -> AsyncIterator[None]:
    """Everything that listens: the mail policy, the zone, the API and the pages."""
    from watcher.bootstrap.blocking import open_zone_server
    from watcher.bootstrap.listeners import open_policy

    names, ours = watching.enumeration, watching.ours
    async with (
        open_policy(chosen, watching.store, names, ours, observe=metrics.asked, stopped=metrics.stopped) as mail,
        open_zone_server(chosen, exports.publisher) as zone,
        _api(chosen, watching, metrics, engine, mail, exports=exports) as url,
    ):
        if zone is not None:
            narrator.say(f"the zone {chosen.rpz.zone} can be transferred from {zone}")
        narrator.say(f"watcher {__version__} watches {len(ours.protected)} names; {url} answers")
        if (link := await _link(chosen, watching.store, url)) is not None:
            narrator.say(f"log in to the pages once, within ten minutes: {link}")
        yield


async def _link(chosen: "Settings", store: "Store", url: str) -> str | None:
    """A one-time link to the pages, for who sits at this terminal; None elsewhere, and where no token is needed."""
    from watcher.bootstrap.network import system_clock
    from watcher.cli.triage import this_user
    from watcher.services.names.sessions import Sessions, link_address
    from watcher.services.names.tokens import Scope, any_valid

    if not sys.stderr.isatty() or not await any_valid(store):
        return None
    link = await Sessions(store, system_clock()).make_link(this_user() or "somebody", Scope)
    return link_address(chosen.api.public_url or url, link)


@dataclass(frozen=True, slots=True)
class _Jobs:
    """The timetable: jobs of this process, and those that are carried to any process that shares the database."""

    here: "list[Job]"
    shared: "list[Job]"


async def _of_serve(
    chosen: "Settings", watching: "Watching", narrator: "Narrator", publishing: "Publisher"
) -> "list[Job]":
    """Return the jobs of `serve` alone: the block list, and printing every event that is told at once from now on."""
    from watcher.bootstrap.channels import routing_policy
    from watcher.engines.local import Job
    from watcher.services.telling.terminal import Terminal

    policy = routing_policy(chosen.alerts, tuple(watching.channels), timezone=chosen.timezone)
    narrator.channels(tuple(watching.channels))
    terminal = Terminal(watching.store, policy)
    await terminal.begin()

    async def print_events() -> None:
        narrator.events(await terminal.new())

    return [
        Job("block list", publishing.refresh, _SOON),
        Job("print events", print_events, timedelta(seconds=1)),
    ]


def _jobs(
    chosen: "Settings", watching: "Watching", metrics: "Metrics", narrator: "Narrator", company: "Company"
) -> _Jobs:
    from watcher.api.measuring import Measuring
    from watcher.bootstrap.network import system_clock
    from watcher.engines.local import Job
    from watcher.services.looks.relook import MOST_SLOW
    from watcher.services.sweeps.ration import Ration

    soonest = min(interval for _, interval in chosen.sweep.tiers)
    quick = min(_SOON, soonest / 4)
    measuring = Measuring(
        watching.store,
        metrics,
        watching.net.pulse,
        chosen.sweep.tiers,
        system_clock(),
        sweep=watching.sweep,
        data_dates=watching.upkeep.data_dates,
    )
    honest = asyncio.Event()
    rest = _Rest(system_clock(), longest=max(min(_LONGEST_REST, soonest), _SOON))
    registry = watching.net.registry
    rate, tier = (lambda: watching.sweep.budget.rate), (lambda: watching.sweep.best_tier)
    ration = Ration(rate, tier, system_clock(), part=0.8)
    slow = Ration(rate, tier, system_clock(), most=MOST_SLOW, part=0.2)

    async def check_resolvers() -> None:
        narrator.resolvers(await watching.check_resolvers())
        honest.set()

    async def sweep() -> None:
        await honest.wait()  # nothing is believed before the first honesty check
        if not watching.net.careful.usable:
            return
        report = await watching.sweep.run()
        if report.shards:
            metrics.swept()
        await rest.after(blind=report.blind is not None)

    def after_honesty(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        async def looks() -> None:
            await honest.wait()
            if watching.net.careful.usable:
                await work()

        return looks

    beat = [] if company.attendance is None else [Job("beat", company.attendance.beat, _BEAT)]
    own = [
        *beat,
        Job("check resolvers", check_resolvers, timedelta(hours=1)),
        Job("what is ours", watching.ours.read, min(timedelta(seconds=10), soonest)),
        Job("likeness", watching.ours.read_likeness, min(timedelta(minutes=5), soonest)),
        *([Job("RDAP bootstrap", registry.keep_bootstrap_fresh, timedelta(days=1))] if registry else []),
        Job("measure", measuring.refresh, timedelta(seconds=5)),
        Job("narrate", lambda: narrator.progress(watching.sweep), timedelta(seconds=1)),
    ]
    alone = [  # registries are asked by one process, so that their pace is kept
        Job("registrations", watching.registrations.due, timedelta(seconds=1)),
        Job("old replies", watching.registrations.forget, timedelta(days=1)),
        Job("probes", watching.probes.due, min(timedelta(minutes=1), soonest)),
        Job("vigil", watching.vigil.check, min(timedelta(seconds=30), chosen.vigil.stale_after / 4)),
        *(Job(name, after_honesty(work), every) for name, work, every in watching.upkeep.looks),
        *(Job(name, work, every) for name, work, every in watching.upkeep.others),
        *_feed_jobs(chosen, watching),
    ]
    shared = [
        Job("sweep", company.noted("sweep", sweep), quick),
        *(
            Job(name, company.noted(name, after_honesty(work)), quick)
            for name, work in (
                ("relook", lambda: watching.relook.due(ration.looks(), failing=False)),
                ("relook slow", lambda: watching.relook.due(slow.looks(), failing=True)),
            )
        ),
    ]
    led = [Job(job.name, company.alone(job.name, company.noted(job.name, job.work)), job.every) for job in alone]
    if company.attendance is None:
        return _Jobs([*own, *shared, *led], [])
    return _Jobs([*own, *led], shared)


def _feed_jobs(chosen: "Settings", watching: "Watching") -> "list[Job]":
    """One job for each feed of the settings."""
    from watcher.engines.local import Job

    def run(name: str) -> Callable[[], Awaitable[object]]:
        return lambda: watching.feeding.run(name)

    return [Job(f"feed {name}", run(name), feed.every) for name, feed in chosen.feeds.by_name.items()]


class _Rest:
    """Waits after blind passes, each time twice as long: a resolver in trouble is not hammered."""

    def __init__(self, clock: "Clock", *, longest: timedelta) -> None:
        self._clock = clock
        self._longest = longest
        self._next = _SOON

    async def after(self, *, blind: bool) -> None:
        if not blind:
            self._next = _SOON
            return
        await self._clock.sleep(self._next.total_seconds())
        self._next = min(2 * self._next, self._longest)


@asynccontextmanager
async def _api(
    chosen: "Settings",
    watching: "Watching",
    metrics: "Metrics",
    engine: "Local",
    mail: "Refusing",
    *,
    exports: "ExportDesk",
) -> AsyncIterator[str]:
    """The listening API; its URL. Raises ConfigurationError when it may not or cannot listen there."""
    from aiohttp import web

    from watcher.api.app import DOOR, every_endpoint, make_app
    from watcher.api.parts import Parts
    from watcher.api.policy import Policy
    from watcher.api.runner import Strangers
    from watcher.bootstrap.command import build_lookup
    from watcher.bootstrap.network import system_clock
    from watcher.services.answers.scans import Scans
    from watcher.services.names.tokens import Gatekeeper, any_valid
    from watcher.services.telling.notify import send_test
    from watcher.web import pages

    host, port = parse_listen(chosen.api.listen)
    if not is_local(host) and not await any_valid(watching.store):
        raise ConfigurationError(
            "api.listen", f"{host} is not loopback, and nobody needs a token yet: `watcher token create NAME` first"
        )
    store, clock = watching.store, system_clock()

    async def test_channel(name: str) -> None:
        why = (await send_test({name: watching.channels[name]}, clock, ids=store.ids))[name]
        if why is not None:
            raise DeliveryFailed(why)

    parts = Parts(
        store=store,
        clock=clock,
        policy=Policy((*chosen.api.hosts, f"[{host}]" if ":" in host else host), chosen.api.public_url),
        gatekeeper=Gatekeeper(store, clock),
        metrics=metrics,
        suffixes=watching.enumeration.tables.suffixes,
        lookup=build_lookup(
            watching.net, store=store, ours=watching.ours, names=watching.enumeration, relook=watching.relook
        ),
        enumerate=watching.enumeration.shapes,
        version=__version__,
        channels=tuple(watching.channels),
        test_channel=test_channel,
        tiers=chosen.sweep.tiers,
        ready={**_readiness(watching, engine), "policy": mail.trouble},
        recipient_policy=mail.policy,
        protected_changed=watching.ours.read,
        sweep=watching.sweep,
        scans=(scans := Scans(watching.sweep, clock)),
        exports=exports,
        feeding=watching.feeding,
    )
    endpoints = (*every_endpoint(__version__), *pages.ENDPOINTS)
    logging.getLogger("aiohttp.server").addFilter(Strangers())
    app = make_app(parts, endpoints)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    assert runner.server is not None  # noqa: S101 (it is set up)
    listening: asyncio.Server | None = None
    try:
        try:
            listening = await app[DOOR].listen(runner.server, host, port)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise WatcherError(
                f"cannot listen on {chosen.api.listen}: {why}; stop what listens there, or set another api.listen"
            ) from error
        bound = listening.sockets[0].getsockname()[1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
    finally:
        if listening is not None:
            listening.close()
        await scans.close()
        await runner.cleanup()


def _readiness(watching: "Watching", engine: "Local") -> dict[str, Callable[[], Awaitable[str | None]]]:
    from watcher.bootstrap.network import system_clock
    from watcher.services.health.readiness import Readiness
    from watcher.store import find_revision
    from watcher.store.schema import head

    needed, net = head(), watching.net
    readiness = Readiness(
        store=watching.store,
        clock=system_clock(),
        resolver=net.resolver,
        pulse=net.pulse,
        usable=lambda: bool(net.careful.usable),
        blind_passes=lambda: watching.sweep.blind_passes,
        failing=lambda: engine.failing,
    )

    async def migrations() -> str | None:
        found = await find_revision(watching.store)
        return None if found == needed else f"the database is of schema {found}, this version needs {needed}"

    async def scheduler() -> str | None:
        return None if engine.running else "the scheduler does not run"

    return {**readiness.checks, "migrations": migrations, "scheduler": scheduler}


def parse_listen(text: str) -> tuple[str, int]:
    """Address and port of `ADDR:PORT` or `[ADDR]:PORT`. Raises ConfigurationError."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 (the last port)
        raise ConfigurationError("api.listen", f"{text!r} is not ADDR:PORT, such as 127.0.0.1:8080")
    return host, int(port)


def is_local(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    from watcher.api.policy import is_loopback

    return host == "localhost" or is_loopback((host, 0))
