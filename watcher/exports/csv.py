"""A table for people and spreadsheets: every name with the reason why it is listed."""

import re
from collections.abc import Iterable, Iterator

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
    for entry in entries:
        best = entry.best
        yield (
            ",".join(
                map(
                    cell,
                    (
                        entry.name,
                        entry.unicode,
                        entry.cause.value,
                        protected_of(entry),
                        ";".join(best.techniques) if best else "",
                        f"{best.likelihood:.6g}" if best else "",
                        best.grade.value if best else "",
                        entry.severity.value,
                        "able" if entry.able else "not able",
                        entry.basis,
                        ";".join(entry.exchanges),
                        entry.since.isoformat().replace("+00:00", "Z") if entry.since else "",
                        entry.decided_by or "",
                        entry.note,
                    ),
                )
            )
            + "\r\n"
        )


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
