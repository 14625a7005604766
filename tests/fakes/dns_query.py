"""A question as it came over the wire, and the message that answers it."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_zones import Found


@dataclass(frozen=True)
class Query:
    """One question as it came; `question` is name, type and class."""

    id: bytes
    question: bytes
    flags: int
    edns: bool
    payload: int

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        """The query in `data`, by hand: a sweep asks a great many."""
        if len(data) < 17 or data[2] & 0x80:
            return None
        at = 12
        while at < len(data) and data[at]:
            at += data[at] + 1
        edns = data[10:12] == b"\x00\x01"
        payload = int.from_bytes(data[at + 8 : at + 10], "big") if edns else 512
        return cls(data[:2], data[12 : at + 5], int.from_bytes(data[2:4], "big"), edns, payload)

    @cached_property
    def qname(self) -> dns.name.Name:
        """The name in the case it came."""
        return dns.name.from_wire(self.question, 0)[0]

    @cached_property
    def sent_name(self) -> str:
        """The name in the case it came, as text."""
        return self.qname.to_text(omit_final_dot=True)

    @cached_property
    def name(self) -> str:
        """The name in lower case, as text."""
        return self.sent_name.lower()

    @property
    def rdtype(self) -> dns.rdatatype.RdataType:
        """The type asked for."""
        return dns.rdatatype.RdataType.make(int.from_bytes(self.question[-4:-2], "big"))

    @property
    def checking_disabled(self) -> bool:
        """CD=1."""
        return bool(self.flags & dns.flags.CD)

    def reply(self, found: Found, effects: Mapping[Effect, Fault]) -> bytes:
        """The message; with the question as it came, whatever its case."""
        if not found.answer and Effect.EXTENDED not in effects:
            return self._negative(found, effects)
        message = dns.message.Message(id=int.from_bytes(self.id, "big"))
        message.flags = dns.flags.QR | dns.flags.RA | (self.flags & (dns.flags.RD | dns.flags.CD))
        if not self.flags & dns.flags.RD:  # asked for what it knows itself: it is the authority for its zones
            message.flags |= dns.flags.AA
        message.set_rcode(found.rcode)
        message.question = [dns.rrset.RRset(self.qname, dns.rdataclass.IN, self.rdtype)]
        message.answer = list(found.answer)
        if found.soa is not None:
            message.authority = [found.soa]
        if self.edns:
            fault = effects.get(Effect.EXTENDED)
            message.use_edns(0, 0, 1232, options=[dns.edns.EDEOption(fault.code)] if fault else [])
        wire = message.to_wire(max_size=65535)
        question = self._answered_question(effects)
        return wire[:12] + question + wire[12 + len(question) :]

    def _answered_question(self, effects: Mapping[Effect, Fault]) -> bytes:
        return self.question[:-4].lower() + self.question[-4:] if Effect.FLATTEN in effects else self.question

    def _negative(self, found: Found, effects: Mapping[Effect, Fault]) -> bytes:
        """A reply without answers, by hand: nearly all of a sweep's."""
        flags = 0x8080 | (self.flags & 0x0110) | found.rcode
        if not self.flags & dns.flags.RD and found.soa is not None:
            flags |= int(dns.flags.AA)
        counts = struct.pack(">HHHHH", flags, 1, 0, int(found.soa is not None), int(self.edns))
        soa = b""
        if found.soa is not None:
            owner = found.soa.name.to_wire()
            at = 12 + len(self.question) - 4 - len(owner)
            data = found.soa[0].to_wire()
            at_owner = (0xC000 | at).to_bytes(2, "big") if len(owner) > 1 and _ends(self.question, owner) else owner
            soa = at_owner + struct.pack(">HHIH", 6, 1, found.soa.ttl, len(data)) + data
        opt = b"\0\0\x29\x04\xd0\0\0\0\0\0\0" if self.edns else b""
        return self.id + counts + self._answered_question(effects) + soa + opt


def _ends(question: bytes, owner: bytes) -> bool:
    return question[:-4].lower().endswith(owner.lower())
