"""What a DNS server on loopback says: from its zones, changed by faults."""

import random
from collections.abc import Callable

import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_query import Query
from tests.fakes.dns_zones import Found, Zones

_LIE = "6.6.6.6"
_FORGERIES = frozenset({Effect.FORGED_ID, Effect.FORGED_QUESTION, Effect.FORGED_CASE, Effect.FORGED_SOURCE})
_RCODES = {
    Effect.SERVFAIL: dns.rcode.SERVFAIL,
    Effect.REFUSED: dns.rcode.REFUSED,
    Effect.NOTIMP: dns.rcode.NOTIMP,
    Effect.FORMERR: dns.rcode.FORMERR,
}


class Replies:
    """Over what `zones` gives at the moment; garbage comes from `chance`."""

    def __init__(self, zones: Callable[[], Zones], chance: random.Random) -> None:
        self._zones = zones
        self._random = chance

    def reply(self, query: Query, effects: dict[Effect, Fault], *, udp: bool) -> bytes:
        """What comes back, with the faults."""
        if Effect.GARBAGE in effects:
            return self._random.randbytes(self._random.randrange(1, 200))
        if Effect.NO_EDNS in effects and query.edns:
            return query.id + b"\x81\x81" + bytes(8)
        for effect, code in _RCODES.items():
            if effect in effects:
                return query.reply(Found(code), effects)
        found = self._zones().find(query.qname, query.rdtype)
        if Effect.REWRITE in effects and found.rcode == dns.rcode.NXDOMAIN:
            found = _lie(query.name)
        if Effect.SINKHOLE in effects:
            found = _sinkhole(query, effects[Effect.SINKHOLE].address)
        if Effect.NO_SOA in effects:
            found.soa = None
        if udp and Effect.TRUNCATE in effects:
            found = Found(found.rcode)
        reply = query.reply(found, effects)
        if udp and (Effect.TRUNCATE in effects or len(reply) > query.payload):
            end = 12 + len(query.question)
            reply = reply[:2] + bytes([reply[2] | 0x02]) + reply[3:6] + bytes(6) + reply[12:end]
        if Effect.BROKEN in effects:
            reply = reply[: 12 + len(query.question)] + self._random.randbytes(30)
        return reply

    def forged(self, query: Query, effects: dict[Effect, Fault]) -> list[tuple[bytes, bool]]:
        """Forged replies that come before it, and whether from another port."""
        if _FORGERIES.isdisjoint(effects):
            return []
        lie = query.reply(_lie(query.name), {})
        forged = []
        if Effect.FORGED_ID in effects:
            forged.append(((int.from_bytes(query.id, "big") ^ 0x5A5A).to_bytes(2, "big") + lie[2:], False))
        if Effect.FORGED_QUESTION in effects:
            other = Query(query.id, b"\x05wrong" + query.question, query.flags, query.edns, query.payload)
            forged.append((other.reply(_lie(other.name), {}), False))
        if Effect.FORGED_CASE in effects:
            swapped = query.question[:-4].swapcase()
            end = 12 + len(swapped)
            forged.append((lie[:12] + swapped + lie[end:], False))
        if Effect.FORGED_SOURCE in effects:
            forged.append((lie, True))
        return forged


def _lie(name: str) -> Found:
    return Found(answer=[dns.rrset.from_text(dns.name.from_text(name), 60, "IN", "A", _LIE)])


def _sinkhole(query: Query, address: str) -> Found:
    """What a filter says: an address of its own, and no records of any other type."""
    if dns.rdatatype.to_text(query.rdtype) != "A":
        return Found()
    return Found(answer=[dns.rrset.from_text(dns.name.from_text(query.name), 60, "IN", "A", address)])
