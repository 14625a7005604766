"""Names that exist: a list of any common form, or a complete zone file as registries publish them.

A zone file holds all that exists right below its zone, so what it lacks does not. Of anything else it says nothing.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from watcher.core.errors import ConfigurationError
from watcher.core.names.lines import LONGEST
from watcher.core.names.lists import ListTally, NamesList
from watcher.feeds.lists import read_blocks

_TYPES = frozenset(
    {
        *("a", "aaaa", "caa", "cdnskey", "cds", "cname", "csync", "dname", "dnskey", "ds", "hinfo", "https", "loc"),
        *("mx", "naptr", "ns", "nsec", "nsec3", "nsec3param", "ptr", "rp", "rrsig", "soa", "spf", "srv", "sshfp"),
        *("svcb", "tlsa", "txt", "uri", "zonemd"),
    }
)
UNDELEGATED = frozenset({"a", "aaaa", "cname", "dname", "mx"})
"""Some registries take these right below their zone: such a name exists, and may have mail, without a delegation."""
_FIRST = 2
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"?|\\.')
_COMMENT = re.compile(r"(?:;|(?<!\S)#).*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ExistingNames:
    """`zones` are those that the feed holds completely. Eight bytes a name; a false hit is one in 10^11 lookups.

    `digests` holds one of each name, sorted; they are good in this process alone.
    """

    digests: "array[int]"
    zones: frozenset[str]

    def __contains__(self, name: str) -> bool:
        """Return whether it is named."""
        digest = hash(name)
        place = bisect_left(self.digests, digest)
        return place < len(self.digests) and self.digests[place] == digest

    def __len__(self) -> int:
        return len(self.digests)

    def denies(self, name: str) -> bool:
        """Return whether a complete zone lacks this name right below it."""
        return name.partition(".")[2] in self.zones and name not in self


def read_existing(files: Iterable[Path], tally: ListTally | None = None) -> ExistingNames:
    """Return the names that `files` hold together; `-` is standard input. `tally` counts what was read and left out.

    Raises ConfigurationError for a file that cannot be read to its end.
    """
    from watcher.feeds.zone_lines import zone_names  # noqa: PLC0415 (it reads by this module where it must)

    digests = array("q")
    zones: set[str] = set()
    tally = tally or ListTally()
    for file in files:
        shown = "standard input" if str(file) == "-" else str(file)
        try:
            for names in zone_names(read_blocks(file), zones, tally):
                digests.extend(map(hash, names))
        except ConfigurationError as error:
            raise ConfigurationError("sweep.names", f"{shown} {error.why}") from error
    return ExistingNames(sorted_digests(digests), frozenset(zones))


def digests(names: Iterable[str]) -> ExistingNames:
    """The names, as `read_existing` keeps them; complete for no zone."""
    return ExistingNames(sorted_digests(array("q", map(hash, names))), frozenset())


def sorted_digests(found: "array[int]") -> "array[int]":
    """Return the digests sorted, each once; the array that is given is sorted in place."""
    import numpy as np  # noqa: PLC0415 (only where names are many)

    if not found:
        return found
    view = np.frombuffer(found, dtype=np.int64)
    view.sort()
    fresh = np.empty(len(view), dtype=bool)
    fresh[0] = True
    np.not_equal(view[1:], view[:-1], out=fresh[1:])
    count = int(fresh.sum())
    if count < len(view):
        view[:count] = view[fresh]
        del view
        del found[count:]
    return found


def existing_in(lines: Iterable[str], zones: set[str], tally: ListTally, owner: str = "") -> Iterator[str]:
    """The names that `lines` of a list or zone file show to exist, in order; the zones they begin go to `zones`.

    `owner`: of the record before the first line.
    """
    origin, noted = "", "\n\n"
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
    return kind in UNDELEGATED and owner.partition(".")[2] in zones


def _owner(text: str, origin: str) -> str:
    text = text.lower()
    if text == "@":
        return origin
    if text.endswith("."):
        return text[:-1]
    return f"{text}.{origin}" if origin else text
