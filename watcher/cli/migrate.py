"""`watcher migrate`, `backup` and `healthcheck`: the care of a database and of a running service."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import click

from watcher.cli.main import GlobalOptions
from watcher.core.errors import WatcherError

_SECONDS = 4


@click.command()
@click.option("--from", "source", metavar="URL", help="Move the rows of this SQLite database first; repeatable.")
@click.pass_obj
def migrate(options: GlobalOptions, source: str | None) -> None:
    """Migrate the database to this version. A SQLite file is copied first.

    With --from all rows of another database are moved to it. Run it again after the old service has stopped: what has
    changed meanwhile follows, and a complete move changes nothing.
    """
    from watcher.bootstrap.command import load_settings
    from watcher.bootstrap.network import system_clock
    from watcher.store import place_of

    place = place_of(load_settings(options).database_url.get_secret_value())
    before = place.find_revision()
    copy = place.migrate(now=system_clock().now())
    if before is None:
        click.echo(f"made {place.shown}")
    elif before == place.find_revision():
        click.echo(f"nothing to do: {place.shown} is of this version")
    else:
        made = f"; the copy made before is {copy}" if copy else ""
        click.echo(f"the database is of this version now{made}")
    if source is not None:
        asyncio.run(_move(source, place.shown, load_settings(options).database_url.get_secret_value()))


async def _move(source: str, shown: str, target: str) -> None:
    from watcher.bootstrap.network import system_clock
    from watcher.store import Store
    from watcher.store.moving import move

    clock = system_clock()
    async with AsyncExitStack() as opened:
        stores = []
        for url in (source, target):
            store = await Store.open_existing(url, clock=clock)
            opened.push_async_callback(store.close)
            stores.append(store)
        counts = await move(*stores, now=clock.now())
    rows = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    click.echo(f"{shown} holds what {stores[0].place.shown} holds: {rows or 'nothing'}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(options: GlobalOptions, file: Path) -> None:
    """Write a consistent copy of the database to FILE. The service may keep running."""
    from watcher.bootstrap.command import load_settings
    from watcher.store import backup as copy

    asyncio.run(copy(load_settings(options).database_url.get_secret_value(), file))
    click.echo(f"{file} holds the copy")


@click.command()
@click.pass_obj
def healthcheck(options: GlobalOptions) -> None:
    """Exit with code 0 when the service on this machine works, else with 1 and the reason.

    A working service sees the DNS, writes its database, runs its jobs, and nothing is stale.
    """
    from watcher.bootstrap.command import load_settings

    try:
        click.echo(asyncio.run(_ready(load_settings(options).api.listen)))
    except WatcherError as error:
        click.echo(f"watcher: {error}", err=True)
        raise SystemExit(1) from None


async def _ready(listen: str) -> str:
    import aiohttp

    from watcher.bootstrap.api import parse_listen

    host, port = parse_listen(listen)
    local = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 (a name for "everywhere", not bound to)
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.get(f"http://{local}:{port}/readyz") as response,
        ):
            body = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise WatcherError(f"no service answers at {local}:{port} ({type(error).__name__}); is it running?") from error
    troubles = [f"{name}: {result}" for name, result in body.get("checks", {}).items() if result != "ok"]
    if not body.get("ready"):
        raise WatcherError("not ready: " + "; ".join(troubles))
    return "ready"
