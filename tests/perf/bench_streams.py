"""What open event streams cost: the processor time of a service with so many of them, at rest and with an event a second.

.venv/bin/python -m tests.perf.bench_streams [STREAMS SECONDS]
"""

import asyncio
import multiprocessing
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from tests.fakes.api_client import VERSION, make_parts, make_world
from watcher.api.app import every_endpoint, make_app
from watcher.core.events import Event, EventKind
from watcher.core.mail.risk import Severity
from watcher.store import event_log


async def _serve(folder: str, busy, told) -> None:
    world = await make_world(Path(folder))
    app = make_app(make_parts(world, poll_seconds=1.0), every_endpoint(VERSION))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told.put((runner.addresses[0][1], os.getpid()))
    while True:
        await asyncio.sleep(1)
        if busy.is_set():
            async with world.store.write() as tx:
                now = world.clock.now()
                new = Event(
                    world.store.ids(),
                    EventKind.LAPSED,
                    Severity.LOW,
                    (),
                    "army.ml",
                    "army.ml",
                    ("army.mil",),
                    now,
                )
                await event_log.add(tx, [new], now=now)


def _child(folder: str, busy, told) -> None:
    asyncio.run(_serve(folder, busy, told))


def _seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def main(number: int, seconds: int) -> None:
    busy, told = multiprocessing.Event(), multiprocessing.Queue()
    with tempfile.TemporaryDirectory() as folder:
        child = multiprocessing.Process(target=_child, args=(folder, busy, told), daemon=True)
        child.start()
        port, process = told.get()
        url = f"http://127.0.0.1:{port}/api/v1/events/stream"
        async with AsyncExitStack() as opened:
            session = await opened.enter_async_context(
                ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(total=None))
            )
            heard = [0]

            async def read(response) -> None:
                async for line in response.content:
                    heard[0] += line.startswith(b"id:")

            tasks = []
            for _ in range(number):
                response = await opened.enter_async_context(session.get(url))
                assert response.status == 200
                tasks.append(asyncio.create_task(read(response)))
            await asyncio.sleep(3)
            for what in ("at rest", "an event a second"):
                begun, before = heard[0], _seconds(process)
                await asyncio.sleep(seconds)
                share = (_seconds(process) - before) / seconds
                print(
                    f"{number} streams, {what}: {100 * share:.1f} % of a core, {heard[0] - begun} events heard",
                    flush=True,
                )
                busy.set()
            for task in tasks:
                task.cancel()
        child.terminate()


if __name__ == "__main__":
    asyncio.run(main(int((sys.argv[1:2] or ["200"])[0]), int((sys.argv[2:3] or ["20"])[0])))
