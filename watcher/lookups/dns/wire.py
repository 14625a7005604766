"""DNS messages: queries built by hand, replies checked by hand, and read in full only where they say something.

The first half is the sweep's hot path and therefore plain bytes (about 1 µs a message; dnspython needs 142 µs to read
a reply in full). Nothing in here trusts a byte: hostile input gives None, False or an outcome, never an exception.
"""

import struct
from datetime import datetime
from enum import Enum
from typing import Any

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.lookups.dns.plain_reading import read_plainly
from watcher.lookups.dns.reading_cost import too_costly

TYPE_IN = {
    RRType.A: b"\x00\x01\x00\x01",
    RRType.AAAA: b"\x00\x1c\x00\x01",
    RRType.MX: b"\x00\x0f\x00\x01",
    RRType.NS: b"\x00\x02\x00\x01",
    RRType.SOA: b"\x00\x06\x00\x01",
    RRType.TXT: b"\x00\x10\x00\x01",
    RRType.CNAME: b"\x00\x05\x00\x01",
    RRType.TLSA: b"\x00\x34\x00\x01",
}
"""QTYPE and QCLASS as they end a question."""

EDNS = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"
"""An OPT record: 1232 bytes of UDP payload (it passes every network unfragmented), version 0, DO=0, no options."""

_RD, _CD = 0x0100, 0x0010
HEADER = {
    (edns, disabled): struct.pack(">HHHHH", _RD | (_CD if disabled else 0), 1, 0, 0, int(edns))
    for edns in (True, False)
    for disabled in (True, False)
}
"""Flags and counts of a query, after its id, by (EDNS, CD)."""

PLAIN_HEADER = {edns: struct.pack(">HHHHH", 0, 1, 0, 0, int(edns)) for edns in (True, False)}
"""The same with RD=0, for servers that are asked what they know themselves."""

HEADER_SIZE = 12
MAX_CHAIN = 16
"""CNAME links followed in one answer (M23)."""

_CASE_BITS = bytes(0x20 if 65 <= byte <= 90 or 97 <= byte <= 122 else 0 for byte in range(256))  # noqa: PLR2004 (A-Z a-z)
LENGTH = {size: bytes([size]) for size in range(1, 64)}
"""The length byte of a label, by its number of bytes."""
MAX_NAME = 255
"""Bytes of a name (RFC 1035 2.3.4)."""
_SOA_IN = b"\x00\x06\x00\x01"
_POINTER = 0xC0
_OPT_ALONE = b"\x00\x00\x29"
_OPT_SIZE = 11
_MAX_TTL = 2**31 - 1
_FILTERS = frozenset({4, 15, 16, 17, 18})  # RFC 8914: forged answer, blocked, censored, filtered, prohibited
_PROHIBITED = 18
_BOGUS = frozenset({6, 7, 8, 9, 10, 12})  # RFC 8914: bogus, signature expired, not yet valid, keys or records missing
_NAME_ERRORS = (dns.exception.DNSException, UnicodeError, ValueError)

FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 1, 2, 3, 4, 5, 16
_FAILURES = {
    dns.rcode.FORMERR: Outcome.FORMERR,
    dns.rcode.NOTIMP: Outcome.NOTIMP,
    dns.rcode.REFUSED: Outcome.REFUSED,
    dns.rcode.BADVERS: Outcome.FORMERR,
}


def encode_name(name: str) -> bytes | None:
    """`name` (presentation form) in wire form, lower case; None where no such name can exist."""
    if name in {".", ""} or "\\" in name or name.endswith("."):
        try:
            return dns.name.from_text(name).canonicalize().to_wire()
        except _NAME_ERRORS:
            return None
    first, _, rest = name.partition(".")
    try:
        tail = _TAILS.get(rest) or _encode_tail(rest)
        wire = LENGTH[len(first)] + first.encode("ascii").lower() + tail
    except (UnicodeEncodeError, KeyError):
        return None
    return wire if len(wire) <= MAX_NAME else None


_TAILS: dict[str, bytes] = {"": b"\x00"}
"""The rest of a name after its first label, in wire form: a sweep's names share few suffixes."""
_MOST_TAILS = 20_000


def _encode_tail(rest: str) -> bytes:
    """Raises UnicodeEncodeError, or KeyError for a label that is none."""
    wire = b"".join([LENGTH[len(label)] + label for label in rest.encode("ascii").lower().split(b".")]) + b"\x00"
    if len(_TAILS) >= _MOST_TAILS:
        _TAILS.clear()
        _TAILS[""] = b"\x00"
    _TAILS[rest] = wire
    return wire


def randomise_case(qname: bytes, random: bytes) -> bytes:
    """`qname` with the case of every letter taken from `random` (at least as long): 0x20 against forged replies.

    Length bytes are below 64 and no letters, so the whole name is one number to flip bits in; so are many names, each
    with its type and class, which are no letters either.
    """
    size = len(qname)
    flips = int.from_bytes(qname.translate(_CASE_BITS), "big") & int.from_bytes(random[:size], "big")
    return (int.from_bytes(qname, "big") ^ flips).to_bytes(size, "big")


