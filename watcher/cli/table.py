"""Tables that fit the terminal: columns are left out by need, then long cells are broken over several lines."""

import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, TextIO

_GAP = 2
_LEAST = 12
"""No column is made narrower than this, or than its heading."""
_MOST = 36
"""A cell wider than this is rather broken than that another column is left out for it."""
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_JOINTS = re.compile(r"(?<=[\s,;])")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: `value` gives the cell of a row. The highest `spare` is left out first, 0 never."""

    value: Callable[[Any], Any]
    spare: int = 0


Columns = Mapping[str, Column | Callable[[Any], Any]]


def table_width() -> int:
    """Return the columns of the terminal (or of the variable COLUMNS); 80 where there is none."""
    return max(shutil.get_terminal_size((80, 24)).columns, 20)


def is_bold(out: TextIO) -> bool:
    """Return whether headings are bold: on a terminal that can, unless NO_COLOR is set."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table_lines(columns: Columns, body: Sequence[Sequence[str]], *, width: int, bold: bool = False) -> Iterator[str]:
    """Yield the lines of a table whose `body` holds a text for each column; no line is wider than `width`."""
    headings = list(columns)
    widths = [max(shown_width(line[place]) for line in [headings, *body]) for place in range(len(headings))]
    kept = _kept(columns, widths, width)
    _narrow(widths, kept, [max(_LEAST, shown_width(heading)) for heading in headings], width)
    for number, line in enumerate([headings, *body]):
        cells = [list(_broken(line[place], widths[place])) for place in kept]
        for pieces in zip_longest(*cells, fillvalue=""):
            text = (
                (" " * _GAP)
                .join(
                    piece + " " * (widths[place] - shown_width(piece))
                    for place, piece in zip(kept, pieces, strict=True)
                )
                .rstrip()
            )
            yield f"{_BOLD}{text}{_PLAIN}\n" if bold and number == 0 else f"{text}\n"


def shown_width(text: str) -> int:
    """Return how many cells of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _kept(columns: Columns, widths: Sequence[int], width: int) -> list[int]:
    """The places of the columns that stay."""
    spare = [column.spare if isinstance(column, Column) else 0 for column in columns.values()]
    kept = list(range(len(widths)))
    capped = [min(wide, _MOST) for wide in widths]
    for place in sorted((place for place in kept if spare[place]), key=lambda place: -spare[place]):
        if _total(capped, kept) <= width:
            break
        kept.remove(place)
    return kept


def _narrow(widths: list[int], kept: Sequence[int], least: Sequence[int], width: int) -> None:
    """Take what is too wide from the widest columns, in place."""
    while (over := _total(widths, kept) - width) > 0:
        open_ = [place for place in kept if widths[place] > least[place]]
        if not open_:
            return
        widest = max(open_, key=lambda place: widths[place])
        second = max((widths[place] for place in open_ if widths[place] < widths[widest]), default=0)
        widths[widest] = max(widths[widest] - over, second, least[widest])
        if widths[widest] == second:
            widths[widest] -= 1


def _total(widths: Sequence[int], kept: Sequence[int]) -> int:
    return sum(widths[place] for place in kept) + _GAP * (len(kept) - 1)


def _broken(text: str, width: int) -> Iterator[str]:
    """Yield `text` in lines of at most `width`, broken behind blanks and commas, within a word where it must be."""
    line = ""
    for word in _JOINTS.split(text):
        while shown_width(line + word.rstrip()) > width:
            if line:
                yield line.rstrip()
                line = ""
                continue
            head = _head(word, width)
            yield head
            word = word[len(head) :]  # noqa: PLW2901 (the rest of the same word)
        line += word
    yield line.rstrip()


def _head(word: str, width: int) -> str:
    taken = 0
    for place, character in enumerate(word):
        taken += shown_width(character)
        if taken > width:
            return word[: max(place, 1)]
    return word
