"""Names that exist: a plain list (one a line), or a complete zone file as registries publish them; gzip by its ending.

A zone file holds all that exists right below its zone, so what it lacks does not. Of anything else it says nothing.
"""

import gzip
import re
import sys
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import blake2b
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from watcher.core.errors import ConfigurationError, InvalidName
from watcher.core.names.lines import LONGEST, bounded_lines
from watcher.core.names.names import Fqdn, parse

_TYPES = frozenset(
    {"a", "aaaa", "cname", "dname", "dnskey", "ds", "mx", "ns", "nsec", "nsec3", "nsec3param", "rrsig", "soa", "txt"}
)
_UNDELEGATED = frozenset({"a", "aaaa", "cname", "dname", "mx"})
"""Some registries take these right below their zone: such a name exists, and may have mail, without a delegation."""
_FIRST = 2
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"?|\\.')
_COMMENT = re.compile(r"(?:;|(?<!\S)#).*", re.DOTALL)
_PARTS = 256


@dataclass(frozen=True, slots=True)
class ExistingNames:
    """`zones` are those that the feed holds completely. Eight bytes a name; a false hit is one in 10^11 lookups.

    `parts` holds a digest of each name, sorted, by its first byte.
    """

    parts: "Sequence[array[int]]"
    zones: frozenset[str]

    def __contains__(self, name: str) -> bool:
        """Whether it is named."""
        digest = _digest(name)
        part = self.parts[digest >> 56]
        place = bisect_left(part, digest)
        return place < len(part) and part[place] == digest

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def denies(self, name: str) -> bool:
        """Whether a complete zone lacks this name right below it."""
        return name.partition(".")[2] in self.zones and name not in self


def read_existing(files: Iterable[Path]) -> ExistingNames:
    """What `files` name together; `-` is standard input. Raises ConfigurationError for one that cannot be read."""
    parts = [array("Q") for _ in range(_PARTS)]
    zones: set[str] = set()
    for file in files:
        shown = "standard input" if str(file) == "-" else str(file)
        try:
            with nullcontext(sys.stdin) if str(file) == "-" else _opened(file) as lines:
                _read(bounded_lines(lines.readline), parts, zones)
        except (OSError, EOFError) as error:
            raise ConfigurationError("sweep.names", f"{shown} cannot be read: {error}") from error
        except UnicodeDecodeError as error:
            raise ConfigurationError("sweep.names", f"{shown} is not text") from error
    for number, part in enumerate(parts):  # one after the other: as objects, to be sorted, they take ten times the room
        parts[number] = array("Q", sorted(set(part)))
    return ExistingNames(parts, frozenset(zones))


def _opened(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return TextIOWrapper(gzip.open(file), encoding="utf-8")
    return file.open(encoding="utf-8")


def _read(lines: Iterable[str], parts: "Sequence[array[int]]", zones: set[str]) -> None:
    origin, owner, noted = "", "", "\n\n"
    for raw, fields, ends in _records(lines):
        if raw.startswith(noted):
            continue  # one more record of a name that is noted already
        if fields[0].startswith("$"):
            if fields[0].upper() == "$ORIGIN" and len(fields) == _FIRST:
                origin = fields[1].lower().strip(".")
            continue
        begins = not raw[0].isspace()
        kind = next((field.lower() for field in fields[begins:][:3] if field.lower() in _TYPES), None)
        if begins:
            owner = _owner(fields[0], origin if kind is not None else "")
        if kind == "soa":
            zones.add(owner)
        elif _shows(kind, owner, zones):
            _note(owner, parts)
            noted = raw[: len(fields[0]) + 1] if begins else noted
        elif kind is None and ends and len(fields) == 1 and (named := _parsed(fields[0])) is not None:
            _note(named, parts)


def _records(lines: Iterable[str]) -> Iterator[tuple[str, list[str], bool]]:
    """The first line of each record, its fields, and whether the record ends there."""
    opened = 0
    for raw in lines:
        line = raw.partition(";")[0].partition("#")[0]
        before, opened = opened, max(0, opened + _brackets(raw, line))
        if len(raw) >= LONGEST and not raw.endswith("\n"):
            opened = 0  # what is beyond is not known, and must not hide what follows
        fields = line.split()
        if fields and not before:
            yield raw, fields, not opened


def _brackets(raw: str, line: str) -> int:
    """How many more brackets open than close in `raw`, without its comment `line`; those of texts join no lines.

    A zone's customers write the texts: a bracket there must not hide the names after it.
    """
    if '"' in raw or "\\" in raw or "#" in raw:
        line = _COMMENT.sub("", _TEXT.sub("", raw))
    return line.count("(") - line.count(")")


def _shows(kind: str | None, owner: str, zones: Collection[str]) -> bool:
    """Whether such a record shows that its owner exists."""
    if kind == "ns":
        return owner not in zones
    return kind in _UNDELEGATED and owner.partition(".")[2] in zones


def _note(name: str, parts: "Sequence[array[int]]") -> None:
    digest = _digest(name)
    parts[digest >> 56].append(digest)


def _owner(text: str, origin: str) -> str:
    text = text.lower()
    if text == "@":
        return origin
    if text.endswith("."):
        return text[:-1]
    return f"{text}.{origin}" if origin else text


def _parsed(text: str) -> Fqdn | None:
    try:
        return parse(text)
    except InvalidName:
        return None


def _digest(name: str) -> int:
    return int.from_bytes(blake2b(name.encode("ascii", "replace"), digest_size=8).digest(), "big")
