"""`watcher match`: which names of a stream resemble a protected name."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from watcher.cli.main import EXIT_FAILED
from watcher.cli.output import Column, OutputFormat, emit, format_option
from watcher.core.errors import ConfigurationError
from watcher.core.events import Grade, best_grade
from watcher.core.telling.counted import counted

if TYPE_CHECKING:
    from watcher.cli.main import GlobalOptions
    from watcher.core.events import Resemblance
    from watcher.core.names.lists import NamesList
    from watcher.core.names.names import Fqdn
    from watcher.services.sweeps.enumerate import Enumeration

    Match = tuple[Fqdn, Sequence[Resemblance]]

_SAVED_AT_ONCE = 500
_MOST_KEPT = 100_000


class _Counted:
    """An iterator that counts the items it gives."""

    def __init__(self, source: "Iterator[Match]") -> None:
        self.count = 0
        self._source = source

    def __iter__(self) -> "Iterator[Match]":
        for item in self._source:
            self.count += 1
            yield item


class MatchOptions(NamedTuple):
    """The weakest grade and the least likelihood that are shown."""

    grade: Grade
    likelihood: float


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@click.option("--save", is_flag=True, help="Save the matches in the database; the service looks at them next.")
@click.option(
    "--grade",
    type=click.Choice([grade.value for grade in Grade]),
    default=Grade.WARN.value,
    show_default=True,
    help="Show this grade or stronger: block (safe to block unseen), warn (ask the sender), note (all).",
)
@click.option(
    "--min-likelihood", type=click.FloatRange(min=0), default=0.0, help="Show only names of at least this likelihood."
)
@click.option("--column", help="In a CSV: heading or number of the column that holds the names.")
@format_option
@click.pass_obj
def match(  # noqa: PLR0917 (click passes them by name)
    options: "GlobalOptions",
    file: Path,
    save: bool,
    grade: str,
    min_likelihood: float,
    column: str | None,
    output_format: OutputFormat,
) -> int:
    """Match names from FILE, read as a stream, and print those that resemble a protected name.

    FILE (default: standard input) is a list of any common form: a name a line, CSV, hosts, adblock, dnsmasq, RPZ, a
    zone file, JSON lines, packed or not. What was left out is said. Nothing is looked up here but top-level labels that
    the bundled list lacks: the root is asked about each once a week. What is found comes out when the input pauses
    (`tail -f names.log | watcher match`).
    Names of the grade `note`, most of them innocent, are shown with --grade note only.
    """
    import asyncio

    from watcher.bootstrap.command import load_settings
    from watcher.core.names.lists import NamesList
    from watcher.feeds.lists import read_lines

    chosen = load_settings(options)
    names = asyncio.run(_known(chosen))
    wanted = MatchOptions(Grade(grade), min_likelihood)
    read = NamesList(column)
    found = _Counted(_wanted(_matching(chosen, names, read.names(_flushing(read_lines(file, pauses=True)))), wanted))
    emit(
        _rows(names, found, (lambda some: _save(chosen, some)) if save else None),
        output_format,
        plain=lambda row: row["name"],
        table={
            "name": lambda row: row["unicode"],
            "resembles": lambda row: row["resembles"][0]["protected"],
            "techniques": Column(lambda row: row["resembles"][0]["techniques"], 3),
            "likelihood": Column(lambda row: row["resembles"][0]["likelihood"], 2),
            "grade": Column(lambda row: row["grade"], 1),
            "explanation": lambda row: row["resembles"][0]["explanation"],
        },
        fields=("name", "unicode", "registrable_domain", "protected", "techniques", "likelihood", "grade"),
        none="no name resembles a protected one" + ("" if wanted.grade is Grade.NOTE else "; --grade note shows more"),
    )
    return _tell(read, found.count, "standard input" if str(file) == "-" else str(file))


def _matching(chosen: Any, names: "Enumeration", stream: "Iterable[Fqdn]") -> "Iterator[Match]":
    """Yield the names that resemble a protected one; those under unlisted top-level labels last, when these are known.

    Of the latter so many are kept at most; what comes after them is matched by the bundled list.
    """
    import asyncio

    from watcher.bootstrap.root_labels import learn_unlisted

    kept: list[Fqdn] = []
    delegated = names.tables.suffixes.delegated

    def listed() -> "Iterator[Fqdn]":
        for name in stream:
            if not name or name[name.rfind(".") + 1 :] in delegated or len(kept) >= _MOST_KEPT:
                yield name
            else:
                kept.append(name)

    yield from names.matching(listed())
    if kept:
        asyncio.run(learn_unlisted(chosen, kept))
        yield from asyncio.run(_known(chosen)).matching(kept)


async def _known(chosen: Any) -> "Enumeration":
    """The index of what is protected in the database. Raises ConfigurationError where nothing is."""
    from watcher.bootstrap.command import build_enumeration, open_store
    from watcher.bootstrap.root_labels import build_root_labels
    from watcher.data import load_suffixes
    from watcher.services.names.own import Ours

    async with open_store(chosen, create=False) as store:
        await build_root_labels(store).read()
        ours = Ours(store, load_suffixes())
        await ours.read()
    if not ours.protected:
        raise ConfigurationError("protected names", "there are none; add some with `watcher protect add NAME`")
    return build_enumeration(ours, chosen.techniques.words, chosen.share)


def _tell(read: "NamesList", matched: int, shown: str) -> int:
    """Say how much was read and what was left out; the exit code."""
    tally = read.tally
    click.echo(f"watcher: {tally.lines} lines read, {tally.named} held a name, {matched} matched", err=True)
    if tally.dropped:
        first = "; ".join(repr(line) for line in tally.shown)
        click.echo(f"watcher: {tally.dropped} lines held no name, the first: {first}", err=True)
    if tally.named or not tally.dropped:
        return 0
    click.echo(f"watcher: no line of {shown} holds a name; --column NAME says which column of a CSV does", err=True)
    return EXIT_FAILED


def _save(chosen: Any, found: Sequence["Match"]) -> None:
    """Keep what was found, and say how much of it is new."""
    import asyncio

    from watcher.bootstrap.command import open_store
    from watcher.bootstrap.network import system_clock
    from watcher.data import load_suffixes
    from watcher.services.sweeps.matched import keep

    async def kept() -> int:
        async with open_store(chosen, create=False) as store:
            return await keep(store, found, suffixes=load_suffixes(), now=system_clock().now())

    new = asyncio.run(kept())
    look = "is new and gets" if new == 1 else "are new and get"
    click.echo(f"watcher: {new or 'none'} of {counted(len(found), 'name')} {look} looked at next", err=True)


def _flushing(lines: Iterator[str]) -> Iterator[str]:
    """Yield the lines; after a pause of the input, what was found until then is written out."""
    for line in lines:
        yield line
        if not line:
            sys.stdout.flush()


def _wanted(found: "Iterator[Match]", wanted: MatchOptions) -> "Iterator[Match]":
    """Yield the names with a resemblance of the wanted grade and likelihood, with these resemblances alone."""
    for name, resembling in found:
        kept = [
            resemblance
            for resemblance in resembling
            if resemblance.grade.at_least(wanted.grade) and resemblance.likelihood >= wanted.likelihood
        ]
        if kept:
            yield name, kept


def _rows(
    names: "Enumeration", stream: "Iterable[Match]", save: Callable[[Sequence["Match"]], None] | None
) -> Iterator[dict[str, Any]]:
    """The shape of each name that resembles something; `save` is given them, so many at once."""
    from watcher.core.names.names import to_unicode
    from watcher.core.shapes.events import resemblance_json

    kept: list[Match] = []
    for name, found in stream:
        if save is not None:
            kept.append((name, found))
            if len(kept) == _SAVED_AT_ONCE:
                save(kept)
                kept = []
        yield {
            "name": name,
            "unicode": to_unicode(name),
            "registrable_domain": names.tables.suffixes.registrable_domain(name),
            "resembles": [resemblance_json(item) for item in found],
            "protected": [item.protected for item in found],
            "techniques": _together(item.techniques for item in found),
            "likelihood": found[0].likelihood,
            "grade": best_grade(found),
        }
    if save is not None and kept:
        save(kept)


def _together(each: Iterator[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(technique for techniques in each for technique in techniques))
