"""Lists of names in the forms that people and feeds write them, one reader for all.

Read are: a name a line, URLs and mailboxes, quoted text, CSV with a column, hosts files (`0.0.0.0 name`), adblock
(`||name^`), dnsmasq (`address=/name/`), RPZ and other zone files (the owner), Unbound (`local-zone:`), and JSON lines.
The form is told line by line, so a list may mix them. Lines that hold no name are counted, and the first are kept.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from watcher.core.errors import InvalidName
from watcher.core.names.names import Fqdn, parse_existing

MOST_SHOWN = 3
_LONGEST_SHOWN = 80
_MOST_IN_A_LINE = 10_000
_DEEPEST = 5

_PLAIN = re.compile(r"(?:(?!-|xn--)[a-z0-9-]{1,63}(?<!-)\.){1,10}(?!-|xn--|[0-9]+\n?\Z)[a-z0-9-]{1,63}(?<!-)\n?\Z")
_COMMENT = re.compile(r"[#!;]|//|\[Adblock", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})\Z", re.IGNORECASE)
_ADBLOCK = re.compile(r"\|\|([^/^$|*\s]+)\^?(?:\$.*)?\Z")
_DNSMASQ = re.compile(r"(?:address|server|local|ipset|nftset)=/(.+)/[^/]*\Z", re.IGNORECASE)
_UNBOUND = re.compile(r"local-(?:zone|data):\s*\"?([^\s\"]+)", re.IGNORECASE)
_COLUMNS = (
    "name", "domain", "domain_name", "domain name", "domainname", "host", "hostname", "fqdn", "dns", "query", "site",
    "url", "email", "recipient", "address",
)  # fmt: skip
_KEYS = frozenset(
    {*_COLUMNS, "domains", "names", "dns_names", "all_domains", "dnsname", "common_name", "commonname", "cn"}
)
_LOCAL = frozenset({"localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback"})


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One line of a list with the text of its name, and what else a CSV says of it."""

    number: int
    text: str
    owner: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class ListTally:
    """Counts of what was read and what was left out; `shown` holds the first lines left out."""

    lines: int = 0
    named: int = 0
    dropped: int = 0
    shown: list[str] = field(default_factory=list)

    def drop(self, line: str) -> None:
        """Count a line that held no name, and keep it when it is one of the first."""
        self.dropped += 1
        if len(self.shown) < MOST_SHOWN:
            text = " ".join(line.split())
            self.shown.append(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…")


class NamesList:
    """Reads one list. `column`: the CSV column of the names, by heading or number from 1; None: told by the heading."""

    def __init__(self, column: str | None = None) -> None:
        self.tally = ListTally()
        self._column = column.strip().lower() if column else None
        self._heading: tuple[str, ...] | None = None

    def names(self, lines: Iterable[str]) -> Iterator[Fqdn]:
        """Every name in `lines`, in order. An empty line without its break, a pause, gives an empty name."""
        tally = self.tally
        for line in lines:
            if not line:
                yield Fqdn("")
                continue
            tally.lines += 1
            if self._column is None and _PLAIN.match(line):  # nearly all of a stream
                tally.named += 1
                yield Fqdn(line.rstrip("\n"))
                continue
            found = self._found(line)
            if found is not None:
                yield from found

    def entries(self, lines: Iterable[str]) -> Iterator[ListEntry]:
        """Every name in `lines` as it is written, with its line: what is wrong is for the caller to say.

        A line without anything that looks like a name gives its own text.
        """
        for line in lines:
            self.tally.lines += 1
            text = _bare(line)
            if not text or _COMMENT.match(text):
                continue
            texts = self._texts(text)
            if texts is None:
                continue
            cells = self._cells(text) if self._heading else ()
            owner, tags = self._said(cells)
            plain = text.partition("#")[0].strip()
            whole = len(texts) == 1 and len(plain.split()) > 1 and _name(texts[0]) is None
            for name in (plain,) if whole or not texts else texts:
                if name:
                    self.tally.named += 1
                    yield ListEntry(self.tally.lines, name, owner, tags)

    def _found(self, line: str) -> list[Fqdn] | None:
        """Return the names of a line; None where it says nothing at all."""
        text = _bare(line)
        if not text or _COMMENT.match(text):
            return None
        texts = self._texts(text)
        if texts is None:
            return None
        found = [name for candidate in texts if (name := _name(candidate)) is not None]
        if found:
            self.tally.named += 1
        else:
            self.tally.drop(text)
        return found

    def _texts(self, text: str) -> tuple[str, ...] | None:
        """Return the texts of a line that may be names, by its form; None for a heading."""
        if text[0] in "{[" and (read := _json(text)) is not None:
            return read
        for pattern in (_ADBLOCK, _UNBOUND):
            if (match := pattern.match(text)) is not None:
                return (match[1],)
        if (match := _DNSMASQ.match(text)) is not None:
            return tuple(match[1].split("/")[:_MOST_IN_A_LINE])
        words = text.split()
        if self._column is not None or (_is_csv(text) and not _ADDRESS.match(words[0])):
            return self._of_columns(text)
        if len(words) > 1 and _ADDRESS.match(words[0]):
            hosts = " ".join(words).partition("#")[0].split()[1:]
            return tuple(host for host in hosts[:_MOST_IN_A_LINE] if host.lower() not in _LOCAL)
        return (words[0].strip("\"'"),)

    def _of_columns(self, text: str) -> tuple[str, ...] | None:
        cells = self._cells(text)
        if self._heading is None and (self._column is None or not self._column.isdigit()):
            lowered = tuple(cell.lower() for cell in cells)
            wanted = (self._column,) if self._column is not None else _COLUMNS
            if not set(wanted).isdisjoint(lowered):
                self._heading = lowered
                return None
        at = self._at()
        if at is not None:
            return (cells[at],) if at < len(cells) and cells[at] else ()
        return next(((cell,) for cell in cells if "." in cell and _name(cell) is not None), ())

    def _at(self) -> int | None:
        """Return the place of the names' column."""
        if self._column is not None and self._column.isdigit():
            return int(self._column) - 1
        for heading in (self._column,) if self._column is not None else _COLUMNS:
            if self._heading is not None and heading in self._heading:
                return self._heading.index(heading)
        return None

    def _cells(self, text: str) -> tuple[str, ...]:
        delimiter = max(",;\t", key=text.count)
        try:
            row = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
        except csv.Error:
            row = text.split(delimiter)
        return tuple(cell.strip().strip("\"'") for cell in row[:_MOST_IN_A_LINE])

    def _said(self, cells: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
        """Owner and tags of a line whose heading has such columns."""
        by = dict(zip(self._heading or (), cells, strict=False))
        tags = re.split(r"[;,| ]+", by.get("tags", "") or by.get("tag", ""))
        return by.get("owner") or None, tuple(tag for tag in tags if tag)


def _bare(line: str) -> str:
    return line.strip().removeprefix("\ufeff").strip()


def _is_csv(text: str) -> bool:
    return "," in text or "\t" in text or (";" in text and " " not in text.partition(";")[0])


def _name(text: str) -> Fqdn | None:
    """Return the name in `text`; None for what is none, or has one label only."""
    try:
        name = parse_existing(text.removeprefix("*.").removeprefix("."))
    except InvalidName:
        return None
    return name if "." in name else None


def _json(text: str) -> tuple[str, ...] | None:
    """Return the names in a JSON value: strings, lists of them, members with a name's key; None for what is no JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return tuple(_strings(value, named=True, depth=0))[:_MOST_IN_A_LINE]


def _strings(value: object, *, named: bool, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        if named:
            yield value
    elif isinstance(value, list):
        for item in value[:_MOST_IN_A_LINE]:
            yield from _strings(item, named=named, depth=depth + 1)
    elif isinstance(value, Mapping):
        for key, item in list(value.items())[:_MOST_IN_A_LINE]:
            is_named = str(key).lower() in _KEYS
            if is_named or isinstance(item, dict | list):
                yield from _strings(item, named=is_named, depth=depth + 1)
