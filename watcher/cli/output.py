"""Results on standard output: table, plain, json, jsonl and csv, streamed, and harmless to terminals and spreadsheets.

Rows are made into JSON here, at the edge. What came from outside may hold anything: characters that steer a terminal
or reverse its text are shown as escapes, and cells that a spreadsheet would compute are marked as text.
"""

import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any, TextIO, TypeVar

import click

from watcher.cli.table import Column, Columns, is_bold, table_lines, table_width
from watcher.core.shapes.rows import Row, cell, flatten, json_line, visible

__all__ = ["Column", "OutputFormat", "cell", "emit", "flatten", "format_option", "json_line", "say_none", "visible"]

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
    table: Columns,
    shape: Callable[[T], Row] | None = None,
    fields: Sequence[str] = (),
    none: str | None = None,
) -> int:
    """Write `rows` to standard output as they come (a table: when all have come); returns how many there were.

    `plain` gives the line of a row, `table` the cell below each heading, `shape` its JSON, where the rows are not JSON
    themselves. `fields` are the csv columns as dotted paths (`mail.ability`); without them the
    first row's own, flattened. `json` is always one array, also when empty. Without rows `none` is said to people, on
    standard error.
    """
    count = _emit(rows, output_format, plain=plain, table=table, shape=shape, fields=fields)
    if not count and none is not None and output_format in {OutputFormat.TABLE, OutputFormat.PLAIN}:
        say_none(none)
    return count


def say_none(more: str = "") -> None:
    """Say on standard error that there is nothing to show, and `more`."""
    click.echo(f"watcher: none{f': {more}' if more else ''}", err=True)


def _emit(
    rows: Iterable[T],
    output_format: OutputFormat,
    *,
    plain: Callable[[T], str],
    table: Columns,
    shape: Callable[[T], Row] | None,
    fields: Sequence[str],
) -> int:
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
    first = next(stream, None)  # before the heading: a source that fails must leave nothing behind
    if first is not None and not fields:
        fields = [key for key, _ in flatten(first)]
    if not fields:
        return 0
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(fields)
    count = 0
    for row in () if first is None else chain((first,), stream):
        leaves = dict(flatten(row))
        writer.writerow([cell(leaves.get(field)) for field in fields])
        count += 1
    return count


def _write_table(out: TextIO, rows: Iterable[T], columns: Columns) -> int:
    values = [column.value if isinstance(column, Column) else column for column in columns.values()]
    body = [[_shown(value(row)) for value in values] for row in rows]
    if body:
        out.writelines(table_lines(columns, body, width=table_width(), bold=is_bold(out)))
    return len(body)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item) for item in value)
    return visible(str(value))
