"""Answers of the zone server: from a question's octets to the messages of its answer. No input or output.

SOA, AXFR (RFC 5936), IXFR (RFC 1995); everything else is refused. A transfer is given to who signs with the key (RFC
8945), or asks from a listed address. Each message of a signed transfer is signed.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from struct import pack
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.tsig

from watcher.listeners.rpz_zone import Piece, ZoneImage, ZoneShape, fits, record_pieces, soa_record
from watcher.services.blocking.publish import Difference, is_later

_OPT = b"\0" + pack("!HHIH", dns.rdatatype.OPT, 1232, 0, 0)
_FUDGE = 300
_KINDS = frozenset({dns.rdatatype.SOA, dns.rdatatype.AXFR, dns.rdatatype.IXFR})
_KINDS_OVER_UDP = frozenset({dns.rdatatype.SOA, dns.rdatatype.IXFR})
"""IXFR over UDP is answered with the SOA alone, which sends the client to TCP (RFC 1995 2)."""


@dataclass(frozen=True, slots=True)
class Access:
    """The permission to transfer: for all who sign with `key`, and without a signature for the addresses in `allow`."""

    key: dns.tsig.Key | None = None
    allow: tuple[IPv4Network | IPv6Network, ...] = ()

    def allows(self, address: str) -> bool:
        """Return whether this address needs no signature."""
        peer = ip_address(address.partition("%")[0])
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return any(peer in network for network in self.allow if peer.version == network.version)


@dataclass(frozen=True, slots=True)
class Served:
    """The source of answers: the zone as it is now, and the differences that lead to it."""

    shape: ZoneShape
    image: ZoneImage
    access: Access
    difference: Callable[[int], Awaitable[Difference | None]]

    @property
    def origin(self) -> dns.name.Name:
        """The zone's name."""
        return dns.name.from_text(self.shape.zone)


Messages = Iterator[bytes]


class ZoneAnswer(NamedTuple):
    """The messages of an answer.

    `asker` is the key that signed, or an empty text; None where the client did not ask for our zone or may not have it.
    """

    messages: Messages
    asker: str | None = None
    transfer: bool = False


async def answer_to(wire: bytes, address: str, served: Served, *, udp: bool) -> ZoneAnswer | None:
    """Return the answer; None where nothing is answered, since this is no question at all."""
    query = _read(wire, served.access.key)
    if isinstance(query, int):
        return _refusal(wire, query)
    if query.flags & dns.flags.QR:
        return None
    frame = _Frame(query, served.access.key)
    kind = query.question[0].rdtype
    may = query.had_tsig or served.access.allows(address)
    known = _KINDS_OVER_UDP if udp else _KINDS
    if query.question[0].name != served.origin or not may or kind not in known:
        return ZoneAnswer(iter((frame.message(rcode=dns.rcode.REFUSED),)))
    asker = str(query.keyname).rstrip(".") if query.had_tsig else ""
    soa = Piece(served.image.soa, 1)
    if kind == dns.rdatatype.SOA or udp:
        return ZoneAnswer(iter((frame.message(soa),)), asker)
    if kind == dns.rdatatype.IXFR:
        pieces = await _incremental(query, served)
        if pieces is not None:
            return ZoneAnswer(frame.messages(pieces), asker, transfer=True)
    return ZoneAnswer(frame.messages((soa, *served.image.pieces, soa)), asker, transfer=True)


def _read(wire: bytes, key: dns.tsig.Key | None) -> dns.message.Message | int:
    """Return the question; the code of the refusal where it cannot be read, or its signature is wrong."""
    try:
        query = dns.message.from_wire(wire, keyring=key, one_rr_per_rrset=True)
    except (dns.message.UnknownTSIGKey, dns.tsig.BadTime, dns.tsig.BadSignature, dns.tsig.BadKey, dns.tsig.PeerError):
        return dns.rcode.NOTAUTH
    except (dns.exception.DNSException, ValueError, KeyError, IndexError):
        return dns.rcode.FORMERR
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    return query if len(query.question) == 1 else dns.rcode.FORMERR


