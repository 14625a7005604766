"""Zone files in the form that ICANN prescribes, read fast: one record a line, tabs, lower case, whole names.

(Registry Agreement, Specification 4, section 2.1.) A block of lines that has another form ends the fast way: it and all
that follows is read by `names.existing_in`, which reads any master file and is the reference for this one.
"""

import re
from collections.abc import Iterable, Iterator

from watcher.core.names.lists import ListTally
from watcher.feeds.lists import lines_of
from watcher.feeds.names import UNDELEGATED, existing_in

_OWNERS = re.compile(rb"^([^\t\n]+)\.\t[0-9]+\tin\tns\t[^\n]*\n(?:\1\.\t[^\n]*\n)*", re.MULTILINE)
_SOA = re.compile(rb"^([^\t\n]+)\.\t[0-9]+\tin\tsoa\t", re.MULTILINE)
_OTHER = re.compile(rb"\tin\t(?:(?:%s)\t|(?![a-z0-9]+\t))" % "|".join(sorted(UNDELEGATED)).encode())
_ANY = len(b"\tin\t")
_MARKS = (b"(", b")", b";", b"$", b'"', b"\\", b"#", b"@", b"\r")
"""What may have a meaning of its own in a master file."""


def zone_names(blocks: Iterable[bytes], zones: set[str], tally: ListTally) -> Iterator[list[str]]:
    """Yield the names that blocks of whole lines show to exist, as `existing_in` does; adjacent ones are told once."""
    last = b""
    left = iter(blocks)
    for block in left:
        read = _read(block, zones)
        if read is None:
            owner = last[: last.find(b"\t")].rstrip(b".").decode("utf-8", "replace") if last else ""
            lines = (line for part in _chained(block, left) for line in lines_of(part))
            yield from _carefully(lines, zones, tally, owner)
            return
        names, lines_read = read
        tally.lines += lines_read
        tally.named += len(names)
        last = block[block.rfind(b"\n", 0, -1) + 1 :]
        if names:
            yield names


def _read(block: bytes, zones: set[str]) -> tuple[list[str], int] | None:
    """Return the names of a block and the number of its lines; None where it has another form."""
    lines = block.count(b"\n")
    regular = block.count(b"\t") == 4 * lines and block.count(b".\t") == lines and block.count(b"\tin\t") == lines
    if not regular or any(mark in block for mark in _MARKS) or b"\n." in block or block[:1] == b".":
        return None
    if b"\tsoa\t" in block:
        zones.update(found.decode("utf-8", "replace") for found in _SOA.findall(block))
    owners = _OWNERS.findall(block)
    for found in _OTHER.finditer(block):
        if found.end() - found.start() == _ANY:
            return None  # a type that is not written in lower case
        start = block.rfind(b"\n", 0, found.start()) + 1
        owner = block[start : block.find(b".\t", start)]
        if owner.partition(b".")[2].decode("utf-8", "replace") in zones:
            owners.append(owner)
    text = b"\n".join(owners).decode("utf-8", "replace").lower()
    if " " in text:
        return None
    names = text.split("\n") if text else []
    if not zones.isdisjoint(names):
        names = [name for name in names if name not in zones]
    return names, lines


def _carefully(lines: Iterable[str], zones: set[str], tally: ListTally, owner: str) -> Iterator[list[str]]:
    some: list[str] = []
    for name in existing_in(lines, zones, tally, owner):
        some.append(name)
        if len(some) >= 10_000:  # noqa: PLR2004 (a block)
            yield some
            some = []
    yield some


def _chained(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others
