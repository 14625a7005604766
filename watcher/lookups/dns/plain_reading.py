"""A set of records read by hand: what costs too much to read in full may still be a set that mail servers use.

A dozen decoys with names of a hundred labels are legal beside a live exchange, and must not hide it. Linear in the
reply: at most four thousand records of at most 127 labels, about a tenth of a second.
"""

import ipaddress
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import dns.name

from watcher.core.mail.dns import Question, RRType

MOST_TEXT = 64 * 1024
"""Characters of all exchanges together. None may be left out: it could be the live one beside hundreds of dead ones."""

_HEADER_SIZE = 12
_POINTER = 0xC0
_OWNER_IS_NAME = b"\xc0\x0c"
_LONGEST_NAME = 254
_IN = 1
_MAX_TTL = 2**31 - 1
_CNAME = 5
_MOST_ALIASES = 16
_NUMBER = {RRType.A: 1, RRType.MX: 15, RRType.AAAA: 28}
_USUAL = re.compile(rb"[a-z0-9_-]+\Z")


@dataclass(slots=True)
class Plain:
    """A plain answer: the records, the aliases on the way to them, the smallest TTL of both."""

    records: tuple[str, ...]
    chain: tuple[str, ...]
    ttl: int


def read_plainly(wire: bytes, question: Question) -> Plain:
    """Read an answer that is one set of MX, A or AAAA records, of the name or of its alias's target.

    Exchanges are once each, the best first. Raises ValueError, IndexError or struct.error for anything else, for what
    is broken, and for exchanges of more than MOST_TEXT.
    """
    if wire[2] & 0x02 or wire[3] & 0x0F or wire[4:6] != b"\x00\x01":
        raise ValueError("cut, a failure, or not one question")
    asked, at = _name(wire, _HEADER_SIZE)
    aliases: dict[str, str] = {}
    owners: set[str] = set()
    exchanges: dict[str, int] = {}
    addresses: dict[str, None] = {}
    ttl = _MAX_TTL
    for owner, rdtype, seconds, start, end in _records(wire, at + 4, asked):
        ttl = min(ttl, seconds if seconds <= _MAX_TTL else 0)
        if rdtype == _CNAME and owner not in aliases:
            aliases[owner] = _filling(wire, start, end)
            continue
        if rdtype != _NUMBER.get(question.type):
            raise ValueError("more than one set")
        owners.add(owner)
        if question.type is RRType.MX:
            host, preference = _filling(wire, start + 2, end), struct.unpack_from(">H", wire, start)[0]
            exchanges[host] = min(preference, exchanges.get(host, preference))
        else:
            addresses[str(ipaddress.ip_address(wire[start:end]))] = None
    chain = [asked]
    while chain[-1] in aliases and len(chain) <= _MOST_ALIASES:
        chain.append(aliases[chain[-1]])
    if owners != {chain[-1]} or chain[-1] in aliases or sum(map(len, exchanges)) > MOST_TEXT:
        raise ValueError("no set of the name's, or too many exchanges with long names")
    best = sorted((preference, host) for host, preference in exchanges.items())
    records = tuple(f"{preference} {host}" for preference, host in best) or tuple(addresses)
    return Plain(records, tuple(chain[1:]), ttl)


def _records(wire: bytes, at: int, asked: str) -> Iterator[tuple[str, int, int, int, int]]:
    """Of each record in the answer: owner, type, TTL, and where its data begin and end."""
    for _ in range(struct.unpack_from(">H", wire, 6)[0]):
        if wire[at : at + 2] == _OWNER_IS_NAME:
            owner, at = asked, at + 2
        else:
            owner, at = _name(wire, at)
        rdtype, rdclass, seconds, size = struct.unpack_from(">HHIH", wire, at)
        if rdclass != _IN:
            raise ValueError("not of the Internet")
        yield owner, rdtype, seconds, at + 10, at + 10 + size
        at += 10 + size


def _filling(wire: bytes, start: int, end: int) -> str:
    """Return the name between `start` and `end`. Raises ValueError where it ends elsewhere."""
    name, found = _name(wire, start)
    if found != end:
        raise ValueError("a name is longer or shorter than its record says")
    return name


def _name(wire: bytes, at: int) -> tuple[str, int]:
    """Return the name at `at` in presentation form (lower case, no final dot, the root "."), and where it ends."""
    labels: list[bytes] = []
    end, size = 0, 0
    while (length := wire[at]) != 0:
        if length >= _POINTER:
            end = end or at + 2
            target = (length & 0x3F) << 8 | wire[at + 1]
            if target >= at:
                raise ValueError("a name points forwards")
            at = target
            continue
        size += length + 1
        if length >= 0x40 or size > _LONGEST_NAME:  # noqa: PLR2004 (RFC 1035 4.1.4: no such label)
            raise ValueError("no label, or a name that is too long")
        label = wire[at + 1 : at + 1 + length]
        if len(label) != length:
            raise IndexError("a name is cut")
        labels.append(label.lower())
        at += length + 1
    end = end or at + 1
    if not labels:
        return ".", end
    if all(map(_USUAL.match, labels)):
        return b".".join(labels).decode("ascii"), end
    return dns.name.Name([*labels, b""]).to_text(omit_final_dot=True).lower(), end
