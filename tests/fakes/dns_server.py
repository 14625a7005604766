"""A resolver on loopback: answers over UDP and TCP from zones in master-file text, with faults on demand.

Plain asyncio and dnspython, so that the demo can use it too. Zones and faults may change while it runs.
"""

import asyncio
import contextlib
import fnmatch
import random
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import dns.rdatatype

from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_query import Query
from tests.fakes.dns_replies import Replies
from tests.fakes.dns_zones import Zones

_MOST_TRIES = 20


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
        self._replies = Replies(lambda: self.zones, self._random)
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
        query = Query.read(data)
        if query is None or self._udp is None:
            return
        effects = self._note(query, "udp", source[1])
        if Effect.DROP in effects:
            return
        for forged, other in self._replies.forged(query, effects):
            sender = self._other if other else self._udp
            if sender is not None:
                sender.sendto(forged, source)
        reply = self._replies.reply(query, effects, udp=True)
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
                query = Query.read(data)
                if query is None:
                    return
                effects = self._note(query, "tcp", writer.get_extra_info("peername")[1])
                if Effect.TCP_CLOSED in effects or Effect.DROP in effects:
                    return
                reply = self._replies.reply(query, effects, udp=False)
                message = len(reply).to_bytes(2, "big") + reply
                for part in _parts(message, effects.get(Effect.DRIP)):
                    writer.write(part)
                    await writer.drain()
                    if Effect.DRIP in effects:
                        await asyncio.sleep(effects[Effect.DRIP].seconds)
        except (OSError, EOFError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _note(self, query: Query, transport: str, port: int) -> dict[Effect, Fault]:
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

    def _later(self, seconds: float, reply: bytes, source: tuple[str, int]) -> None:
        async def send() -> None:
            await asyncio.sleep(seconds)
            if self._udp is not None:
                self._udp.sendto(reply, source)

        task = asyncio.get_running_loop().create_task(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _parts(message: bytes, drip: Fault | None) -> list[bytes]:
    return [message] if drip is None else [message[at : at + 1] for at in range(len(message))]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.datagram(data, addr)
