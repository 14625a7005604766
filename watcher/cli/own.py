"""`watcher own`: the names that are ours; no page for their mail, watched for loss and change."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from watcher.bootstrap.network import system_clock
from watcher.cli import name_lists
from watcher.cli.main import GlobalOptions
from watcher.cli.names_file import read_entries, skip_bad_option
from watcher.cli.output import Column, OutputFormat, emit, format_option
from watcher.cli.streaming import streamed
from watcher.core.shapes.times import short_time

if TYPE_CHECKING:
    from watcher.core.names.suffixes import Suffixes
    from watcher.services.names.protect import Added
    from watcher.store import Store, Tx


@click.group()
def own() -> None:
    """Manage the own list: names that you use or hold defensively. They are watched for loss and change."""


@own.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--note", default="", help="Reason, a note for people.")
@click.pass_obj
def add(options: GlobalOptions, names: tuple[str, ...], note: str) -> None:
    """Add names to the own list. If one name is invalid, none is added. Adding a name twice is no error."""
    _add(options, names, note)


@own.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--note", default="", help="Reason, a note for people.")
@skip_bad_option
@click.pass_obj
def import_(options: GlobalOptions, file: Path, note: str, skip_bad: bool) -> None:
    """Add every name in FILE (- for standard input) to the own list. If one line is invalid, none is added.

    FILE holds one name a line, or is a list of any common form; # begins a comment.
    """
    _add(
        options,
        [entry.text for entry in read_entries(file, skip_bad=skip_bad, learn=name_lists.learner(options))],
        note,
    )


@own.command(name="list")
@format_option
@click.pass_obj
def list_(options: GlobalOptions, output_format: OutputFormat) -> None:
    """List the own names."""
    emit(
        streamed(name_lists.listed(options, _page)),
        output_format,
        plain=lambda row: row["name"],
        table={
            "name": lambda row: row["name"],
            "note": lambda row: row["note"],
            "since (UTC)": Column(lambda row: short_time(row["created_at"]), 1),
        },
        fields=("name", "note", "created_at"),
        none="no name is on the own list; `watcher own add NAME` puts one there",
    )


@own.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.pass_obj
def remove(options: GlobalOptions, names: tuple[str, ...]) -> int:
    """Remove names from the own list. If one name is not on it, none is removed."""
    from watcher.services.names import protect as service

    async def take(store: "Store", texts: Sequence[str], suffixes: "Suffixes") -> tuple[str, ...]:
        return await service.remove_own(store, texts, suffixes=suffixes)

    return name_lists.remove(options, names, take, not_there="not on the own list")


def _add(options: GlobalOptions, names: Iterable[str], note: str) -> None:
    from watcher.services.names import protect as service

    async def put(store: "Store", texts: Sequence[str], suffixes: "Suffixes") -> "Added":
        return await service.add_own(store, texts, suffixes=suffixes, now=system_clock().now(), note=note)

    name_lists.add(options, names, put, already="already there")


async def _page(tx: "Tx", after: str, limit: int) -> list[dict[str, Any]]:
    from watcher.services.names.protect import own_json
    from watcher.store import own_names

    return [own_json(row) for row in await own_names.list_all(tx, after=after, limit=limit)]
