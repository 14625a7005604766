"""`watcher sweep --once`: one pass over what is due, alerts sent, then exit; for cron and CronJob."""

import asyncio
from datetime import timedelta
from typing import Any

import click

from watcher.cli.main import GlobalOptions
from watcher.cli.seeing import NoResolver, must_see, resolver_option
from watcher.core.errors import WatcherError

_TELL_WITHIN = timedelta(seconds=60)


@click.command()
@click.option(
    "--once", is_flag=True, required=True, expose_value=False, help="Run one pass (`watcher serve` runs continuously)."
)
@resolver_option
@click.pass_obj
def sweep(options: GlobalOptions, *, resolvers: tuple[str, ...]) -> None:
    """Run everything that is due once, send the alerts, and exit."""
    from watcher.bootstrap.command import load_settings

    asyncio.run(_sweep(load_settings(options, resolvers)))


async def _sweep(chosen: Any) -> None:
    from watcher.bootstrap.network import open_network
    from watcher.bootstrap.root_labels import open_watched_store
    from watcher.bootstrap.watching import build_watching
    from watcher.cli.progress import progress

    async with open_watched_store(chosen) as store, open_network(chosen) as net:
        watching = build_watching(chosen, store, net)
        await watching.ours.read()
        try:
            await must_see(net)
        except WatcherError:
            await watching.vigil.once()  # that we could not look is an event, and what waits is sent all the same
            await watching.notifier.flush(within=_TELL_WITHIN)
            raise
        if not watching.ours.protected:
            click.echo("watcher: nothing is protected yet; `watcher protect add NAME` says what to watch", err=True)
        swept = watching.sweep
        everything = len(watching.ours.protected) * swept.most_candidates
        async with progress(lambda: (swept.seen, everything), lambda: swept.state.unsettled):
            report = await swept.run(once=True)
        looked = 0
        while number := await watching.relook.due():
            looked += number
        await watching.probes.due()
        while await watching.registrations.due():
            pass
        await watching.upkeep.once()
        await watching.vigil.once()
        unsent = await watching.notifier.flush(within=_TELL_WITHIN)
        click.echo(
            f"{report.candidates} candidates: {report.absent} absent, {report.existing} exist, "
            f"{sum(report.unsettled.values())} unsettled; {looked} looked at again; {report.asked} questions"
        )
        if unsent:
            waits = "1 message is" if unsent == 1 else f"{unsent} messages are"
            click.echo(f"watcher: {waits} not sent yet; the next pass tries again", err=True)
        if report.blind:
            raise NoResolver(f"the sweep was blind: {report.blind}; see `watcher doctor`")
