"""Zone transfers on the wire, read for their owners alone: no record is decoded that says nothing of what exists.

A library that decodes every record takes some 280 µs for each delegation. Only the owner, the type, and the serial of
the SOA matter here.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from watcher.core.errors import FeedFailed

NS, SOA, TSIG = 2, 6, 250
_UNDELEGATED = frozenset({1, 5, 15, 28, 39})
"""A, CNAME, MX, AAAA, DNAME: right below some zones, such a name exists without a delegation."""
_HEADER, _POINTER, _LONGEST = 12, 0xC0, 255
_RECORD = struct.Struct("!HHIH")


@dataclass(slots=True)
class TransferReading:
    """The records of a transfer of `zone` (A-label form, no final dot). The transfer is over at the second SOA.

    Addresses of the zone's own nameservers are no names that somebody registered.
    """

    zone: str
    server: str
    serial: int | None = None
    soas: int = 0
    _last: str = ""
    _servers: set[str] = field(default_factory=set)
    _names: dict[int, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Return whether the transfer has ended."""
        return self.soas > 1

    def read(self, wire: bytes) -> tuple[list[str], int]:
        """Return the names below the zone in a message, and where its TSIG record begins (its length: nowhere).

        Raises FeedFailed for what is no part of a transfer.
        """
        try:
            return self._read(wire)
        except (struct.error, IndexError, RecursionError) as error:
            raise FeedFailed(f"{self.server} sent a message that cannot be read") from error

    def _read(self, wire: bytes) -> tuple[list[str], int]:
        _, flags, questions, answers, authorities, additional = struct.unpack_from("!6H", wire)
        if flags & 0xF:
            raise FeedFailed(f"{self.server} refuses the transfer ({_RCODES.get(flags & 0xF, flags & 0xF)})")
        if not flags & 0x8000 or not answers:
            raise FeedFailed(f"{self.server} sent no transfer")
        self._names.clear()
        at = _HEADER
        for _ in range(questions):
            at = self._name(wire, at)[1] + 4
        found: list[str] = []
        for _ in range(answers):
            owner, at = self._name(wire, at)
            kind, _class, _ttl, length = _RECORD.unpack_from(wire, at)
            start = at + 10
            at = start + length
            if at > len(wire):
                raise IndexError
            if owner != self._last and self._shows(owner, kind, wire, start):
                self._last = owner
                found.append(owner)
        return found, self._signature(wire, at, authorities + additional)

    def _shows(self, owner: str, kind: int, wire: bytes, start: int) -> bool:
        """Return whether a record shows that its owner exists below the zone; note the records of the zone itself."""
        if owner == self.zone:
            if kind == SOA:
                self._close(wire, start)
            elif kind == NS:
                self._servers.add(self._name(wire, start)[0])
        if self.soas != 1 and not self.over:
            raise FeedFailed("the transfer does not begin with the SOA")
        return (kind == NS or kind in _UNDELEGATED) and "?" not in owner and self._exists(owner, kind)

    def _exists(self, owner: str, kind: int) -> bool:
        if kind == NS:
            return owner.endswith("." + self.zone)
        return owner.partition(".")[2] == self.zone and owner not in self._servers

    def _close(self, wire: bytes, start: int) -> None:
        at = self._name(wire, self._name(wire, start)[1])[1]
        (serial,) = struct.unpack_from("!I", wire, at)
        if self.serial is not None and serial != self.serial:
            raise FeedFailed("the zone changed while it was sent")
        self.serial = serial
        self.soas += 1

    def _signature(self, wire: bytes, at: int, records: int) -> int:
        for _ in range(records):
            start = at
            at = self._name(wire, at)[1]
            kind, _class, _ttl, length = _RECORD.unpack_from(wire, at)
            at += 10 + length
            if kind == TSIG:
                return start
        return len(wire)

    def _name(self, wire: bytes, at: int) -> tuple[str, int]:
        """Return the name at a place, in lower case, and the place behind it."""
        first = wire[at]
        if first >= _POINTER:
            place = (first & 0x3F) << 8 | wire[at + 1]
            known = self._names.get(place)
            if known is None:
                if place >= at:
                    raise IndexError
                known = self._names[place] = self._name(wire, place)[0]
            return known, at + 2
        labels: list[str] = []
        place, length, rest = at, 0, ""
        while (size := wire[place]) != 0:
            if size >= _POINTER:
                rest, place = self._name(wire, place)
                place -= 1
                break
            if size > 63:  # noqa: PLR2004 (RFC 1035 section 3.1)
                raise IndexError
            labels.append(_label(wire[place + 1 : place + 1 + size]))
            place += 1 + size
            length += 1 + size
            if length > _LONGEST:
                raise IndexError
        if rest:
            labels.append(rest)
        name = ".".join(labels)
        if len(name) > 4 * _LONGEST:
            raise IndexError
        self._names[at] = name
        return name, place + 1


_RCODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH", 10: "NOTZONE"}


def _label(raw: bytes) -> str:
    """Return a label as text, in lower case; what a name of hosts never holds becomes `?`."""
    text = raw.decode("ascii", "replace").lower()
    return text if text.replace("-", "").replace("_", "").isalnum() else "".join(_shown(text))


def _shown(text: str) -> Iterator[str]:
    for character in text:
        yield character if character.isascii() and (character.isalnum() or character in "-_*") else "?"
