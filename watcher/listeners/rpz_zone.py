"""The response policy zone on the wire: records made once for each serial, shared by all transfers.

Every owner name ends with a pointer to the zone's name in the question, which every message repeats at the same place.
A piece of records therefore fits into any message of any transfer, and 50 transfers hold one copy.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from struct import pack

from watcher.exports.form import CANARIES, RpzAction, is_host, sentence_about
from watcher.exports.rpz import EXPIRE, REFRESH, RETRY, TTL, action_on
from watcher.store.block_list import ZoneName

ZONE_POINTER = b"\xc0\x0c"
"""A pointer to the question's name, right behind the header of 12 octets."""
SOA, NS, CNAME, MX, TXT = 6, 2, 5, 15, 16
_IN = 1
_MOST_OCTETS = 255
_PIECE = 32_000
_TEXTS = 2
"""The edition of the texts in the zone: after another one the history of the zone is of no use."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some records on the wire, and how many they are."""

    records: bytes
    count: int


@dataclass(frozen=True, slots=True)
class ZoneShape:
    """The values that a zone is made from, beside the names."""

    zone: str
    action: RpzAction

    def __str__(self) -> str:
        return f"{self.zone} {self.action.value} {TTL} {_TEXTS}"


@dataclass(frozen=True, slots=True)
class ZoneImage:
    """The whole zone at one serial: the SOA record, and all others in pieces."""

    serial: int
    soa: bytes
    pieces: tuple[Piece, ...]
    names: int


def zone_image(serial: int, names: Iterable[ZoneName], shape: ZoneShape) -> ZoneImage:
    """Return the zone that holds `names`; those that do not fit below the zone's name are left out."""
    fitting = [row for row in names if fits(row.name, shape.zone)]
    canaries = b"".join(_record(_labels(canary), TXT, _text("watcher")) for canary in CANARIES)
    apex = Piece(_record(b"", NS, _name("localhost")) + canaries, 1 + len(CANARIES))
    pieces = (apex, *record_pieces(fitting, shape))
    return ZoneImage(serial, soa_record(serial), pieces, len(fitting))


def fits(name: str, zone: str) -> bool:
    """Return whether the name and its hosts can stand below `zone`."""
    return is_host(name) and len(name) + len(zone) + 5 <= _MOST_OCTETS


def record_pieces(names: Iterable[ZoneName], shape: ZoneShape) -> Iterator[Piece]:
    """Yield the records of `names` in pieces that leave room in a message."""
    held: list[bytes] = []
    size = count = 0
    for row in names:
        records, number = _records(row, shape.action)
        if size + len(records) > _PIECE:
            yield Piece(b"".join(held), count)
            held, size, count = [], 0, 0
        held.append(records)
        size += len(records)
        count += number
    if held:
        yield Piece(b"".join(held), count)


def soa_record(serial: int) -> bytes:
    """Return the zone's SOA record."""
    numbers = pack("!IIIII", serial, REFRESH, RETRY, EXPIRE, TTL)
    return _record(b"", SOA, _name("localhost") + _name("hostmaster.watcher.invalid") + numbers)


def _records(row: ZoneName, action: RpzAction) -> tuple[bytes, int]:
    owner = _labels(row.name)
    match action_on(row.name, action):
        case RpzAction.NXDOMAIN:
            rest = _ALIAS_OF_NOTHING
        case RpzAction.NODATA:
            rest = _ALIAS_OF_ANYTHING
        case RpzAction.CLEAR_BOUNCE:
            text = _tail(TXT, _text(sentence_about(row.name, row.protected)))
            wild = b"\x01*" + owner
            return owner + _NULL_MX + owner + text + wild + _NULL_MX + wild + text, 4
    return owner + rest + b"\x01*" + owner + rest, 2


def _labels(name: str) -> bytes:
    return b"".join(bytes((len(label),)) + label.encode("ascii") for label in name.split("."))


def _name(name: str) -> bytes:
    return _labels(name) + b"\0"


def _text(text: str) -> bytes:
    data = text.encode("ascii")
    strings = (data[start : start + 255] for start in range(0, len(data), 255))
    return b"".join(bytes((len(string),)) + string for string in strings)


def _tail(kind: int, rdata: bytes) -> bytes:
    """Return what follows the labels of an owner name below the zone."""
    return ZONE_POINTER + pack("!HHIH", kind, _IN, TTL, len(rdata)) + rdata


def _record(labels: bytes, kind: int, rdata: bytes) -> bytes:
    return labels + _tail(kind, rdata)


_ALIAS_OF_NOTHING = _tail(CNAME, b"\0")
_ALIAS_OF_ANYTHING = _tail(CNAME, b"\x01*\0")
_NULL_MX = _tail(MX, b"\0\0\0")
