"""`watcher policy`: the Postfix policy service alone."""

import asyncio
import logging
import signal
import sys
from typing import TYPE_CHECKING

import click

from watcher.cli.main import GlobalOptions

if TYPE_CHECKING:
    from watcher.settings.settings import Settings

_DEFAULT = "127.0.0.1:10040"


@click.command()
@click.option(
    "--listen",
    metavar="ADDR:PORT|unix:PATH",
    help=f"Address to listen on (default: policy.listen, then {_DEFAULT}).",
)
@click.pass_obj
def policy(options: GlobalOptions, listen: str | None) -> None:
    """Run the policy service: answer mail servers about recipients that are lookalikes, until stopped.

    For `check_policy_service` of Postfix. It reads the database that `watcher serve` keeps, and follows it. Where
    `policy.listen` is set, `watcher serve` does the same itself.
    """
    from watcher.bootstrap.command import load_settings

    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if options.verbosity else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    chosen = load_settings(options)
    where = listen or chosen.policy.listen or _DEFAULT
    asyncio.run(_policy(chosen.model_copy(update={"policy": chosen.policy.model_copy(update={"listen": where})})))


async def _policy(chosen: "Settings") -> None:
    from watcher.bootstrap.command import build_enumeration, open_store
    from watcher.bootstrap.listeners import open_policy
    from watcher.data import load_suffixes
    from watcher.services.names.own import Ours

    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    async with open_store(chosen, create=False) as store:
        ours = Ours(store, load_suffixes())
        names = build_enumeration(ours, chosen.techniques.words)
        async with open_policy(chosen, store, names, ours) as service:
            where = chosen.policy.listen or ""
            if service.listener is not None and service.listener.port is not None:
                where = f"{where.rpartition(':')[0]}:{service.listener.port}"
            click.echo(f"watcher: policy service on {where}", err=True)
            await stop.wait()
