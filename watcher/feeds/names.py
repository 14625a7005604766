"""Names that exist: a list of any common form, or a complete zone file as registries publish them.

A zone file holds all that exists right below its zone, so what it lacks does not. Of anything else it says nothing.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from watcher.core.errors import ConfigurationError
from watcher.core.names.lines import LONGEST
from watcher.core.names.lists import ListTally, NamesList
from watcher.feeds.lists import read_lines

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
        """Return whether it is named."""
        digest = _digest(name)
        part = self.parts[digest >> 56]
        place = bisect_left(part, digest)
        return place < len(part) and part[place] == digest

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def denies(self, name: str) -> bool:
        """Return whether a complete zone lacks this name right below it."""
        return name.partition(".")[2] in self.zones and name not in self


def read_existing(files: Iterable[Path], tally: ListTally | None = None) -> ExistingNames:
    """Return the names that `files` hold together; `-` is standard input. `tally` counts what was read and left out.

    Raises ConfigurationError for a file that cannot be read to its end.
    """
    parts = [array("Q") for _ in range(_PARTS)]
    zones: set[str] = set()
    tally = tally or ListTally()
    for file in files:
        shown = "standard input" if str(file) == "-" else str(file)
        try:
            _read(read_lines(file), parts, zones, tally)
        except ConfigurationError as error:
            raise ConfigurationError("sweep.names", f"{shown} {error.why}") from error
    for number, part in enumerate(parts):  # one after the other: as objects, to be sorted, they take ten times the room
        parts[number] = array("Q", sorted(set(part)))
    return ExistingNames(parts, frozenset(zones))


def _read(lines: Iterable[str], parts: "Sequence[array[int]]", zones: set[str], tally: ListTally) -> None:
    for name in existing_in(lines, zones, tally):
        _note(name, parts)


def existing_in(lines: Iterable[str], zones: set[str], tally: ListTally) -> Iterator[str]:
    """The names that `lines` of a list or zone file show to exist, in order; the zones they begin go to `zones`."""
    origin, owner, noted = "", "", "\n\n"
    listed = NamesList()
    listed.tally = tally
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
            yield owner
            noted = raw[: len(fields[0]) + 1] if begins else noted
            tally.named += 1
        elif (kind is None and ends) or (kind == "cname" and fields[-1] == "."):
            yield from listed.names((raw,))


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
    """Return how many more brackets open than close in `line` (`raw` without its comment); those of texts do not count.

    A zone's customers write the texts: a bracket there must not hide the names after it.
    """
    if '"' in raw or "\\" in raw or "#" in raw:
        line = _COMMENT.sub("", _TEXT.sub("", raw))
    return line.count("(") - line.count(")")


def _shows(kind: str | None, owner: str, zones: Collection[str]) -> bool:
    """Return whether such a record shows that its owner exists."""
    if kind == "ns":
        return owner not in zones
    return kind in _UNDELEGATED and owner.partition(".")[2] in zones


def digests(names: Iterable[str]) -> ExistingNames:
    """The names, as `read_existing` keeps them; complete for no zone."""
    parts = [array("Q") for _ in range(_PARTS)]
    for name in names:
        _note(name, parts)
    for number, part in enumerate(parts):
        parts[number] = array("Q", sorted(set(part)))
    return ExistingNames(parts, frozenset())


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


def _digest(name: str) -> int:
    return int.from_bytes(blake2b(name.encode("ascii", "replace"), digest_size=8).digest(), "big")