async def _incremental(query: dns.message.Message, served: Served) -> tuple[Piece, ...] | None:
    """Return what leads from the client's serial to ours; None where only the whole zone does."""
    held = next(
        (rdata.serial for rrset in query.authority for rdata in rrset if rrset.rdtype == dns.rdatatype.SOA), None
    )
    new = Piece(served.image.soa, 1)
    if held is None:
        return None
    if held == served.image.serial or is_later(held, served.image.serial):
        return (new,)
    difference = await served.difference(held)
    if difference is None or difference.new != served.image.serial:
        return None
    removed, added = (
        [row for row in rows if fits(row.name, served.shape.zone)] for rows in (difference.removed, difference.added)
    )
    if len(removed) + len(added) >= served.image.names:
        return None
    old = Piece(soa_record(held), 1)
    return (new, old, *record_pieces(removed, served.shape), new, *record_pieces(added, served.shape), new)


def _refusal(wire: bytes, rcode: int) -> ZoneAnswer | None:
    """Return an answer to something whose question may not even be readable: the header alone."""
    if len(wire) < 12 or wire[2] & 0x80:  # noqa: PLR2004 (a header; an answer is never answered)
        return None
    flags = (wire[2] << 8 & 0x7900) | 0x8000 | rcode
    return ZoneAnswer(iter((wire[:2] + pack("!HHHHH", flags, 0, 0, 0, 0),)))


class _Frame:
    """Puts pieces of records into messages that answer one query, signed where the query was."""

    def __init__(self, query: dns.message.Message, key: dns.tsig.Key | None) -> None:
        self._query = query
        self._key = key if query.had_tsig else None
        question = query.question[0]
        self._question = (question.name.to_wire() or b"") + pack("!HH", question.rdtype, question.rdclass)
        self._opt = _OPT if query.edns >= 0 else b""
        self._context: object = None

    def messages(self, pieces: tuple[Piece, ...]) -> Messages:
        """Yield the messages of a transfer: small pieces together, large ones alone."""
        held: list[Piece] = []
        size = 0
        for piece in pieces:
            if held and size + len(piece.records) > 48_000:  # noqa: PLR2004 (a message holds 65,535 octets)
                yield self.message(*held, many=True)
                held, size = [], 0
            held.append(piece)
            size += len(piece.records)
        yield self.message(*held, many=True)

    def message(self, *pieces: Piece, rcode: int = 0, many: bool = False) -> bytes:
        """Return one message; `many`: it may be one of several."""
        answers = sum(piece.count for piece in pieces)
        flags = 0x8400 | rcode if pieces else 0x8000 | rcode
        head = pack("!HHHHHH", self._query.id, flags, 1, answers, 0, 1 if self._opt else 0)
        wire = b"".join((head, self._question, *(piece.records for piece in pieces), self._opt))
        return wire if self._key is None else self._signed(wire, many=many)

    def _signed(self, wire: bytes, *, many: bool) -> bytes:
        key = self._key
        assert key is not None  # noqa: S101 (asked by the caller)
        blank = dns.rdtypes.ANY.TSIG.TSIG(  # type: ignore[no-untyped-call]
            dns.rdataclass.ANY, dns.rdatatype.TSIG, key.algorithm, 0, _FUDGE, b"", self._query.id, 0, b""
        )
        signed, self._context = dns.tsig.sign(  # type: ignore[no-untyped-call]
            wire, key, blank, int(time.time()), self._query.mac, self._context, many
        )
        rdata: bytes = signed.to_wire()
        record = (
            (key.name.to_wire() or b"") + pack("!HHIH", dns.rdatatype.TSIG, dns.rdataclass.ANY, 0, len(rdata)) + rdata
        )
        additional = int.from_bytes(wire[10:12]) + 1
        return wire[:10] + pack("!H", additional) + wire[12:] + record
