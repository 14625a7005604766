"""A resolver on loopback: answers over UDP and TCP from zones in master-file text, with faults on demand.

Plain asyncio and dnspython, so that the demo can use it too. Zones and faults may change while it runs.
"""

import asyncio
import contextlib
import fnmatch
import random
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Self

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from tests.fakes.dns_zones import Found, Zones

_LIE = "6.6.6.6"
_MOST_TRIES = 20


class Effect(StrEnum):
    """What a fault does to a reply."""

    DROP = "drop"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    NOTIMP = "notimp"
    FORMERR = "formerr"
    NO_EDNS = "no_edns"
    """FORMERR, without the question, to whatever has an OPT record."""
    TRUNCATE = "truncate"
    """TC over UDP with the answer section cut off."""
    TCP_CLOSED = "tcp_closed"
    """TCP connections are closed without a word."""
    FORGED_ID = "forged_id"
    FORGED_QUESTION = "forged_question"
    FORGED_CASE = "forged_case"
    FORGED_SOURCE = "forged_source"
    """A forged reply comes before the true one: with another id, question, case, or from another port."""
    DUPLICATE = "duplicate"
    FLATTEN = "flatten"
    """The question comes back in lower case."""
    SLOW = "slow"
    """The reply comes `seconds` later."""
    REWRITE = "rewrite"
    """An address in place of NXDOMAIN."""
    NO_SOA = "no_soa"
    GARBAGE = "garbage"
    """Random bytes in place of a reply."""
    BROKEN = "broken"
    """The right header and question, and rubbish behind them."""
    EXTENDED = "extended"
    """An extended error `code` is added."""


@dataclass
class Fault:
    """`effect` strikes questions whose name and type fit the shell patterns, a `share` of them, `times` times."""

    effect: Effect
    name: str = "*"
    type: str = "*"
    share: float = 1.0
    times: int | None = None
    seconds: float = 0.2
    code: int = 15
    validating: bool = False
    """Only without CD=1, as a validating resolver fails."""


@dataclass(frozen=True)
class Asked:
    """One question of the log; `sent_name` in the case it was sent."""

    name: str
    type: str
    transport: str
    sent_name: str
    source_port: int
    edns: bool
    checking_disabled: bool


