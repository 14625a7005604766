"""What one name of a sweep costs: client CPU, names a second and questions a name, against a responder of its own process.

Run it alone: `pytest -m perf -s tests/perf/bench_sweep.py`, or `python -m tests.perf.bench_sweep [NAMES]`.
"""

import asyncio
import multiprocessing
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest

from watcher.core.names.names import Fqdn
from watcher.core.ports import Presence
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server
from watcher.lookups.existence.sweepers import ResolverSweeper

_EXISTING_SHARE = 25  # one name in so many exists
_SOA = b"\x00\x06\x00\x01\x00\x00\x01\x2c\x00\x16\x00\x00" + bytes(20)


def respond(port: Connection) -> None:
    """NXDOMAIN with the SOA of `ml`, or one MX for names that begin with x; by hand, to leave the client the time."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)
    server.bind(("127.0.0.1", 0))
    port.send(server.getsockname()[1])
    while True:
        query, client = server.recvfrom(512)
        question = query[12:-11]
        if question[1] in b"xX":
            record = b"\xc0\x0c\x00\x0f\x00\x01\x00\x00\x01\x2c\x00\x04\x00\x0a\xc0\x0c"
            reply = query[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x01" + question + record + query[-11:]
        else:
            owner = (0xC000 | (12 + question[0] + 1)).to_bytes(2, "big")
            reply = query[:2] + b"\x81\x83\x00\x01\x00\x00\x00\x01\x00\x01" + question + owner + _SOA + query[-11:]
        server.sendto(reply, client)


def sweep_names(count: int) -> Iterator[Fqdn]:
    for number in range(count):
        yield Fqdn(f"{'x' if number % _EXISTING_SHARE == 0 else 'army'}{number}.ml")


async def _sweep(port: int, count: int) -> None:
    resolver = CarefulResolver([Server("127.0.0.1", port)], max_rate=10_000_000)
    sweeper = ResolverSweeper(resolver, window=1000)
    found: Counter[Presence] = Counter()
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    async for existence in sweeper.sweep(sweep_names(count)):
        found[existence.presence] += 1
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    resolver.close()
    print(
        f"{count} names: {count / seconds:,.0f} names/s, {cpu / count * 1e6:.1f} us client CPU a name, "
        f"{sweeper.progress.asked / count:.3f} questions a name, {after.ru_maxrss // 1024} MiB at most, {dict(found)}"
    )
    assert found[Presence.LOOK] == -(-count // _EXISTING_SHARE)
    assert found[Presence.UNSETTLED] == 0


def run(count: int = 100_000) -> None:
    """One round."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("fork").Process(target=respond, args=(there,), daemon=True)
    server.start()
    try:
        asyncio.run(_sweep(here.recv(), count))
    finally:
        server.kill()
        server.join()
        here.close()
        there.close()


@pytest.mark.perf
def test_report_the_cost_of_a_name() -> None:
    run()


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
