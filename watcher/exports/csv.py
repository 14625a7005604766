"""A table for people and spreadsheets: every name with the reason why it is listed."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import About, Format, Guide, protected_of

COLUMNS = (
    "name",
    "unicode",
    "cause",
    "protected",
    "techniques",
    "likelihood",
    "grade",
    "severity",
    "ability",
    "basis",
    "exchanges",
    "since",
    "decided_by",
    "note",
)
_FORMULA = re.compile(r"\A[\s\x00]*[=+@\-\t\r\uff1d\uff0b\uff0d\uff20]")


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield a heading and one row a name. Every cell is quoted, and no cell begins as a formula."""
    yield ",".join(COLUMNS) + "\r\n"
    often = lru_cache(maxsize=1024)(cell)  # what many names have in common
    for entry in entries:
        best = entry.best
        name = cell(entry.name)
        unicode = name if entry.unicode == entry.name else cell(entry.unicode)
        alike = '"","",""'
        if best is not None:
            alike = f'{often(";".join(best.techniques))},"{best.likelihood:.6g}","{best.grade.value}"'
        since = entry.since.isoformat().replace("+00:00", "Z") if entry.since else ""
        yield (
            f'{name},{unicode},"{entry.cause.value}",{often(protected_of(entry))},{alike},"{entry.severity.value}",'
            f'{_ABLE if entry.able else _NOT_ABLE},{often(entry.basis)},{cell(";".join(entry.exchanges))},"{since}",'
            f"{often(entry.decided_by or '')},{cell(entry.note)}\r\n"
        )


_ABLE, _NOT_ABLE = '"able"', '"not able"'


def cell(text: str) -> str:
    """Return `text` as a quoted cell that no spreadsheet computes and no terminal obeys."""
    if text.isascii() and text.isprintable() and '"' not in text and not text.startswith(("=", "+", "-", "@", " ")):
        return f'"{text}"'
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
    if _FORMULA.match(text) or _FORMULA.match(shown):
        shown = "'" + shown
    return '"' + shown.replace('"', '""') + '"'


FORMAT = Format(
    name="csv",
    title="Table with the reasons",
    media="text/csv",
    extension="csv",
    limit="none; cells that a spreadsheet would compute begin with an apostrophe",
    guides=(
        Guide(
            consumer="a spreadsheet, a ticket",
            place="anywhere",
            load="watcher export csv --output blocked.csv",
            test="open it: one row a name, with protected name, technique, exchanges and who decided",
            undo="delete the file",
        ),
    ),
    render=render,
)
