"""The zone over TLS (RFC 9103), from the settings to the records; and clients that go away in the middle."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import dns.message
import dns.rdatatype
import dns.xfr
import dns.zone
import pytest
import trustme

from tests.fakes.block_bench import BlockBench, block_bench
from tests.fakes.zone_bench import ZONE
from watcher.bootstrap.blocking import open_zone_server
from watcher.settings.settings import Settings

MANY = tuple(f"army{number}.ml" for number in range(60))


@dataclass
class Served:
    bench: BlockBench
    port: int
    tls_port: int
    trust: ssl.SSLContext

    async def connect(self, *, tls: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not tls:
            return await asyncio.open_connection("127.0.0.1", self.port)
        return await asyncio.open_connection("127.0.0.1", self.tls_port, ssl=self.trust, server_hostname="rpz.example")

    async def transfer(self, *, tls: bool = True) -> dns.zone.Zone:
        zone = dns.zone.Zone(ZONE)
        query = dns.message.make_query(ZONE, "AXFR")
        wire = query.to_wire()
        reader, writer = await self.connect(tls=tls)
        writer.write(len(wire).to_bytes(2) + wire)
        with dns.xfr.Inbound(zone, dns.rdatatype.AXFR) as inbound:
            done = False
            while not done:
                async with asyncio.timeout(20):
                    size = int.from_bytes(await reader.readexactly(2))
                    message = await reader.readexactly(size)
                done = inbound.process_message(
                    dns.message.from_wire(message, xfr=True, origin=zone.origin, one_rr_per_rrset=True)
                )
        writer.close()
        return zone

    async def leave_in_the_middle(self, *, tls: bool) -> None:
        wire = dns.message.make_query(ZONE, "AXFR").to_wire()
        reader, writer = await self.connect(tls=tls)
        writer.write(len(wire).to_bytes(2) + wire)
        await reader.readexactly(100)
        writer.transport.abort()


def _free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    authority = trustme.CA()
    certificate = authority.issue_cert("rpz.example")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(key)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    trust.set_alpn_protocols(["dot"])
    port, tls_port = _free_port(), _free_port()
    chosen = Settings(
        rpz={
            "listen": f"127.0.0.1:{port}",
            "tls_listen": f"127.0.0.1:{tls_port}",
            "tls_certificate": str(chain),
            "tls_key": str(key),
            "allow": ["127.0.0.1"],
        }
    )
    async with block_bench(tmp_path) as bench:
        await bench.see(*MANY)
        await bench.decide("blocked", *MANY)
        async with open_zone_server(chosen, bench.publisher):
            yield Served(bench, port, tls_port, trust)


async def test_the_zone_over_tls_is_the_zone_over_tcp(served: Served) -> None:
    over_tls, over_tcp = await served.transfer(), await served.transfer(tls=False)
    assert over_tls == over_tcp
    assert len(over_tls.nodes) > 2 * len(MANY)
    reader, writer = await served.connect(tls=True)
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "dot"
    writer.close()
    del reader


async def test_who_speaks_no_tls_there_gets_nothing(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.tls_port)
    wire = dns.message.make_query(ZONE, "AXFR").to_wire()
    writer.write(len(wire).to_bytes(2) + wire)
    async with asyncio.timeout(20):
        said = await reader.read(65_536)
    assert b"army" not in said
    writer.close()


@pytest.mark.parametrize("tls", [False, True])
async def test_a_client_that_leaves_in_the_middle_disturbs_nobody(served: Served, *, tls: bool) -> None:
    before = await served.transfer(tls=tls)
    for _ in range(5):
        await served.leave_in_the_middle(tls=tls)
    assert await served.transfer(tls=tls) == before
