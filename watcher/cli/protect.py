"""`watcher protect`: the protected names, whose lookalikes are watched."""

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
def protect() -> None:
    """Manage the protected names, whose lookalikes are watched. A protected name need not be yours."""


@protect.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--owner", help="Owner of the names, a note for people.")
@click.option("--tag", "tags", multiple=True, help="Tag of the names, a word of your choice; repeatable.")
@click.pass_obj
def add(options: GlobalOptions, names: tuple[str, ...], owner: str | None, tags: tuple[str, ...]) -> None:
    """Protect NAME...: domains, hosts, IDNs, mailboxes, URLs, or suffixes such as .mil.

    If one name is invalid, none is added. A name that is already protected keeps its owner and tags.
    """
    _add(options, names, owner, tags)


@protect.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--owner", help="Owner of the names, a note for people.")
@click.option("--tag", "tags", multiple=True, help="Tag of the names, a word of your choice; repeatable.")
@skip_bad_option
@click.pass_obj
def import_(options: GlobalOptions, file: Path, owner: str | None, tags: tuple[str, ...], skip_bad: bool) -> None:
    """Protect every name in FILE (- for standard input). If one line is invalid, no name is added.

    FILE holds one name a line, or is a list of any common form; # begins a comment. A CSV with the heading
    name,owner,tags says whose each name is.
    """
    from watcher.services.names import protect as service

    entries = read_entries(file, skip_bad=skip_bad, learn=name_lists.learner(options))

    async def put(store: "Store", _: Sequence[str], suffixes: "Suffixes") -> "Added":
        now = system_clock().now()
        return await service.protect_entries(store, entries, suffixes=suffixes, now=now, owner=owner, tags=tags)

    name_lists.add(options, [entry.text for entry in entries], put, already="already protected")


@protect.command(name="list")
@format_option
@click.pass_obj
def list_(options: GlobalOptions, output_format: OutputFormat) -> None:
    """List the protected names with the progress of the first pass over their candidates."""
    emit(
        streamed(name_lists.listed(options, _page)),
        output_format,
        plain=lambda row: row["name"],
        table={
            "name": lambda row: row["name"],
            "kind": Column(lambda row: row["kind"], 3),
            "owner": Column(lambda row: row["owner"], 1),
            "tags": Column(lambda row: row["tags"], 2),
            "since (UTC)": Column(lambda row: short_time(row["created_at"]), 4),
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
        none="no name is protected; `watcher protect add NAME` says what to watch",
    )


@protect.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.pass_obj
def remove(options: GlobalOptions, names: tuple[str, ...]) -> int:
    """Stop protecting names. If one name is not protected, none is removed. Recorded events are kept."""
    from watcher.services.names import protect as service

    async def take(store: "Store", texts: Sequence[str], suffixes: "Suffixes") -> tuple[str, ...]:
        return await service.unprotect(store, texts, suffixes=suffixes)

    return name_lists.remove(options, names, take, not_there="not protected")


def _share(baseline: dict[str, int]) -> str:
    return f"{baseline['settled']} of {baseline['total']}" if baseline["total"] else "not begun"


def _add(options: GlobalOptions, names: Iterable[str], owner: str | None, tags: tuple[str, ...]) -> None:
    from watcher.services.names import protect as service

    async def put(store: "Store", texts: Sequence[str], suffixes: "Suffixes") -> "Added":
        now = system_clock().now()
        return await service.protect(store, texts, suffixes=suffixes, now=now, owner=owner, tags=tags)

    name_lists.add(options, names, put, already="already protected")


async def _page(tx: "Tx", after: str, limit: int) -> list[dict[str, Any]]:
    from watcher.services.names.protect import protected_json
    from watcher.store import protected_names, shards

    rows = await protected_names.list_all(tx, after=after, limit=limit)
    baselines = await shards.find_baselines(tx, [row.name for row in rows])
    return [protected_json(row, baselines[row.name]) for row in rows]
