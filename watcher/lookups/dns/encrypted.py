"""Questions over TLS (RFC 7858) and HTTPS (RFC 8484), with the multiplexer's interface.

One connection to a server, many questions on it at once; made anew when it breaks. Nobody off the path can forge here,
so the letters' case is left alone.
"""

import asyncio
import contextlib
import os
import ssl
from collections.abc import Sequence
from typing import Protocol

import aiohttp

from watcher.lookups.dns.asker import Asker, C, OnReply, OnSilence
from watcher.lookups.dns.servers import Server, Transport
from watcher.lookups.dns.udp import Counters, Multiplexer
from watcher.lookups.dns.wire import Match, match

_AT_ONCE = 64
_MOST_BYTES = 65_535
_MEDIA = "application/dns-message"
_OK = 200


class Questions(Protocol):
    """The transport that a lane puts its questions to: see `udp.Multiplexer`."""

    counters: Counters

    def ask(
        self,
        qname: bytes,
        type_in: bytes,
        frame: tuple[bytes, bytes],
        calls: tuple[OnReply[C], OnSilence[C]],
        context: C,
    ) -> None:
        """Send one question; exactly one of `calls` follows."""
        ...

    def ask_all(
        self, questions: Sequence[bytes], contexts: Sequence[C], frame: tuple[bytes, bytes], asker: Asker[C]
    ) -> None:
        """Send many questions, each with its context; `asker` is told about each exactly once."""
        ...

    def rest(self) -> None:
        """Close what waits for nothing."""
        ...

    def close(self) -> None:
        """Close for good."""
        ...


def questions_to(server: Server, *, timeout: float, ports: int, tls: ssl.SSLContext | None) -> Questions:
    """Return the object that puts questions to a server over its transport."""
    if server.transport is Transport.PLAIN:
        return Multiplexer(server, timeout=timeout, ports=ports)
    return Encrypted(server, timeout=timeout, tls=tls)


class Encrypted:
    """The encrypted side of one server. Belongs to the event loop it is used in; `close` it there."""

    def __init__(self, server: Server, *, timeout: float, tls: ssl.SSLContext | None = None) -> None:
        self.server = server
        self.counters = Counters()
        self._timeout = timeout
        self._tls = tls or ssl.create_default_context()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._connection: _Connection | None = None
        self._connecting = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def ask(
        self,
        qname: bytes,
        type_in: bytes,
        frame: tuple[bytes, bytes],
        calls: tuple[OnReply[C], OnSilence[C]],
        context: C,
    ) -> None:
        """Send one question. Exactly one of `calls` follows, never from within this call."""
        task = asyncio.get_running_loop().create_task(self._ask(qname + type_in, frame, calls, context))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def ask_all(
        self, questions: Sequence[bytes], contexts: Sequence[C], frame: tuple[bytes, bytes], asker: Asker[C]
    ) -> None:
        """Send many questions, each with its context; `asker` is told about each exactly once, never from within."""
        loop = asyncio.get_running_loop()

        def replied(flight: tuple[bytes, C], reply: bytes, seconds: float) -> None:
            question, context = flight
            now = loop.time()
            asker.flights.append((question, context, (now - seconds, asker, frame)))
            asker.replies.append(reply)
            asker.replied(now)

        def silent(flight: tuple[bytes, C], doubtful: bool) -> None:
            asker.silent(flight[1], doubtful)

        for question, context in zip(questions, contexts, strict=True):
            self.ask(question[:-4], question[-4:], frame, (replied, silent), (question, context))

    def rest(self) -> None:
        """Nothing to close: there is one connection."""

    def close(self) -> None:
        """Close the connection; whoever still waits is told of silence."""
        self._closed = True
        if self._connection is not None:
            self._connection.abort()
        if self._session is not None and self._session.connector is not None:
            self._session.connector._close()  # noqa: SLF001 (the session's own close is a coroutine, and this is none)
            self._session.detach()

    async def _ask(
        self, question: bytes, frame: tuple[bytes, bytes], calls: tuple[OnReply[C], OnSilence[C]], context: C
    ) -> None:
        loop = asyncio.get_running_loop()
        async with self._places:
            started = loop.time()
            self.counters.sent += 1
            reply = None
            if not self._closed:
                with contextlib.suppress(OSError, EOFError, TimeoutError, aiohttp.ClientError):
                    async with asyncio.timeout(self._timeout):
                        reply = await self._exchange(frame[0] + question + frame[1])
            if reply is not None and match(reply, question) is Match.NO:
                self.counters.forged += 1
                reply = None
        if reply is None:
            self.counters.silent += 1
            calls[1](context, False)  # noqa: FBT003 (the interface's flag: no doubt about the case)
        else:
            self.counters.answered += 1
            calls[0](context, reply, loop.time() - started)

    async def _exchange(self, message: bytes) -> bytes | None:
        """Return the reply to a message without its id."""
        if self.server.transport is Transport.HTTPS:
            return await self._over_https(b"\x00\x00" + message)
        async with self._connecting:
            if self._connection is None or self._connection.broken:
                self._connection = await _connect(self.server, self._tls)
        return await self._connection.ask(message)

    async def _over_https(self, message: bytes) -> bytes | None:
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._tls, limit=_AT_ONCE)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        headers = {"Content-Type": _MEDIA, "Accept": _MEDIA}
        async with self._session.post(
            str(self.server.url), data=message, headers=headers, allow_redirects=False
        ) as response:
            if response.status != _OK or response.content_type != _MEDIA:
                return None
            body = await response.content.read(_MOST_BYTES + 1)
            while len(body) <= _MOST_BYTES and (more := await response.content.read(_MOST_BYTES)):
                body += more
            return body if len(body) <= _MOST_BYTES else None


async def _connect(server: Server, tls: ssl.SSLContext) -> "_Connection":
    """Raises OSError (a wrong certificate is one)."""
    reader, writer = await asyncio.open_connection(
        server.address, server.port, ssl=tls, server_hostname=server.hostname or server.address
    )
    return _Connection(reader, writer)


class _Connection:
    """One TLS connection, its questions told apart by their ids."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}
        self.broken = False
        self._reading = asyncio.get_running_loop().create_task(self._read())

    async def ask(self, message: bytes) -> bytes:
        """Return the reply. Raises OSError or EOFError when the connection ends first."""
        number = os.urandom(2)
        while number in self._waiting:
            number = os.urandom(2)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write((len(message) + 2).to_bytes(2, "big") + number + message)
            await self._writer.drain()
            reply: bytes = await waiting
        finally:
            del self._waiting[number]
        return reply

    def abort(self) -> None:
        """End it at once."""
        self.broken = True
        self._reading.cancel()
        self._end(ConnectionAbortedError())

    async def _read(self) -> None:
        try:
            while True:
                size = int.from_bytes(await self._reader.readexactly(2), "big")
                reply = await self._reader.readexactly(size)
                waiting = self._waiting.get(reply[:2])
                if waiting is not None and not waiting.done():
                    waiting.set_result(reply)
        except (OSError, EOFError):
            self._end(ConnectionResetError())

    def _end(self, error: OSError) -> None:
        self.broken = True
        self._writer.transport.abort()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)
