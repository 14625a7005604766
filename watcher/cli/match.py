"""`watcher match`: which names of a stream resemble a protected name."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import click

from watcher.cli.output import Format, emit, format_option
from watcher.core.errors import ConfigurationError
from watcher.core.events import Grade, best_grade
from watcher.core.names.lines import bounded_lines

if TYPE_CHECKING:
    from watcher.cli.main import GlobalOptions
    from watcher.core.events import Resemblance
    from watcher.core.names.names import Fqdn
    from watcher.services.sweeps.enumerate import Enumeration

    Match = tuple[Fqdn, Sequence[Resemblance]]

_SAVED_AT_ONCE = 500


class Wanted(NamedTuple):
    """The weakest grade and the least likelihood that are shown."""

    grade: Grade
    likelihood: float


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@click.option("--save", is_flag=True, help="Keep what is found in the database: the service looks at it next.")
@click.option(
    "--grade",
    type=click.Choice([grade.value for grade in Grade]),
    default=Grade.WARN.value,
    show_default=True,
    help="Only this grade or a stronger one: block (can be blocked unseen), warn (ask the sender), note (all).",
)
@click.option("--min-likelihood", type=click.FloatRange(min=0), default=0.0, help="Only names at least so likely.")
@format_option
@click.pass_obj
def match(  # noqa: PLR0917 (click passes them by name)
    options: "GlobalOptions", file: Path, save: bool, grade: str, min_likelihood: float, output_format: Format
) -> None:
    """Read names from FILE as a stream and print those that resemble a protected name.

    FILE (default: standard input) holds a name a line: new registrations, a zone file, names of certificates. Of a line
    the first word counts, `*.` in front is ignored, and what is no name is left out. Nothing is looked up here.
    Names of the grade `note`, most of them innocent, are shown with --grade note only.
    """
    import asyncio

    from watcher.bootstrap.command import load_settings

    chosen = load_settings(options)
    names = asyncio.run(_known(chosen))
    wanted = Wanted(Grade(grade), min_likelihood)
    with ExitStack() as opened:
        try:
            text: Any = _given() if str(file) == "-" else opened.enter_context(file.open(errors="replace"))
        except OSError as error:
            raise ConfigurationError(str(file), f"cannot be read: {error.strerror}") from error
        emit(
            _rows(
                names,
                _wanted(names.matching(_names_in(bounded_lines(text.readline))), wanted),
                (lambda some: _save(chosen, some)) if save else None,
            ),
            output_format,
            plain=lambda row: row["name"],
            table={
                "name": lambda row: row["unicode"],
                "resembles": lambda row: row["resembles"][0]["protected"],
                "techniques": lambda row: row["resembles"][0]["techniques"],
                "likelihood": lambda row: row["resembles"][0]["likelihood"],
                "grade": lambda row: row["grade"],
                "explanation": lambda row: row["resembles"][0]["explanation"],
            },
            fields=("name", "unicode", "registrable_domain", "protected", "techniques", "likelihood", "grade"),
        )


def _given() -> TextIO:
    """Standard input, where no byte that is no text ends the stream: certificates and feeds hold anything."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    return sys.stdin


async def _known(chosen: Any) -> "Enumeration":
    """The index of what is protected in the database. Raises ConfigurationError where nothing is."""
    from watcher.bootstrap.command import build_enumeration, open_store
    from watcher.data import load_suffixes
    from watcher.services.names.own import Ours

    async with open_store(chosen, create=False) as store:
        ours = Ours(store, load_suffixes())
        await ours.read()
    if not ours.protected:
        raise ConfigurationError("protected names", "there are none; add some with `watcher protect add NAME`")
    return build_enumeration(ours, chosen.techniques.words)


def _names_in(lines: Iterator[str]) -> Iterator["Fqdn"]:
    from watcher.core.errors import InvalidName
    from watcher.core.names.names import parse

    for line in lines:
        words = line.split(maxsplit=1)
        if not words or words[0].startswith(("#", ";")):
            continue
        try:
            yield parse(words[0].removeprefix("*."))
        except InvalidName:
            continue


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
    click.echo(f"watcher: {new} of {len(found)} names are new and get looked at next", err=True)


def _wanted(found: "Iterator[Match]", wanted: Wanted) -> "Iterator[Match]":
    """Those names that have a resemblance of the wanted grade and likelihood, with these resemblances alone."""
    for name, resembling in found:
        kept = [
            resemblance
            for resemblance in resembling
            if resemblance.grade.at_least(wanted.grade) and resemblance.likelihood >= wanted.likelihood
        ]
        if kept:
            yield name, kept


def _rows(
    names: "Enumeration", stream: "Iterator[Match]", save: Callable[[Sequence["Match"]], None] | None
) -> Iterator[dict[str, Any]]:
    """The shape of each name that resembles something; `save` is given them, so many at once."""
    from watcher.core.names.names import to_unicode
    from watcher.core.shapes import resemblance_json

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
            "resembles": [resemblance_json(one) for one in found],
            "protected": [one.protected for one in found],
            "techniques": _together(one.techniques for one in found),
            "likelihood": found[0].likelihood,
            "grade": best_grade(found),
        }
    if save is not None and kept:
        save(kept)


def _together(each: Iterator[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(technique for techniques in each for technique in techniques))
