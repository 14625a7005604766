"""`watcher candidates`: the lookalikes that could exist, best first, without network, database or settings."""

from collections.abc import Iterator
from typing import Any

import click

from watcher.cli.main import did_you_mean
from watcher.cli.output import Column, OutputFormat, emit, format_option

_FIELDS = (
    "name",
    "unicode",
    "registrable_domain",
    "techniques",
    "likelihood",
    "impersonation",
    "rank",
    "marks",
    "protected",
    "why",
)

_ONE_SLIP = 4
"""The number of characters up to which a difference is shown in one piece."""


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="Maximum number of candidates for each NAME.",
)
@click.option("--technique", "chosen", multiple=True, metavar="T", help="Use only this technique; repeatable.")
@format_option
def candidates(names: tuple[str, ...], limit: int, chosen: tuple[str, ...], output_format: OutputFormat) -> None:
    """List the names that people reach by mistake when they mean NAME.

    NAME is a domain, host, mailbox or URL, or a suffix such as .mil. The likeliest come first. No lookup is made.
    """
    from watcher.core.names.protected import parse_protected
    from watcher.data import load_tables
    from watcher.techniques import ALL

    known = {technique.NAME: technique for technique in ALL}
    for wanted in chosen:
        if wanted not in known:
            raise click.BadParameter(
                f"there is no technique {wanted!r}; there are {', '.join(known)}{did_you_mean(wanted, known)}",
                param_hint="--technique",
            )
    techniques = tuple(technique for technique in ALL if not chosen or technique.NAME in chosen)
    tables = load_tables()
    protected = [parse_protected(text, tables.suffixes) for text in names]

    def rows() -> Iterator[dict[str, Any]]:
        from watcher.core.slips.candidates import candidate_json, enumerate_candidates

        for item in protected:
            for candidate in enumerate_candidates(item, tables, techniques, limit=limit):
                yield candidate_json(candidate)

    emit(
        rows(),
        output_format,
        plain=lambda row: row["name"],
        table={
            "rank": lambda row: row["rank"],
            "name": lambda row: row["name"] if row["name"] == row["unicode"] else f"{row['name']} ({row['unicode']})",
            "slip": lambda row: slip(row["unicode"], row["protected"]),
            "likelihood": lambda row: row["likelihood"],
            "techniques": Column(lambda row: row["techniques"], 1),
            "why": Column(lambda row: row["why"], 3),
            "marks": Column(lambda row: row["marks"], 4),
            "protects": Column(lambda row: row["protected"], 2),
        },
        fields=_FIELDS,
    )


def slip(typed: str, protected: str) -> str:
    """Mark the places where `typed` differs from what was meant: `army.m(i→)l`, `a(rm→mr)y.mil`.

    Under a protected suffix what was meant is the same name with that suffix.
    """
    from difflib import SequenceMatcher

    from watcher.core.names.names import to_unicode
    from watcher.core.slips.edits import common_start

    meant = to_unicode(protected)
    if "." not in meant and "." in typed:
        meant = f"{typed.rpartition('.')[0]}.{meant}"
    start = common_start(meant, typed)
    end = min(common_start(meant[::-1], typed[::-1]), min(len(meant), len(typed)) - start)
    right, wrong = meant[start : len(meant) - end], typed[start : len(typed) - end]
    if max(len(right), len(wrong)) <= _ONE_SLIP:
        return f"{typed[:start]}({right}→{wrong}){typed[len(typed) - end :]}"
    shown = []
    for kind, start, end, begin, finish in SequenceMatcher(None, meant, typed, autojunk=False).get_opcodes():
        right, wrong = meant[start:end], typed[begin:finish]
        shown.append(wrong if kind == "equal" else f"({right}→{wrong})")
    return "".join(shown)
