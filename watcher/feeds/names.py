"""Names that exist: a plain list (one a line), or a complete zone file as registries publish them; gzip by its ending.

A zone file holds all that is delegated in its zone, so what it lacks is not. What it says of anything else is nothing.
"""

import gzip
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import blake2b
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from watcher.core.errors import ConfigurationError, InvalidName
from watcher.core.lines import bounded_lines
from watcher.core.names import Fqdn, parse

_TYPES = frozenset(
    {"a", "aaaa", "cname", "dname", "dnskey", "ds", "mx", "ns", "nsec", "nsec3", "nsec3param", "rrsig", "soa", "txt"}
)
_FIRST = 2


@dataclass(frozen=True, slots=True)
class ExistingNames:
    """`zones` are those that the feed holds completely. Eight bytes a name; a false hit is one in 10^11 lookups."""

    digests: "array[int]"
    zones: frozenset[str]

    def __contains__(self, name: str) -> bool:
        """Whether it is named."""
        digest = _digest(name)
        place = bisect_left(self.digests, digest)
        return place < len(self.digests) and self.digests[place] == digest

    def __len__(self) -> int:
        return len(self.digests)

    def denies(self, name: str) -> bool:
        """Whether a complete zone lacks this name right below it."""
        return name.partition(".")[2] in self.zones and name not in self


def read_existing(files: Iterable[Path]) -> ExistingNames:
    """What `files` name together; `-` is standard input. Raises ConfigurationError for one that cannot be read."""
    digests = array("Q")
    zones: set[str] = set()
    for file in files:
        shown = "standard input" if str(file) == "-" else str(file)
        try:
            with nullcontext(sys.stdin) if str(file) == "-" else _opened(file) as lines:
                _read(bounded_lines(lines.readline), digests, zones)
        except (OSError, EOFError) as error:
            raise ConfigurationError("sweep.names", f"{shown} cannot be read: {error}") from error
        except UnicodeDecodeError as error:
            raise ConfigurationError("sweep.names", f"{shown} is not text") from error
    return ExistingNames(array("Q", sorted(set(digests))), frozenset(zones))


def _opened(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return TextIOWrapper(gzip.open(file), encoding="utf-8")
    return file.open(encoding="utf-8")


def _read(lines: Iterable[str], digests: "array[int]", zones: set[str]) -> None:
    origin, owner, open_parentheses = "", "", 0
    for raw in lines:
        line = raw.partition(";")[0].partition("#")[0]
        fields = line.split()
        if open_parentheses:
            open_parentheses += line.count("(") - line.count(")")
            continue
        if not fields:
            continue
        if fields[0].upper() == "$ORIGIN" and len(fields) == _FIRST:
            origin = fields[1].lower().strip(".")
            continue
        if fields[0].startswith("$"):
            continue
        open_parentheses = max(0, line.count("(") - line.count(")"))
        rest = fields if line[0].isspace() else fields[1:]
        kind = next((field.lower() for field in rest[:3] if field.lower() in _TYPES), None)
        if not line[0].isspace():
            owner = _owner(fields[0], origin if kind is not None else "")
        if kind == "soa":
            zones.add(owner)
        elif (kind == "ns" and owner not in zones) or (kind is None and not open_parentheses and len(fields) == 1):
            named = owner if kind == "ns" else _parsed(fields[0])
            if named is not None:
                digests.append(_digest(named))


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