class DnsServer:
    """Use as `async with DnsServer(zones) as server`; `address` is `127.0.0.1:PORT`, `log` what was asked."""

    def __init__(
        self,
        zones: Mapping[str, str] | None = None,
        *,
        faults: Iterable[Fault] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 1,
    ) -> None:
        self.zones = Zones(zones)
        self.faults = list(faults)
        self.log: list[Asked] = []
        self.logging = True
        self.host = host
        self.port = port
        self._random = random.Random(seed)
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._other: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        """`ADDR:PORT`, or `[ADDR6]:PORT`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def load(self, origin: str, text: str | None) -> None:
        """Add or replace one zone; None takes it away. Safe from another thread."""
        self.zones.load(origin, text)

    def names_asked(self, rrtype: str | None = None) -> list[str]:
        """Every name asked for, in order."""
        return [asked.name for asked in self.log if rrtype in {None, asked.type}]

    async def start(self) -> Self:
        """Listen on UDP and TCP at one port."""
        loop = asyncio.get_running_loop()
        for attempt in range(_MOST_TRIES):
            udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(self.host, self.port))
            raw: socket.socket = udp.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
            port = raw.getsockname()[1]
            try:
                self._tcp = await asyncio.start_server(self._serve_tcp, self.host, port)
            except OSError:  # somebody has this port for TCP
                udp.close()
                if self.port or attempt == _MOST_TRIES - 1:
                    raise
                continue
            self._udp, self.port = udp, port
            break
        self._other, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(self.host, 0))
        return self

    async def stop(self) -> None:
        """Close everything."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in (self._udp, self._other):
            if transport is not None:
                transport.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        if self._tcp is not None:
            self._tcp.close()
            await self._tcp.wait_closed()
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def datagram(self, data: bytes, source: tuple[str, int]) -> None:
        """One question over UDP."""
        query = _Query.read(data)
        if query is None or self._udp is None:
            return
        effects = self._note(query, "udp", source[1])
        if Effect.DROP in effects:
            return
        for forged, other in self._forgeries(query, effects):
            sender = self._other if other else self._udp
            if sender is not None:
                sender.sendto(forged, source)
        reply = self._reply(query, effects, udp=True)
        copies = 2 if Effect.DUPLICATE in effects else 1
        if Effect.SLOW in effects:
            self._later(effects[Effect.SLOW].seconds, reply, source)
            return
        for _ in range(copies):
            self._udp.sendto(reply, source)

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                query = _Query.read(data)
                if query is None:
                    return
                effects = self._note(query, "tcp", writer.get_extra_info("peername")[1])
                if Effect.TCP_CLOSED in effects or Effect.DROP in effects:
                    return
                reply = self._reply(query, effects, udp=False)
                writer.write(len(reply).to_bytes(2, "big") + reply)
                await writer.drain()
        except (OSError, EOFError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _note(self, query: "_Query", transport: str, port: int) -> dict[Effect, Fault]:
        name, rrtype = query.name, dns.rdatatype.to_text(query.rdtype)
        if self.logging:
            sent = query.sent_name
            self.log.append(Asked(name, rrtype, transport, sent, port, query.edns, query.checking_disabled))
        effects: dict[Effect, Fault] = {}
        for fault in self.faults:
            fits = fnmatch.fnmatchcase(name, fault.name) and fnmatch.fnmatchcase(rrtype, fault.type)
            if not fits or fault.times == 0 or (fault.validating and query.checking_disabled):
                continue
            if fault.share < 1 and self._random.random() >= fault.share:
                continue
            if fault.times is not None:
                fault.times -= 1
            effects[fault.effect] = fault
        return effects

    def _reply(self, query: "_Query", effects: dict[Effect, Fault], *, udp: bool) -> bytes:
        if Effect.GARBAGE in effects:
            return self._random.randbytes(self._random.randrange(1, 200))
        if Effect.NO_EDNS in effects and query.edns:
            return query.id + b"\x81\x81" + bytes(8)
        for effect, code in _RCODES.items():
            if effect in effects:
                return query.reply(Found(code), effects)
        found = self.zones.find(query.qname, query.rdtype)
        if Effect.REWRITE in effects and found.rcode == dns.rcode.NXDOMAIN:
            found = _lie(query.name)
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

    def _forgeries(self, query: "_Query", effects: dict[Effect, Fault]) -> list[tuple[bytes, bool]]:
        if _FORGERIES.isdisjoint(effects):
            return []
        lie = query.reply(_lie(query.name), {})
        forged = []
        if Effect.FORGED_ID in effects:
            forged.append(((int.from_bytes(query.id, "big") ^ 0x5A5A).to_bytes(2, "big") + lie[2:], False))
        if Effect.FORGED_QUESTION in effects:
            other = _Query(query.id, b"\x05wrong" + query.question, query.flags, query.edns, query.payload)
            forged.append((other.reply(_lie(other.name), {}), False))
        if Effect.FORGED_CASE in effects:
            swapped = query.question[:-4].swapcase()
            end = 12 + len(swapped)
            forged.append((lie[:12] + swapped + lie[end:], False))
        if Effect.FORGED_SOURCE in effects:
            forged.append((lie, True))
        return forged

    def _later(self, seconds: float, reply: bytes, source: tuple[str, int]) -> None:
        async def send() -> None:
            await asyncio.sleep(seconds)
            if self._udp is not None:
                self._udp.sendto(reply, source)

        task = asyncio.get_running_loop().create_task(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.datagram(data, addr)


@dataclass(frozen=True)
class _Query:
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


_FORGERIES = frozenset({Effect.FORGED_ID, Effect.FORGED_QUESTION, Effect.FORGED_CASE, Effect.FORGED_SOURCE})
_RCODES = {
    Effect.SERVFAIL: dns.rcode.SERVFAIL,
    Effect.REFUSED: dns.rcode.REFUSED,
    Effect.NOTIMP: dns.rcode.NOTIMP,
    Effect.FORMERR: dns.rcode.FORMERR,
}


def _lie(name: str) -> Found:
    return Found(answer=[dns.rrset.from_text(dns.name.from_text(name), 60, "IN", "A", _LIE)])


def _ends(question: bytes, owner: bytes) -> bool:
    return question[:-4].lower().endswith(owner.lower())


def pack_question(name: str, rrtype: str) -> bytes:
    """Name, type and class in wire form, for tests that write messages by hand."""
    return dns.name.from_text(name).to_wire() + struct.pack(">HH", dns.rdatatype.from_text(rrtype), 1)
