"""A zone server on a free port of loopback, and what a client asks it."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.asyncquery
import dns.message
import dns.query
import dns.tsig
import dns.xfr
import dns.zone

from tests.fakes.block_bench import BlockBench
from watcher.exports.form import RpzAction
from watcher.listeners.rpz import Listen, ZoneServer
from watcher.listeners.rpz_answers import Access
from watcher.listeners.rpz_notify import Notifications
from watcher.listeners.rpz_zone import ZoneShape

ZONE = "rpz.watcher.invalid"


class ZoneBench:
    def __init__(self, bench: BlockBench, server: ZoneServer, port: int) -> None:
        self.bench = bench
        self.server = server
        self.port = port

    async def publish(self, *steps: tuple[str, ...]) -> int:
        for step in steps:
            await self.bench.decide(*step)
        await self.bench.publisher.refresh()
        return (await self.bench.publisher.state()).serial

    async def transfer(self, zone: dns.zone.Zone | None = None, key: dns.tsig.Key | None = None) -> dns.zone.Zone:
        """Bring `zone` up to date as a resolver does: by IXFR where it holds something, else by AXFR."""
        held = zone or dns.zone.Zone(ZONE)
        query, _ = (
            dns.xfr.make_query(held, keyring=key, keyname=key.name if key else None)
            if key
            else dns.xfr.make_query(held)
        )
        await dns.asyncquery.inbound_xfr("127.0.0.1", held, query=query, port=self.port, lifetime=20)
        return held

    async def ask(self, kind: str, *, tcp: bool = True, zone: str = ZONE) -> dns.message.Message:
        query = dns.message.make_query(zone, kind)
        if tcp:
            return await dns.asyncquery.tcp(query, "127.0.0.1", port=self.port, timeout=10, one_rr_per_rrset=True)
        return await dns.asyncquery.udp(query, "127.0.0.1", port=self.port, timeout=10)

    async def raw(self, *wires: bytes, end: bool = False) -> list[bytes]:
        """Every message that comes back on one connection for these questions."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for wire in wires:
                writer.write(struct.pack("!H", len(wire)) + wire)
            if end:
                writer.write_eof()
            found = []
            for _ in range(len(wires)):
                async with asyncio.timeout(10):
                    size = int.from_bytes(await reader.readexactly(2))
                    found.append(await reader.readexactly(size))
            return found
        finally:
            writer.close()


@asynccontextmanager
async def zone_bench(
    bench: BlockBench,
    access: Access,
    *,
    action: RpzAction = RpzAction.NXDOMAIN,
    notify: tuple[tuple[str, int], ...] = (),
) -> AsyncIterator[ZoneBench]:
    shape = ZoneShape(ZONE, action)
    await bench.publisher.begin(str(shape))
    server = ZoneServer(
        shape,
        access,
        state=bench.publisher.state,
        difference=bench.publisher.difference,
        notifications=Notifications(ZONE, notify, access) if notify else None,
    )
    bench.publisher.tell(server.update)
    _, port = await server.start(Listen(("127.0.0.1", 0)))
    try:
        yield ZoneBench(bench, server, port)
    finally:
        await server.close()
