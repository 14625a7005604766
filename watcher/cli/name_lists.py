"""The common part of `protect` and `own`: a list of names in the database, changed all or nothing, and shown."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from watcher.bootstrap.command import has_database, load_settings, open_store
from watcher.cli.main import EXIT_USAGE, GlobalOptions
from watcher.cli.streaming import Rows
from watcher.core.telling.counted import counted

if TYPE_CHECKING:
    from watcher.core.names.suffixes import Suffixes
    from watcher.services.names.protect import Added
    from watcher.settings.settings import Settings
    from watcher.store import Store, Tx

_PAGE = 500


def add(
    options: GlobalOptions,
    names: Iterable[str],
    put: "Callable[[Store, Sequence[str], Suffixes], Awaitable[Added]]",
    *,
    already: str,
) -> None:
    """Add `names` by `put`, and say how many are new; `already` says what the others were before."""
    added = asyncio.run(_add(options, list(names), put))
    known = len(added.names) - added.new
    click.echo(f"watcher: {added.new or 'none'} added{f', {known} {already}' if known else ''}", err=True)


def learner(options: GlobalOptions) -> Callable[[Sequence[str]], object]:
    """Return the learning of top-level labels that the bundled list lacks, from names that are to be added."""

    def learn(texts: Sequence[str]) -> object:
        from watcher.bootstrap.root_labels import learn_unlisted

        return asyncio.run(learn_unlisted(load_settings(options), texts))

    return learn


async def _add(
    options: GlobalOptions, texts: Sequence[str], put: "Callable[[Store, Sequence[str], Suffixes], Awaitable[Added]]"
) -> "Added":
    from watcher.bootstrap.root_labels import build_root_labels, learn_unlisted
    from watcher.core.names.protected import parse_protected
    from watcher.data import load_suffixes

    suffixes, chosen = load_suffixes(), load_settings(options)
    found = await learn_unlisted(chosen, texts)
    for text in texts:  # before the database is made: a wrong name leaves nothing behind
        parse_protected(text, suffixes)
    async with open_store(chosen, create=True) as store:
        await build_root_labels(store).keep(found)
        return await put(store, texts, suffixes)


def remove(
    options: GlobalOptions,
    names: Sequence[str],
    take: "Callable[[Store, Sequence[str], Suffixes], Awaitable[tuple[str, ...]]]",
    *,
    not_there: str,
) -> int:
    """Take `names` off by `take`, which gives those that were not there; the exit code. `not_there` says it of them."""
    chosen = load_settings(options)
    if not has_database(chosen):
        click.echo(f"watcher: {not_there}: {', '.join(names)}; there is no database here", err=True)
        return EXIT_USAGE
    unknown, number = asyncio.run(_remove(chosen, names, take))
    if unknown:
        click.echo(f"watcher: {not_there}: {', '.join(unknown)}; nothing was removed", err=True)
        return EXIT_USAGE
    click.echo(f"watcher: {counted(number, 'name')} removed", err=True)
    return 0


async def _remove(
    chosen: "Settings",
    names: Sequence[str],
    take: "Callable[[Store, Sequence[str], Suffixes], Awaitable[tuple[str, ...]]]",
) -> tuple[tuple[str, ...], int]:
    """Return the names that were not there, and how many different ones were given."""
    from watcher.core.names.protected import parse_protected
    from watcher.data import load_suffixes

    suffixes = load_suffixes()
    async with open_store(chosen, create=False) as store:
        unknown = await take(store, names, suffixes)
    return unknown, len({parse_protected(text, suffixes)[0] for text in names})


async def listed(options: GlobalOptions, page: "Callable[[Tx, str, int], Awaitable[Sequence[dict[str, Any]]]]") -> Rows:
    """Every row of a list, by name; `page` gives up to so many shapes behind a name."""
    async with open_store(load_settings(options), create=False) as store:
        last = ""
        while True:
            async with store.read() as tx:
                rows = await page(tx, last, _PAGE)
            for row in rows:
                yield row
            if len(rows) < _PAGE:
                return
            last = rows[-1]["name"]
