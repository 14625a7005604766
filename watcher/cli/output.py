"""Results on standard output: table, plain, json, jsonl and csv, streamed, and harmless to terminals and spreadsheets.

Rows are made into JSON here, at the edge. What came from outside may hold anything: characters that steer a terminal
or reverse its text are shown as escapes, and cells that a spreadsheet would compute are marked as text.
"""

import csv
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any, TextIO, TypeVar

import click

from watcher.core.shapes.rows import Row, cell, flatten, json_line, visible

__all__ = ["OutputFormat", "cell", "emit", "flatten", "format_option", "json_line", "visible"]

T = TypeVar("T")

F = TypeVar("F", bound=Callable[..., Any])


class OutputFormat(StrEnum):
    """A format in which results are written."""

    TABLE = "table"
    PLAIN = "plain"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def format_option(command: F) -> F:
    """`--format`, handed to the command as `output_format: OutputFormat`: `table` on a terminal, `plain` when piped."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice([member.value for member in OutputFormat]),
        callback=_format_callback,
        help="Format of the output (default: table on a terminal, else plain).",
    )(command)


def _format_callback(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> OutputFormat:
    if value is not None:
        return OutputFormat(value)
    return OutputFormat.TABLE if sys.stdout.isatty() else OutputFormat.PLAIN


def emit(
    rows: Iterable[T],
    output_format: OutputFormat,
    *,
    plain: Callable[[T], str],
    table: Mapping[str, Callable[[T], Any]],
    shape: Callable[[T], Row] | None = None,
    fields: Sequence[str] = (),
) -> int:
    """Write `rows` to standard output as they come (a table: when all have come); returns how many there were.

    `plain` gives the line of a row, `table` the cell below each heading, `shape` its JSON, where the rows are not JSON
    themselves. `fields` are the csv columns as dotted paths (`mail.ability`); without them the
    first row's own, flattened. `json` is always one array, also when empty.
    """
    out = sys.stdout
    shapes: Iterable[Any] = rows if shape is None else map(shape, rows)
    match output_format:
        case OutputFormat.PLAIN:
            return _write(out, (visible(plain(row)) + "\n" for row in rows))
        case OutputFormat.JSONL:
            return _write(out, (json_line(row) + "\n" for row in shapes))
        case OutputFormat.JSON:
            return _write_json(out, shapes)
        case OutputFormat.CSV:
            return _write_csv(out, shapes, fields)
        case OutputFormat.TABLE:
            return _write_table(out, rows, table)


def _write(out: TextIO, lines: Iterable[str]) -> int:
    count = 0
    for line in lines:
        out.write(line)
        count += 1
    return count


def _write_json(out: TextIO, rows: Iterable[Row]) -> int:
    count = 0
    for row in rows:
        out.write(("[\n  " if count == 0 else ",\n  ") + json_line(row))
        count += 1
    out.write("\n]\n" if count else "[]\n")
    return count


def _write_csv(out: TextIO, rows: Iterable[Row], fields: Sequence[str]) -> int:
    stream = iter(rows)
    if not fields:
        first = next(stream, None)
        if first is None:
            return 0
        fields = [key for key, _ in flatten(first)]
        stream = chain((first,), stream)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(fields)
    count = 0
    for row in stream:
        leaves = dict(flatten(row))
        writer.writerow([cell(leaves.get(field)) for field in fields])
        count += 1
    return count


def _write_table(out: TextIO, rows: Iterable[T], columns: Mapping[str, Callable[[T], Any]]) -> int:
    body = [[_shown(value(row)) for value in columns.values()] for row in rows]
    if not body:
        return 0
    headings = list(columns)
    if not out.isatty():
        _write_aligned(out, headings, body)
        return len(body)
    from rich.console import Console  # its import costs more than most commands; a pipe never needs it
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        grid.add_column(heading, overflow="fold")
    for line in body:
        grid.add_row(*(Text(text) for text in line))
    Console(file=out, highlight=False).print(grid)
    return len(body)


def _write_aligned(out: TextIO, headings: list[str], body: list[list[str]]) -> None:
    widths = [max(len(line[i]) for line in [headings, *body]) for i in range(len(headings))]
    lines = (zip(line, widths, strict=True) for line in [headings, *body])
    out.writelines("  ".join(text.ljust(width) for text, width in line).rstrip() + "\n" for line in lines)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item) for item in value)
    return visible(str(value))
