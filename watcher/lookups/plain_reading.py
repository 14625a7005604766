"""A set of records read by hand: what costs too much to read in full may still be a set that mail servers use.

A dozen decoys with names of a hundred labels are legal beside a live exchange, and must not hide it. Linear in the
reply: at most four thousand records of at most 127 labels, about a tenth of a second.
"""

import ipaddress
import re
import struct

import dns.name

from watcher.core.dns import Question, RRType

MOST_TEXT = 64 * 1024
"""Characters of all exchanges together. None may be left out: it could be the live one beside hundreds of dead ones."""

_HEADER_SIZE = 12
_POINTER = 0xC0
_OWNER_IS_NAME = b"\xc0\x0c"
_LONGEST_NAME = 254
_IN = 1
_MAX_TTL = 2**31 - 1
_NUMBER = {RRType.A: 1, RRType.MX: 15, RRType.AAAA: 28}
_USUAL = re.compile(rb"[a-z0-9_-]+\Z")


def read_plainly(wire: bytes, question: Question) -> tuple[tuple[str, ...], int] | None:
    """The records and their TTL where the answer is one set of MX, A or AAAA records of the name itself, else None.

    Exchanges are once each, the best first. Raises IndexError, ValueError or struct.error for what is broken, and
    ValueError for exchanges of more than MOST_TEXT.
    """
    number = _NUMBER.get(question.type)
    cut_or_failed = wire[2] & 0x02 or wire[3] & 0x0F
    if number is None or cut_or_failed or wire[4:6] != b"\x00\x01":
        return None
    asked, at = _name(wire, _HEADER_SIZE)
    at += 4
    exchanges: dict[str, int] = {}
    addresses: dict[str, None] = {}
    ttl = _MAX_TTL
    for _ in range(struct.unpack_from(">H", wire, 6)[0]):
        if wire[at : at + 2] == _OWNER_IS_NAME:
            owner, at = asked, at + 2
        else:
            owner, at = _name(wire, at)
        rdtype, rdclass, seconds, size = struct.unpack_from(">HHIH", wire, at)
        at += 10
        if (owner, rdtype, rdclass) != (asked, number, _IN):
            return None
        ttl = min(ttl, seconds if seconds <= _MAX_TTL else 0)
        if question.type is RRType.MX:
            host, end = _name(wire, at + 2)
            if end != at + size:
                raise ValueError("an exchange is longer or shorter than it says")
            preference = struct.unpack_from(">H", wire, at)[0]
            exchanges[host] = min(preference, exchanges.get(host, preference))
        else:
            addresses[str(ipaddress.ip_address(wire[at : at + size]))] = None
        at += size
    if sum(map(len, exchanges)) > MOST_TEXT:
        raise ValueError("too many exchanges with long names")
    best = sorted((preference, host) for host, preference in exchanges.items())
    records = tuple(f"{preference} {host}" for preference, host in best) or tuple(addresses)
    return (records, ttl) if records else None


def _name(wire: bytes, at: int) -> tuple[str, int]:
    """The name at `at` in presentation form (lower case, no final dot, the root "."), and where it ends."""
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
