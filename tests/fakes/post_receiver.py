"""Whatever takes an HTTP POST, on loopback: keeps what came, and answers as told.

async with PostReceiver() as receiver:
    receiver.next(503, 302)          # the next two tries
    ... Webhook(url=receiver.url) ...
    receiver.accepted                # what was answered with 200, in order
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Post:
    """One request: its path, headers (lower case) and body."""

    path: str
    headers: dict[str, str]
    body: bytes


class PostReceiver:
    """Starts with `async with`. `judge` may refuse a request by returning a status; None: accepted."""

    def __init__(self, judge: Callable[[Post], int | None] = lambda post: None) -> None:
        self.accepted: list[Post] = []
        self.tried: list[Post] = []
        self.headers: dict[str, str] = {}
        """Added to every answer that is not 200."""
        self._judge = judge
        self._next: deque[int] = deque()
        self._stopping = asyncio.Event()

    def next(self, *statuses: int) -> None:
        """The next tries are answered so; 0 hangs."""
        self._next.extend(statuses)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self._stopping.set()
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _take(self, request: web.Request) -> web.Response:
        post = Post(request.path, {key.lower(): value for key, value in request.headers.items()}, await request.read())
        self.tried.append(post)
        status = self._next.popleft() if self._next else self._judge(post) or 200
        if status == 0:
            await self._stopping.wait()
            status = 503
        if status == 200:
            self.accepted.append(post)
            return web.Response(text="ok")
        return web.Response(status=status, text="no", headers=self.headers)
