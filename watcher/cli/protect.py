"""`watcher protect`: the protected names, whose lookalikes are watched."""

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
def protect() -> None:
    """Say whose lookalikes are watched. A protected name need not be yours."""


@protect.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--owner", help="Whose the names are, for people.")
@click.option("--tag", "tags", multiple=True, help="A free word; repeatable.")
@click.pass_obj
def add(options: GlobalOptions, names: tuple[str, ...], owner: str | None, tags: tuple[str, ...]) -> None:
    """Protect NAME...: domains, hosts, IDNs, mailboxes, URLs, or suffixes such as .mil.

    All are added or, when one is wrong, none. A name that is protected already stays as it is.
    """
    _report(asyncio.run(_add(options, names, owner, tags)))


@protect.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--owner", help="Whose the names are, for people.")
@click.option("--tag", "tags", multiple=True, help="A free word; repeatable.")
@click.pass_obj
def import_(options: GlobalOptions, file: Path, owner: str | None, tags: tuple[str, ...]) -> None:
    """Protect every name in FILE (- for standard input): one a line, # begins a comment; all or none."""
    from watcher.cli.names_file import read_names

    _report(asyncio.run(_add(options, read_names(file), owner, tags)))


@protect.command(name="list")
@format_option
@click.pass_obj
def list_(options: GlobalOptions, output_format: Format) -> None:
    """Show the protected names, and how far the first pass over their candidates is."""
    emit(
        streamed(_listed(options)),
        output_format,
        plain=lambda row: row["name"],
        table={
            "name": lambda row: row["name"],
            "kind": lambda row: row["kind"],
            "owner": lambda row: row["owner"],
            "tags": lambda row: row["tags"],
            "since": lambda row: row["created_at"],
            "first pass": lambda row: "done" if row["baseline"]["done"] else _share(row["baseline"]),
        },
        fields=(
            "name",
            "kind",
            "owner",
            "tags",
            "created_at",
            "baseline.done",
            "baseline.settled",
            "baseline.total",
        ),
    )


@protect.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.pass_obj
def remove(options: GlobalOptions, names: tuple[str, ...]) -> int:
    """Stop protecting NAME...; all, or none when one is not protected. What happened stays on record."""
    unknown = asyncio.run(_remove(options, names))
    if unknown:
        click.echo(f"watcher: not protected: {', '.join(unknown)}; nothing was removed", err=True)
        return EXIT_USAGE
    return 0


def _share(baseline: dict[str, int]) -> str:
    return f"{baseline['settled']} of {baseline['total']}"


def _report(added: "Added") -> None:
    already = len(added.names) - added.new
    note = f", {already} already protected" if already else ""
    click.echo(f"watcher: {added.new} added{note}", err=True)


async def _add(options: GlobalOptions, names: Iterable[str], owner: str | None, tags: tuple[str, ...]) -> "Added":
    from watcher.core.protected import parse_protected
    from watcher.data import load_suffixes
    from watcher.services import protect as service

    suffixes = load_suffixes()
    texts = list(names)
    for text in texts:  # before the database is made: a wrong name leaves nothing behind
        parse_protected(text, suffixes)
    async with bootstrap.open_store(bootstrap.settings(options), create=True) as store:
        return await service.protect(
            store, texts, suffixes=suffixes, now=bootstrap.clock().now(), owner=owner, tags=tags
        )


async def _remove(options: GlobalOptions, names: tuple[str, ...]) -> tuple[str, ...]:
    from watcher.data import load_suffixes
    from watcher.services import protect as service

    async with bootstrap.open_store(bootstrap.settings(options), create=True) as store:
        return await service.unprotect(store, names, suffixes=load_suffixes())


async def _listed(options: GlobalOptions) -> Rows:
    from watcher.services.protect import protected_json
    from watcher.store import protected, shards

    async with bootstrap.open_store(bootstrap.settings(options), create=True) as store:
        last = ""
        while True:
            async with store.read() as tx:
                rows = await protected.listed(tx, after=last, limit=_PAGE)
                baselines = await shards.baselines(tx, [row.name for row in rows])
            for row in rows:
                yield protected_json(row, baselines[row.name])
            if len(rows) < _PAGE:
                return
            last = rows[-1].name
