"""`watcher worker`: one more process that works on a PostgreSQL database, on this machine or another."""

import asyncio
import logging
import sys

import click

from watcher.cli.main import GlobalOptions
from watcher.cli.seeing import resolver_option
from watcher.core.errors import ConfigurationError


@click.command()
@click.option(
    "--concurrency", type=click.IntRange(1, 64), default=2, show_default=True, help="Number of jobs to run at once."
)
@resolver_option
@click.pass_obj
def worker(options: GlobalOptions, *, concurrency: int, resolvers: tuple[str, ...]) -> None:
    """Run a worker: sweep, look, and send alerts beside other processes until stopped.

    All processes share the PostgreSQL database of the settings. `watcher serve` also serves HTTP.
    """
    from watcher.bootstrap.command import load_settings
    from watcher.cli.serve import run
    from watcher.store import place_of

    logging.basicConfig(
        stream=sys.stderr,
        level={0: logging.WARNING, 1: logging.INFO}.get(options.verbosity, logging.DEBUG),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    chosen = load_settings(options, resolvers)
    if place_of(chosen.database_url.get_secret_value()).path is not None:
        raise ConfigurationError(
            "database_url", "workers share a PostgreSQL database; on a SQLite file `watcher serve` does all the work"
        )
    asyncio.run(run(chosen, kind="worker", concurrency=concurrency))
