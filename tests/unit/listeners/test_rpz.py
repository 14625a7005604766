"""The zone server as a resolver meets it: SOA, AXFR, IXFR, signatures, refusals, NOTIFY."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.xfr
import dns.zone
import pytest

from tests.fakes.block_bench import BlockBench, block_bench
from tests.fakes.zone_bench import ZONE, zone_bench
from watcher.exports import FORMATS
from watcher.exports.form import About, Omitted, RpzAction, written
from watcher.listeners.rpz_answers import Access

LOOPBACK = Access(allow=(ip_network("127.0.0.0/8"),))
NAMES = ("army.ml", "aarmy.ml", "armyy.ml", "us.army.ml")
KEY = dns.tsig.Key("watcher.", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "hmac-sha256.")
OTHER = dns.tsig.Key("watcher.", "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmc=", "hmac-sha256.")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[BlockBench]:
    async with block_bench(tmp_path) as made:
        await made.see(*NAMES)
        yield made


def records(zone: dns.zone.Zone) -> set[str]:
    return {
        f"{name} {rdata.rdtype.name} {rdata}"
        for name, _, rdata in zone.iterate_rdatas()
        if rdata.rdtype != dns.rdatatype.SOA
    }


async def test_the_transferred_zone_is_the_exported_one(bench: BlockBench) -> None:
    for action in RpzAction:
        async with zone_bench(bench, LOOPBACK, action=action) as server:
            await bench.see("army_.ml")
            await bench.decide("new", *NAMES)
            await server.publish(("blocked", *NAMES, "army_.ml"))
            text = await bench.export("rpz", about=About(action=action))
            assert records(await server.transfer()) == records(dns.zone.from_text(text))


async def test_a_clear_bounce_zone_can_be_read(bench: BlockBench) -> None:
    async with zone_bench(bench, LOOPBACK, action=RpzAction.CLEAR_BOUNCE) as server:
        await server.publish(("blocked", "army.ml"))
        found = records(await server.transfer())
    assert {"army.ml MX 0 .", "*.army.ml MX 0 ."} <= found
    assert 'army.ml TXT "army.ml is a lookalike of army.mil; check the address"' in found


@pytest.mark.parametrize("action", [RpzAction.NXDOMAIN, RpzAction.CLEAR_BOUNCE])
async def test_incremental_transfers_lead_to_the_same_zone(bench: BlockBench, action: RpzAction) -> None:
    async with zone_bench(bench, LOOPBACK, action=action) as server:
        await server.publish(("blocked", *NAMES))
        zone = await server.transfer()
        for step in (("new", "army.ml"), ("blocked", "army.ml"), ("new", "aarmy.ml", "armyy.ml")):
            serial = await server.publish(step)
            await server.transfer(zone)
            assert zone.get_soa().serial == serial
            assert records(zone) == records(await server.transfer())


async def test_an_incremental_transfer_is_smaller(bench: BlockBench) -> None:
    async with zone_bench(bench, LOOPBACK) as server:
        old = await server.publish(("blocked", *NAMES))
        await server.publish(("new", "army.ml"))
        query = dns.message.make_query(ZONE, "IXFR")
        query.authority.append(
            dns.rrset.from_text(f"{ZONE}.", 0, "IN", "SOA", f"localhost. hostmaster.watcher.invalid. {old} 1 1 1 1")
        )
        [wire] = await server.raw(query.to_wire())
        message = dns.message.from_wire(wire, one_rr_per_rrset=True)
        kinds = [rrset.rdtype.name for rrset in message.answer]
        assert kinds == ["SOA", "SOA", "CNAME", "CNAME", "SOA", "SOA"]


async def test_an_unknown_serial_gets_the_whole_zone_and_the_current_one_the_soa_alone(bench: BlockBench) -> None:
    async with zone_bench(bench, LOOPBACK) as server:
        serial = await server.publish(("blocked", *NAMES))
        for held, count in ((serial - 7, 2 * len(NAMES) + 5), (serial, 1), (serial + 1_000, 1)):
            query = dns.message.make_query(ZONE, "IXFR")
            query.authority.append(
                dns.rrset.from_text(
                    f"{ZONE}.", 0, "IN", "SOA", f"localhost. hostmaster.watcher.invalid. {held} 1 1 1 1"
                )
            )
            [wire] = await server.raw(query.to_wire())
            assert len(dns.message.from_wire(wire, one_rr_per_rrset=True).answer) == count


async def test_several_questions_on_one_connection_are_answered_in_order(bench: BlockBench) -> None:
    async with zone_bench(bench, LOOPBACK) as server:
        queries = [dns.message.make_query(ZONE, kind) for kind in ("SOA", "AXFR", "SOA", "MX")]
        answers = await server.raw(*(query.to_wire() for query in queries), end=True)
        assert [dns.message.from_wire(wire, one_rr_per_rrset=True).id for wire in answers] == [q.id for q in queries]
        assert dns.message.from_wire(answers[3]).rcode() == dns.rcode.REFUSED


async def test_udp_gives_the_soa_only(bench: BlockBench) -> None:
    async with zone_bench(bench, LOOPBACK) as server:
        serial = await server.publish(("blocked", "army.ml"))
        for kind in ("SOA", "IXFR"):
            answer = await server.ask(kind, tcp=False)
            assert answer.answer[0][0].serial == serial
            assert answer.flags & dns.flags.AA
        assert (await server.ask("AXFR", tcp=False)).rcode() == dns.rcode.REFUSED


async def test_who_is_not_allowed_gets_nothing(bench: BlockBench) -> None:
    for access in (Access(), Access(allow=(ip_network("198.51.100.0/24"),)), Access(key=KEY)):
        async with zone_bench(bench, access) as server:
            for kind in ("SOA", "AXFR", "IXFR", "A"):
                answer = await server.ask(kind)
                assert answer.rcode() == dns.rcode.REFUSED
                assert not answer.answer


async def test_other_names_are_refused(bench: BlockBench) -> None:
    async with zone_bench(bench, LOOPBACK) as server:
        for name in ("army.ml", ".", f"army.ml.{ZONE}"):
            assert (await server.ask("SOA", zone=name)).rcode() == dns.rcode.REFUSED


async def test_a_signed_transfer_of_many_messages_verifies(bench: BlockBench) -> None:
    names = [f"army-{number:05}-{'x' * 40}.ml" for number in range(1_500)]
    await bench.see(*names)
    async with zone_bench(bench, Access(key=KEY)) as server:
        await server.publish(("blocked", *names))
        zone = await server.transfer(key=KEY)
        assert len(records(zone)) == 2 * len(names) + 3
        with pytest.raises(dns.exception.DNSException):
            await server.transfer(key=OTHER)


@pytest.mark.parametrize("wire", [b"", b"\0", b"\0" * 12, b"\xff" * 40, b"\0\1\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\6\0\1"])
async def test_rubbish_ends_nothing(bench: BlockBench, wire: bytes) -> None:
    async with zone_bench(bench, LOOPBACK) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(len(wire).to_bytes(2) + wire)
        writer.write_eof()
        async with asyncio.timeout(10):
            answered = await reader.read()
        writer.close()
        assert len(answered) < 100
        assert (await server.ask("SOA")).answer


async def test_a_client_has_so_many_connections_and_no_more(bench: BlockBench) -> None:
    async with zone_bench(bench, LOOPBACK) as server:
        open_ones = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(70)]
        async with asyncio.timeout(10):
            await asyncio.gather(*(reader.read(1) for reader, _ in open_ones[64:]), return_exceptions=True)
        for _, writer in open_ones:
            writer.close()
        while server.server.connections:
            await asyncio.sleep(0.01)
        assert (await server.ask("SOA")).answer


class Secondary(asyncio.DatagramProtocol):
    """Hears NOTIFY, and answers from the third on."""

    def __init__(self, silent: int) -> None:
        self.silent = silent
        self.heard: list[dns.message.Message] = []
        self.settled = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = dns.message.from_wire(data, keyring=KEY)
        self.heard.append(message)
        if len(self.heard) > self.silent:
            answer = dns.message.make_response(message)
            self.transport.sendto(answer.to_wire(), addr)  # type: ignore[attr-defined]
            self.settled.set()


async def test_notify_is_repeated_until_it_is_heard(bench: BlockBench) -> None:
    loop = asyncio.get_running_loop()
    transport, secondary = await loop.create_datagram_endpoint(lambda: Secondary(1), local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    async with zone_bench(bench, Access(key=KEY), notify=(("127.0.0.1", port),)) as server:
        serial = await server.publish(("blocked", "army.ml"))
        async with asyncio.timeout(20):
            await secondary.settled.wait()
    transport.close()
    last = secondary.heard[-1]
    assert last.opcode() == dns.opcode.NOTIFY
    assert last.answer[0][0].serial == serial
    assert last.had_tsig


def test_the_zone_file_and_the_wire_hold_the_same_canary() -> None:
    text = "".join(written(FORMATS["rpz"], [], About(), omitted=Omitted()))
    assert "canary.watcher.invalid TXT" in text
