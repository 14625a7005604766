"""Fakes in a thread of their own, so that a test of a process may simply wait."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Protocol, Self


class Server(Protocol):
    """What the fakes have in common."""

    async def start(self) -> object: ...

    async def stop(self) -> None: ...


class Background:
    """Starts `servers` in a loop of its own and stops them; a context manager."""

    def __init__(self, *servers: Server) -> None:
        self._servers = servers
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    async def _start(self) -> None:
        for server in self._servers:
            await server.start()

    async def _stop(self) -> None:
        for server in self._servers:
            await server.stop()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)
