"""JSON as the rows of a table: leaves by dotted path, and cells that no spreadsheet computes."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Row = Mapping[str, Any]


def visible(text: str) -> str:
    """`text` with every control, bidi, invisible or unassigned character as an escape, safe to show."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def json_line(row: Any) -> str:
    """`row` as JSON on one line, readable beyond ASCII, with nothing in it that steers a terminal."""
    text = json.dumps(row, ensure_ascii=False, separators=(", ", ": "))
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in text)


def flatten(row: Row, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of `row` by dotted path; lists are leaves."""
    for key, value in row.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def cell(value: Any) -> str:
    """Return a csv cell: lists joined by `;`, null empty, formulas harmless."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return ";".join(cell(item) for item in value)
    text = value if isinstance(value, str) else json_line(value)
    return _FORMULA.sub(r"\1'", visible(text))


# What spreadsheets take for a formula; after ";" too, because half of Europe opens csv with that as the separator.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+@\u002d\uff1d\uff0b\uff0d\uff20])")


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 (two hexadecimal digits)
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 (four digits)
