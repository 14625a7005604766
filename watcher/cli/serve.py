"""`watcher serve`: scheduler, sweeps, alerts and API in one process, until it is told to stop."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from watcher import __version__
from watcher.cli.main import GlobalOptions
from watcher.core.errors import StoreError
from watcher.core.telling.counted import counted

if TYPE_CHECKING:
    from watcher.api.exports import ExportDesk
    from watcher.api.metrics import Metrics
    from watcher.bootstrap.watching import Watching
    from watcher.cli.narrator import Narrator
    from watcher.engines.local import Local
    from watcher.settings.settings import Settings
    from watcher.store import Store

_GRACE = timedelta(seconds=2)
_BETWEEN_TRIES = timedelta(seconds=2)


@click.command()
@click.pass_obj
def serve(options: GlobalOptions) -> None:
    """Run the service: watch, send alerts, and serve the pages and the API until stopped.

    It creates the database if there is none, and migrates an older one after making a copy.
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


def _stopping() -> asyncio.Event:
    """Return what is set when the process is asked to end."""
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    return stop


async def _pause(stop: asyncio.Event) -> None:
    """Wait a little; end the process where it is asked to meanwhile."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), _BETWEEN_TRIES.total_seconds())
        raise SystemExit(0)


def _say(text: str) -> None:
    click.echo(f"watcher: {text}", err=True)


async def run(chosen: "Settings", *, kind: str, concurrency: int = 2) -> None:
    """Watch until told to stop: `serve` answers over HTTP too, a `worker` only works beside others."""
    from watcher.api.metrics import Metrics
    from watcher.bootstrap.blocking import build_block_lists, build_desk, build_publisher
    from watcher.bootstrap.jobs import build_timetable, jobs_of_serve
    from watcher.bootstrap.network import open_network, system_clock
    from watcher.bootstrap.root_labels import open_watched_store
    from watcher.bootstrap.watching import build_watching
    from watcher.bootstrap.workers import join_company, make_carrier
    from watcher.cli.narrator import Narrator
    from watcher.engines.local import Local
    from watcher.store.database import StorePatience

    stop = _stopping()
    patience = StorePatience(_say, lambda: _pause(stop))
    async with (
        open_watched_store(chosen, patience=patience if kind == "worker" else None) as store,
        open_network(chosen) as net,
    ):
        narrator = Narrator(store, clock := system_clock())
        metrics = Metrics(__version__, clock)
        company = join_company(store, net, clock, kind=kind)
        watching = build_watching(
            chosen,
            store,
            net,
            company=company,
            found=narrator.found,
            observe=lambda channel, result, seconds, reason: metrics.delivered(
                channel, result, timedelta(seconds=seconds) if result == "sent" else None, reason=reason
            ),
        )
        await patience.until_done(watching.ours.read)
        jobs = build_timetable(chosen, watching, metrics, narrator, company)
        lists = build_block_lists(chosen, store)
        publishing = build_publisher(lists, store, clock)
        if kind == "serve":
            jobs.here.extend(await jobs_of_serve(chosen, watching, narrator, publishing))
        engine = Local(jobs.here, failed=lambda *_: None)
        async with AsyncExitStack() as running:
            if kind == "serve":
                desk = build_desk(lists, publishing, store, clock)
                await running.enter_async_context(
                    _answering(chosen, watching, metrics, engine, narrator=narrator, exports=desk)
                )
            else:
                narrator.say(f"watcher {__version__} works on {store.place.shown}")
            if company.attendance is not None:
                await patience.until_done(company.attendance.beat)
            telling = asyncio.create_task(watching.notifier.run())
            carrier = make_carrier(company, jobs.shared, concurrency)
            engine.start()
            if carrier is not None:
                await carrier.start()
            try:
                await stop.wait()
                narrator.say("stopping")
            finally:
                for runner in (engine,) if carrier is None else (carrier, engine):
                    await runner.stop(_GRACE)
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
    from watcher.bootstrap.api import open_api
    from watcher.bootstrap.blocking import open_zone_server
    from watcher.bootstrap.listeners import open_policy
    from watcher.bootstrap.memory import keep_for_good

    names, ours = watching.enumeration, watching.ours
    async with (
        open_policy(chosen, watching.store, names, ours, observe=metrics.asked, stopped=metrics.stopped) as mail,
        open_zone_server(chosen, exports.publisher, exports.clients.note_zone) as zone,
        open_api(chosen, watching, metrics, engine, mail, exports=exports) as url,
    ):
        narrator.channels(tuple(watching.channels))
        if zone is not None:
            narrator.say(f"the zone {chosen.rpz.zone} can be transferred from {zone}")
        narrator.say(f"watcher {__version__} watches {counted(len(ours.protected), 'name')}; {url} answers")
        if (link := await _link(chosen, watching.store, url)) is not None:
            narrator.say(f"log in to the pages once, within ten minutes: {link}")
        keep_for_good()
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
