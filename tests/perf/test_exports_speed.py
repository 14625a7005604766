"""How fast block lists are written and transferred; prints figures for docs/explanation/measurements.md."""

import asyncio
import os
import time
import tracemalloc
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from tests.fakes.block_entries import block_entry
from watcher.core.blocking.selection import BlockEntry
from watcher.exports import ALL
from watcher.exports.form import About, ExportOrder, Format, Omitted, Plan, RpzAction, written
from watcher.listeners.rpz import Listen, ZoneServer
from watcher.listeners.rpz_answers import Access
from watcher.listeners.rpz_zone import ZoneShape
from watcher.services.blocking.publish import ZoneState
from watcher.store.block_list import ZoneName

NAMES = 100_000
pytestmark = pytest.mark.perf


def entries(count: int = NAMES) -> Iterator[BlockEntry]:
    for number in range(count):
        yield block_entry(f"army-{number:06}.ml")


@pytest.mark.parametrize("chosen", ALL, ids=lambda chosen: chosen.name)
def test_writing_a_list(chosen: Format, capsys: pytest.CaptureFixture[str]) -> None:
    made = list(entries())
    begun = time.process_time()
    size = sum(len(piece) for piece in written(chosen, made, About(plan=Plan.P2), omitted=Omitted()))
    seconds = time.process_time() - begun
    with capsys.disabled():
        print(f"\n{chosen.name:18} {seconds:5.2f} s of CPU, {size / 1e6:6.1f} MB, load {os.getloadavg()[0]:.1f}")
    assert size


@pytest.mark.parametrize(
    "chosen", [one for one in ALL if one.order is ExportOrder.NAME], ids=lambda chosen: chosen.name
)
def test_memory_stays_flat(chosen: Format) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in written(chosen, entries(count), About(), omitted=Omitted()):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(20_000) < peak(2_000) + 100_000


async def transfer(port: int) -> int:
    """Octets of one whole transfer, read as fast as they come."""
    import dns.message

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wire = dns.message.make_query("rpz.watcher.invalid", "AXFR").to_wire()
    writer.write(len(wire).to_bytes(2) + wire)
    size = soas = 0
    while soas < 2:
        length = int.from_bytes(await reader.readexactly(2))
        message = await reader.readexactly(length)
        soas += message.count(b"\xc0\x0c\x00\x06\x00\x01")
        size += length
    writer.close()
    return size


async def test_transfers(capsys: pytest.CaptureFixture[str]) -> None:
    names = tuple(ZoneName(f"army-{number:06}.ml", "army.mil") for number in range(NAMES))

    async def state() -> ZoneState:
        return ZoneState(1, names)

    async def difference(_old: int) -> None:
        return None

    server = ZoneServer(
        ZoneShape("rpz.watcher.invalid", RpzAction.NXDOMAIN),
        Access(allow=(ip_network("127.0.0.0/8"),)),
        state=state,
        difference=difference,
    )
    begun = time.perf_counter()
    _, port = await server.start(Listen(("127.0.0.1", 0)))
    ready = time.perf_counter() - begun
    begun = time.perf_counter()
    size = await transfer(port)
    one = time.perf_counter() - begun
    late: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.01)
            late.append(time.perf_counter() - before - 0.01)

    watching = asyncio.create_task(watch())
    begun = time.perf_counter()
    await asyncio.gather(*(transfer(port) for _ in range(50)))
    many = time.perf_counter() - begun
    watching.cancel()
    await server.close()
    with capsys.disabled():
        print(
            f"\n{NAMES:,} names: ready in {ready:.2f} s, one transfer {one:.2f} s ({size / 1e6:.1f} MB), 50 at once "
            f"{many:.2f} s; the loop was late by {max(late) * 1000:.0f} ms at most, load {os.getloadavg()[0]:.1f}"
        )
    assert size > 5_000_000