class Match(Enum):
    """The fit of a reply to the question that was asked with its id."""

    YES = "yes"
    CASE = "case"
    """The question is ours but for its letters' case: the server flattens it, or somebody guessed."""
    NO = "no"


def match(reply: bytes, question: bytes) -> Match:
    """Judge whether `reply` (its id checked already) answers `question` (name, type and class as sent)."""
    if len(reply) < HEADER_SIZE or reply[2] & 0xF8 != 0x80:  # noqa: PLR2004 (QR=1, opcode QUERY)
        return Match.NO
    end = HEADER_SIZE + len(question)
    if reply[4:6] == b"\x00\x01":
        asked = reply[HEADER_SIZE:end]
        if asked == question:
            return Match.YES
        if asked[-4:] == question[-4:] and asked.lower() == question.lower():
            return Match.CASE
        return Match.NO
    # An old server that does not know EDNS sends its complaint without the question (RFC 6891 7).
    bare = reply[4:6] == b"\x00\x00" and reply[3] & 0x0F in (FORMERR, NOTIMP)
    return Match.YES if bare else Match.NO


def rcode(reply: bytes) -> int:
    """Return the four RCODE bits of the header."""
    return reply[3] & 0x0F


def authoritative(reply: bytes) -> bool:
    """Return whether the reply has AA set: the server speaks for the zone, and does not merely refer to others."""
    return reply[2] & 0x04 != 0


def truncated(reply: bytes) -> bool:
    """Return whether the reply has TC set: it must be asked again over TCP."""
    return reply[2] & 0x02 != 0


def clean_nxdomain(reply: bytes, question_size: int) -> int | None:  # noqa: PLR0911 (each is one way not to be clean)
    """Read by hand whether an NXDOMAIN reply is of the usual, clean form: no answers, one SOA, at most a bare OPT.

    Returns where the SOA's owner begins within the question's name (0: the name itself, larger: an ancestor,
    `question_size - 5`: the root). None: not of that form; read it in full.
    """
    at = HEADER_SIZE + question_size
    if reply[6:10] != b"\x00\x00\x00\x01" or len(reply) < at + 12:
        return None
    if reply[at] == 0:
        owner, at = question_size - 5, at + 1
    elif reply[at] == _POINTER:
        owner, at = reply[at + 1] - HEADER_SIZE, at + 2
        if not 0 <= owner < question_size - 5:
            return None
        label = 0  # the pointer must lead to the start of a label, or it is another name
        while label < owner:
            label += reply[HEADER_SIZE + label] + 1
        if label != owner:
            return None
    else:
        return None
    if reply[at : at + 4] != _SOA_IN or len(reply) < at + 10:
        return None
    at += 10 + (reply[at + 8] << 8 | reply[at + 9])
    if reply[10:12] == b"\x00\x00":
        return owner if at == len(reply) else None
    bare = len(reply) == at + _OPT_SIZE and reply[at : at + 3] == _OPT_ALONE and reply[-2:] == b"\x00\x00"
    return owner if bare and reply[10:12] == b"\x00\x01" and reply[at + 5] == 0 else None


def parse_answer(wire: bytes, question: Question, resolver: str, at: datetime) -> Answer:
    """Return the reply in full, its id and question already matched. A reply that cannot be read is FORMERR.

    So is one that would take too long to read (`reading_cost`), unless it is a set of exchanges or addresses alone,
    which is read by hand (`plain_reading`).

    `ttl` counts the chain's records too. An NXDOMAIN without an SOA that belongs to the name, or any reply marked
    by a filter (RFC 8914 codes 4 and 15-18), is FILTERED and carries no records (M62); its `soa` is the policy zone's.
    """
    try:
        if too_costly(wire):
            plain = read_plainly(wire, question)
            return Answer(question, Outcome.ANSWER, resolver, at, plain.records, plain.chain, ttl=plain.ttl)
        message = dns.message.from_wire(wire, ignore_trailing=True)
        return _read(message, question, resolver, at)
    except (dns.exception.DNSException, ValueError, struct.error, IndexError, KeyError):
        return Answer(question, Outcome.FORMERR, resolver, at)


