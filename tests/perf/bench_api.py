"""Measure `GET /api/v1/domains/{name}` beside a bare aiohttp handler in the same run: CPU, waiting times, shedding.

python -m tests.perf.bench_api [seconds] [requests a second] [questions a second of a sweep beside them]

Server and clients run in two processes; the CPU counted is the server's alone, that of the sweep included.
"""

import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from aiohttp import web

from tests.fakes.api_client import make_parts, make_world
from tests.perf import bench_sweep
from watcher.api.app import make_app
from watcher.bootstrap.memory import keep_for_good
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server
from watcher.lookups.existence.sweepers import ResolverSweeper

NAMES = ("army.ml", "navy.ml", "shop.ml")
_CONNECTIONS = 40


async def _bare(_request: web.Request) -> web.Response:
    return web.Response(body=b'{"name":"army.ml"}', content_type="application/json")


async def _sweep_on(port: int, rate: float) -> None:
    resolver = CarefulResolver([Server("127.0.0.1", port)], max_rate=rate)
    try:
        async for _ in ResolverSweeper(resolver).sweep(bench_sweep.sweep_names(10**9)):
            pass
    finally:
        resolver.close()


async def _serve(pipe: Connection, dns_port: int, sweep_rate: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = await make_world(Path(folder))
        await world.protect("army.mil")
        for name in NAMES:
            await world.see(name, "army.mil")
        token = (await world.token("bench"))["Authorization"] if False else ""
        bare = web.Application()
        bare.router.add_get("/api/v1/domains/{name}", _bare)
        ports = []
        runners = []
        for app in (bare, make_app(make_parts(world))):
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            runners.append(runner)
            ports.append(runner.addresses[0][1])
        keep_for_good()  # as `serve` does
        pipe.send((ports, token))
        sweeping = asyncio.create_task(_sweep_on(dns_port, sweep_rate)) if sweep_rate else None
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, pipe.recv):
            pipe.send(time.process_time())
        if sweeping is not None:
            sweeping.cancel()
        for runner in runners:
            await runner.cleanup()
        await world.store.close()


def _serving(pipe: Connection, dns_port: int, sweep_rate: float) -> None:
    asyncio.run(_serve(pipe, dns_port, sweep_rate))


async def _ask(port: int, rate: float, seconds: float) -> tuple[list[float], dict[int, int]]:
    """Ask at `rate` a second, whatever the answers do; the waits from when each was due, and the statuses."""
    waits: list[float] = []
    statuses: dict[int, int] = {}
    due: asyncio.Queue[float | None] = asyncio.Queue()

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (at := await due.get()) is not None:
            name = NAMES[number % len(NAMES)]
            writer.write(f"GET /api/v1/domains/{name} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            await reader.readexactly(length)
            status = int(head[9:12])
            statuses[status] = statuses.get(status, 0) + 1
            waits.append(time.perf_counter() - at)
        writer.close()

    async with asyncio.TaskGroup() as tasks:
        for number in range(_CONNECTIONS):
            tasks.create_task(client(number))
        begun = time.perf_counter()
        for number in range(int(rate * seconds)):
            at = begun + number / rate
            if (left := at - time.perf_counter()) > 0:
                await asyncio.sleep(left)
            due.put_nowait(at)
        for _ in range(_CONNECTIONS):
            due.put_nowait(None)
    return waits, statuses


def _measure(seconds: float, rate: float, sweep_rate: float = 0.0) -> dict[str, dict[str, object]]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    dns = context.Process(target=bench_sweep.respond, args=(there,), daemon=True)
    dns.start()
    ours, theirs = context.Pipe()
    server = context.Process(target=_serving, args=(theirs, here.recv(), sweep_rate))
    server.start()
    ports, _ = ours.recv()
    results: dict[str, dict[str, object]] = {}
    for what, port in zip(("bare", "domains"), ports, strict=True):
        asyncio.run(_ask(port, 50, 1))  # warm
        ours.send(True)
        before = ours.recv()
        waits, statuses = asyncio.run(_ask(port, rate, seconds))
        ours.send(True)
        cpu = ours.recv() - before
        waits.sort()
        results[what] = {
            "cpu_ms": round(1000 * cpu / len(waits), 3),
            "p50_ms": round(1000 * waits[len(waits) // 2], 1),
            "p99_ms": round(1000 * waits[int(len(waits) * 0.99)], 1),
            "statuses": statuses,
        }
    ours.send(False)
    server.join()
    dns.kill()
    return results


@pytest.mark.perf
def test_report_what_an_answer_costs() -> None:
    print(json.dumps(_measure(3, 200), indent=1))


if __name__ == "__main__":
    print(json.dumps(_measure(*(float(text) for text in (sys.argv[1:] or ["5", "300"]))), indent=1))
