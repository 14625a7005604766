"""`watcher own`: the names that are ours; no page for their mail, watched for loss and change."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watcher import bootstrap
from watcher.cli.main import EXIT_USAGE, GlobalOptions
from watcher.cli.output import Format, emit, format_option
from watcher.cli.streaming import Rows, streamed

if TYPE_CHECKING:
    from watcher.services.protect import Added

_PAGE = 500


@click.group()
def own() -> None:
    """Say which names are ours: held defensively or in use. They are watched for loss and change."""


@own.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--note", default="", help="Why, for people.")
@click.pass_obj
def add(options: GlobalOptions, names: tuple[str, ...], note: str) -> None:
    """Put NAME... on the own list: all or, when one is wrong, none. Twice is no error."""
    _report(asyncio.run(_add(options, names, note)))


@own.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--note", default="", help="Why, for people.")
@click.pass_obj
def import_(options: GlobalOptions, file: Path, note: str) -> None:
    """Put every name in FILE (- for standard input) on the list: one a line, # begins a comment; all or none."""
    from watcher.cli.names_file import read_names

    _report(asyncio.run(_add(options, read_names(file), note)))


@own.command(name="list")
@format_option
@click.pass_obj
def list_(options: GlobalOptions, output_format: Format) -> None:
    """Show the names that are ours."""
    emit(
        streamed(_listed(options)),
        output_format,
        plain=lambda row: row["name"],
        table={
            "name": lambda row: row["name"],
            "note": lambda row: row["note"],
            "since": lambda row: row["created_at"],
        },
        fields=("name", "note", "created_at"),
    )


@own.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.pass_obj
def remove(options: GlobalOptions, names: tuple[str, ...]) -> int:
    """Take NAME... off the list; all, or none when one is not on it."""
    unknown = asyncio.run(_remove(options, names))
    if unknown:
        click.echo(f"watcher: not on the own list: {', '.join(unknown)}; nothing was removed", err=True)
        return EXIT_USAGE
    return 0


def _report(added: "Added") -> None:
    already = len(added.names) - added.new
    note = f", {already} already there" if already else ""
    click.echo(f"watcher: {added.new} added{note}", err=True)


async def _add(options: GlobalOptions, names: Iterable[str], note: str) -> "Added":
    from watcher.core.protected import parse_protected
    from watcher.data import load_suffixes
    from watcher.services import protect as service

    suffixes = load_suffixes()
    texts = list(names)
    for text in texts:  # before the database is made: a wrong name leaves nothing behind
        parse_protected(text, suffixes)
    async with bootstrap.open_store(bootstrap.settings(options), create=True) as store:
        return await service.add_own(store, texts, suffixes=suffixes, now=bootstrap.clock().now(), note=note)


async def _remove(options: GlobalOptions, names: tuple[str, ...]) -> tuple[str, ...]:
    from watcher.data import load_suffixes
    from watcher.services import protect as service

    async with bootstrap.open_store(bootstrap.settings(options), create=True) as store:
        return await service.remove_own(store, names, suffixes=load_suffixes())


async def _listed(options: GlobalOptions) -> Rows:
    from watcher.services.protect import own_json
    from watcher.store import own as rows_of

    async with bootstrap.open_store(bootstrap.settings(options), create=True) as store:
        last = ""
        while True:
            async with store.read() as tx:
                rows = await rows_of.listed(tx, after=last, limit=_PAGE)
            for row in rows:
                yield own_json(row)
            if len(rows) < _PAGE:
                return
            last = rows[-1].name