def _read(  # noqa: PLR0911 (one for each thing that a reply can be)
    message: dns.message.Message, question: Question, resolver: str, at: datetime
) -> Answer:
    code = message.rcode()
    errors = tuple(int(option.code) for option in message.options if isinstance(option, dns.edns.EDEOption))

    def failed(outcome: Outcome, soa: str | None = None) -> Answer:
        return Answer(question, outcome, resolver, at, soa=soa, extended_errors=errors)

    if any(error in _FILTERS for error in errors) and not (code == dns.rcode.REFUSED and _PROHIBITED in errors):
        return failed(Outcome.FILTERED)
    if message.flags & dns.flags.TC:
        return failed(Outcome.TRUNCATED)
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        bogus = code == dns.rcode.SERVFAIL and not _BOGUS.isdisjoint(errors)
        return failed(Outcome.BOGUS if bogus else _FAILURES.get(code, Outcome.SERVFAIL))
    chain, end, looped, chain_ttls = _follow(message, dns.name.from_text(question.name), question.type)
    targets = tuple(name_text(name) for name in chain)
    if looped:
        return Answer(question, Outcome.SERVFAIL, resolver, at, chain=targets, extended_errors=errors)
    found = _rrset(message, end, dns.rdatatype.from_text(question.type.value))
    soa, negative_ttl = _soa(message, end)
    if found is not None:
        ttl = min([*chain_ttls, _sane(found.ttl)])
        records = tuple(_record(rdata) for rdata in found)
        return Answer(question, Outcome.ANSWER, resolver, at, records, targets, None, ttl, errors)
    if code == dns.rcode.NXDOMAIN and soa is None and not targets:
        return failed(Outcome.FILTERED, _policy_zone(message))
    outcome = Outcome.NXDOMAIN if code == dns.rcode.NXDOMAIN else Outcome.NODATA
    ttls = chain_ttls if negative_ttl is None else [*chain_ttls, negative_ttl]
    return Answer(question, outcome, resolver, at, (), targets, soa, min(ttls, default=0), errors)


def _follow(
    message: dns.message.Message, name: dns.name.Name, asked: RRType
) -> tuple[list[dns.name.Name], dns.name.Name, bool, list[int]]:
    """Return the targets in order, the last name, whether the chain loops (or is too long), and the TTLs."""
    chain: list[dns.name.Name] = []
    ttls: list[int] = []
    seen = {name}
    while asked is not RRType.CNAME:
        alias = _rrset(message, name, dns.rdatatype.CNAME)
        if alias is not None:
            target, ttl = alias[0].target, alias.ttl
        else:
            found = _dname(message, name)
            if found is None:
                return chain, name, False, ttls
            target, ttl = found
        chain.append(target)
        ttls.append(_sane(ttl))
        if target in seen or len(chain) > MAX_CHAIN:
            return chain, target, True, ttls
        seen.add(target)
        name = target
    return chain, name, False, ttls


def _dname(message: dns.message.Message, name: dns.name.Name) -> tuple[dns.name.Name, int] | None:
    """Return the name that a DNAME above `name` makes of it, where the server did not spell out the CNAME itself."""
    for rrset in message.answer:
        if rrset.rdtype == dns.rdatatype.DNAME and name != rrset.name and name.is_subdomain(rrset.name):
            return name.relativize(rrset.name).concatenate(rrset[0].target), rrset.ttl
    return None


def _rrset(
    message: dns.message.Message, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    for rrset in message.answer:
        if rrset.rdtype == rdtype and rrset.rdclass == dns.rdataclass.IN and rrset.name == name and len(rrset):
            return rrset
    return None


def _soa(message: dns.message.Message, name: dns.name.Name) -> tuple[str | None, int | None]:
    """Owner and negative TTL (RFC 2308: the smaller of the SOA's TTL and its MINIMUM) of the SOA that covers `name`."""
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA and len(rrset) and name.is_subdomain(rrset.name):
            return name_text(rrset.name), min(_sane(rrset.ttl), _sane(rrset[0].minimum))
    return None, None


def _policy_zone(message: dns.message.Message) -> str | None:
    """Return the owner of an SOA unrelated to the name: a policy zone's (BIND adds it at the very end)."""
    for rrset in (*message.authority, *message.additional):
        if rrset.rdtype == dns.rdatatype.SOA:
            return name_text(rrset.name)
    return None


def _record(rdata: Any) -> str:
    """Presentation form, names lower case without final dot. `Any`, since each record type has its own fields."""
    if rdata.rdtype == dns.rdatatype.MX:
        return f"{rdata.preference} {name_text(rdata.exchange)}"
    if rdata.rdtype in (dns.rdatatype.NS, dns.rdatatype.CNAME):
        return name_text(rdata.target)
    if rdata.rdtype == dns.rdatatype.SOA:
        numbers = f"{rdata.serial} {rdata.refresh} {rdata.retry} {rdata.expire} {rdata.minimum}"
        return f"{name_text(rdata.mname)} {name_text(rdata.rname)} {numbers}"
    return str(rdata.to_text())


def name_text(name: dns.name.Name) -> str:
    """Presentation form, lower case, no final dot; the root is "."."""
    return name.to_text(omit_final_dot=True).lower() if len(name) > 1 else "."


def _sane(ttl: int) -> int:
    return ttl if 0 <= ttl <= _MAX_TTL else 0  # RFC 2181 8
