"""The common part of commands that look: `--resolver`, and no judging by resolvers that lie or are silent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from watcher.core.errors import ConfigurationError, DishonestResolver, StoreError, WatcherError

if TYPE_CHECKING:
    from watcher.bootstrap.network import Network
    from watcher.settings.settings import Settings
    from watcher.store import Store

F = TypeVar("F", bound=Callable[..., Any])


class NoResolver(WatcherError):
    """No resolver said anything."""


def resolver_option(command: F) -> F:
    """`--resolver ADDR[:PORT]`, repeatable, handed over as `resolvers`."""
    return click.option(
        "--resolver",
        "resolvers",
        multiple=True,
        metavar="ADDR[:PORT]",
        callback=_checked,
        help="Use this resolver instead of the configured ones; repeatable.",
    )(command)


def _checked(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The resolvers; one that is none is an error of the option, not of a setting."""
    if values:
        from watcher.lookups.dns.servers import parse_server

        for value in values:
            try:
                parse_server(value)
            except ConfigurationError as error:
                raise click.BadParameter(error.why) from error
    return values


async def must_see(net: "Network") -> bool:
    """Check the resolvers; whether one resolves anything. Raises DishonestResolver or NoResolver when none is left.

    One that resolves none of our random names may still know the names that are asked about, as in a closed network.
    """
    found = await net.honesty()
    liars = [error for error in found.values() if isinstance(error, DishonestResolver)]
    for error in liars[:-1] if len(liars) == len(found) else liars:
        click.echo(f"watcher: refused: {error}", err=True)
    for name in [name for name, result in found.items() if result == "failing"]:
        click.echo(f"watcher: resolver {name} replies but resolves nothing; is it cut off, or refusing us?", err=True)
    for name in (name for name, result in found.items() if result == "stripping"):
        click.echo(f"watcher: resolver {name} leaves the SOA out of its answers: absent names stay unknown", err=True)
    if len(liars) == len(found):
        raise liars[-1]
    if all(isinstance(result, DishonestResolver) or result == "unreachable" for result in found.values()):
        names = ", ".join(name for name, result in found.items() if not isinstance(result, DishonestResolver))
        raise NoResolver(f"no resolver answers ({names}); check the network, or name another one with --resolver")
    return any(result in {"honest", "stripping"} for result in found.values())


@asynccontextmanager
async def store_if_any(chosen: "Settings") -> "AsyncIterator[Store | None]":
    """The database where there is one that can be used; these commands do without, and say so where one is broken."""
    from watcher.bootstrap.command import open_store
    from watcher.store import place_of

    async with AsyncExitStack() as opened:
        store = None
        try:
            if not await asyncio.to_thread(place_of(chosen.database_url.get_secret_value()).exists):
                yield None
                return
            store = await opened.enter_async_context(open_store(chosen, create=False))
        except StoreError as error:
            click.echo(f"watcher: without what is known here: {error}", err=True)
        yield store
