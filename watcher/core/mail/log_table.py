"""Logs that are tables (CSV): found columns, rows with line breaks inside quotes, bounded cells."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from watcher.core.mail.log_entry import LONGEST_LINE, LogEntry, LogReading, Wanted

Row = Mapping[str, str]
Entries = Callable[[Row], Iterator[LogEntry] | None]
"""A function that makes the entries of a row; None for a row that cannot be read."""

_DOMAIN = re.compile(rb"@([^\s,;\"'<>#|@:\]\)]+)")
_ADDRESS = re.compile(r"(\"(?:[^\"\\]|\\.)*\"|[^\s,;<>\"]+)@([^\s,;<>\"#@]+)(?:##([^;]*))?")
_HEADER_LINES = 40
_MOST_COLUMNS = 200
_FIELDS = "#fields:"
_LONGEST_QUOTED = 1_048_576


def cells(line: str) -> list[str]:
    """Return the headings in a line, lower case, by the separator that it has most of."""
    separator = max(",;\t", key=line.count)
    try:
        row = next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []
    return [cell.strip().strip("\ufeff").lower() for cell in row[:_MOST_COLUMNS]]


def header(sample: bytes, known: Callable[[Sequence[str]], bool]) -> tuple[list[str], str] | None:
    """Return the headings that `known` recognises in the first lines, and the separator; None where there are none."""
    for raw in sample.split(b"\n", _HEADER_LINES)[:_HEADER_LINES]:
        line = raw[:LONGEST_LINE].decode("utf-8", "replace").strip()
        if line.lower().startswith(_FIELDS):
            line = line[len(_FIELDS) :].strip()
        elif line.startswith("#"):
            continue
        found = cells(line)
        if known(found):
            return found, max(",;\t", key=line.count)
    return None


def addresses(cell: str) -> Iterator[tuple[str, str, str]]:
    """Yield each address of a cell, its domain, and the text after `##`."""
    for found in _ADDRESS.finditer(cell[:LONGEST_LINE]):
        yield f"{found[1]}@{found[2]}".lower(), found[2].lower().removesuffix("."), (found[3] or "").strip().lower()


class TableReader:
    """A reader of rows in blocks that hold a wanted domain; other blocks are only counted."""

    def __init__(self, headings: Sequence[str], separator: str, entries: Entries) -> None:
        self.reading = LogReading()
        self._headings = list(headings)
        self._separator = separator
        self._entries = entries
        self._rest = b""

    def read(self, block: bytes, wanted: Wanted) -> Iterator[LogEntry]:
        """Yield the entries of the block whose recipient domain is wanted."""
        self.reading.lines += block.count(b"\n")
        block = self._rest + block
        self._rest = b""
        if block.count(b'"') % 2:  # a quoted cell goes on in the next block
            cut = self._last_whole(block)
            block, self._rest = block[:cut], block[cut:]
            if len(self._rest) > _LONGEST_QUOTED:
                self.reading.miss(self._rest[:300], self._rest.count(b"\n"))
                self._rest = b""
        yield from self._rows(block, wanted)

    def finish(self) -> Iterator[LogEntry]:
        """Count the rest that never became a row."""
        if self._rest:
            self.reading.miss(self._rest[:300])
            self._rest = b""
        yield from ()

    def advance(self, reference: datetime) -> None:
        """Do nothing: every row has its date, or none."""

    def _last_whole(self, block: bytes) -> int:
        """Return the end of the last whole row: after the last line break before the last quote that opens."""
        at = block.rfind(b'"')
        return block.rfind(b"\n", 0, at) + 1

    def _rows(self, block: bytes, wanted: Wanted) -> Iterator[LogEntry]:
        hits = wanted(set(_DOMAIN.findall(block)))
        if not hits:
            return
        domains = {hit.decode("utf-8", "replace").lower().removesuffix(".") for hit in hits}
        lines = iter(block.decode("utf-8", "replace").replace("\0", "\ufffd").splitlines(keepends=True))
        while True:
            rows = csv.reader(lines, delimiter=self._separator)
            try:
                for row in rows:
                    yield from (entry for entry in self._row(row) if entry.domain in domains)
            except csv.Error:
                self.reading.miss(b"(a cell that is too long, or quotes that do not match)")
                continue
            return

    def _row(self, row: list[str]) -> Iterator[LogEntry]:
        if not row:
            return
        first = row[0].strip()
        if first[:1] == "#":
            if first.lower().startswith(_FIELDS):
                row = [first[len(_FIELDS) :], *row[1:]]
                self._headings = [cell.strip().lower() for cell in row[:_MOST_COLUMNS]]
            return
        if [cell.strip().lower() for cell in row[: len(self._headings)]] == self._headings:
            return
        made = self._entries(dict(zip(self._headings, row, strict=False)))
        if made is None:
            self.reading.miss(self._separator.join(row)[:300].encode())
            return
        yield from made
