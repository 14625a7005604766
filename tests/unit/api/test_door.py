"""Connections that say nothing: they are few, and they end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.fakes.api_client import World, make_parts
from watcher.api.app import DOOR, make_app
from watcher.api.door import Door

ASK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def listening(behind: World, door: Door) -> AsyncIterator[int]:
    """The port of a server behind `door`."""
    runner = web.AppRunner(make_app(make_parts(behind), door=door), access_log=None)
    await runner.setup()
    assert runner.server is not None
    server = await door.listen(runner.server, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await runner.cleanup()


async def connect(port: int, said: bytes = b"") -> Connection:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    return reader, writer


async def is_served(connection: Connection) -> bool:
    reader, writer = connection
    try:
        async with asyncio.timeout(20):
            writer.write(ASK)
            line = await reader.readline()
            if line:
                await reader.readuntil(b'{"status":"ok"}')
            return b" 200 " in line
    except ConnectionError:
        return False


async def until_closed(connection: Connection) -> None:
    async with asyncio.timeout(20):
        try:
            while await connection[0].read(1000):
                pass
        except ConnectionError:
            return


async def close(*connections: Connection) -> None:
    for _, writer in connections:
        writer.transport.abort()


async def test_there_are_so_many_connections_and_no_more(behind: World) -> None:
    async with listening(behind, Door(most=3)) as port:
        inside = [await connect(port) for _ in range(3)]
        assert await is_served(inside[0])
        outside = await connect(port)
        await until_closed(outside)
        assert all([await is_served(one) for one in inside])
        await close(inside.pop())
        async with asyncio.timeout(20):
            while not await is_served(again := await connect(port)):
                await close(again)
                await asyncio.sleep(0.01)
        await close(again, outside, *inside)


async def test_a_crowd_that_comes_at_once_does_not_slip_in_together(behind: World) -> None:
    async with listening(behind, Door(most=3)) as port:
        crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]  # all before any is accepted
        inside = [await asyncio.open_connection(sock=one) for one in crowd]
        served = [await is_served(one) for one in inside]
        assert served.count(True) == 3
        await close(*inside)


async def test_who_asks_nothing_is_shown_out_and_who_asked_stays(behind: World) -> None:
    door = Door(patience=3.0)
    async with listening(behind, door) as port:
        stream = await connect(port, b"GET /api/v1/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        asked = await connect(port)
        assert await is_served(asked)
        assert b" 200 " in await stream[0].readline()
        silent, halfway = await connect(port), await connect(port, ASK[:20])
        await until_closed(silent)
        await until_closed(halfway)
        assert await is_served(asked)
        stream[1].write(b"")
        assert not stream[0].at_eof()
        await close(stream, asked, silent, halfway)


def test_the_application_has_a_door(behind: World) -> None:
    assert isinstance(make_app(make_parts(behind))[DOOR], Door)
