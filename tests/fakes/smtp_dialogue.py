"""A mail server on loopback that follows a script: for each thing a client says, a reply, silence, or worse."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Self

Reply = str | Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What is sent (CRLF is added), or what is done with the connection."""

POLITE: Mapping[str, Reply] = {
    "": "220 mx.army.ml ESMTP",
    "EHLO": "250-mx.army.ml\r\n250-SIZE 1000000\r\n250 STARTTLS",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}


async def silence(writer: asyncio.StreamWriter) -> None:
    """Say nothing for ever."""
    await asyncio.Event().wait()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close the connection."""
    writer.close()


async def endless_banner(writer: asyncio.StreamWriter) -> None:
    """A greeting that never ends."""
    while True:
        writer.write(b"220-and there is more\r\n")
        await writer.drain()


async def endless_line(writer: asyncio.StreamWriter) -> None:
    """A line that never ends."""
    while True:
        writer.write(b"220 more" * 500)
        await writer.drain()


async def slow_drip(writer: asyncio.StreamWriter) -> None:
    """One byte now and then: never silent for long, never done."""
    while True:
        writer.write(b"2")
        await writer.drain()
        await asyncio.sleep(0.02)


async def promise_tls(writer: asyncio.StreamWriter) -> None:
    """Agree to STARTTLS and never begin it."""
    writer.write(b"220 go on\r\n")
    await silence(writer)


class SmtpDialogue:
    """Use as `async with SmtpDialogue({...}) as server`. `heard` is every line of every client.

    Replies are looked up by the first word; a list gives one reply after the other, its last one for ever. `certificate`
    makes STARTTLS work.
    """

    def __init__(
        self, replies: Mapping[str, Reply | list[Reply]], *, certificate: ssl.SSLContext | None = None
    ) -> None:
        self._replies = {**POLITE, **replies}
        self._certificate = certificate
        self.heard: list[str] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._talk(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        word = ""
        while True:
            reply = self._next(word)
            if callable(reply):
                await reply(writer)
            else:
                writer.write(reply.encode() + b"\r\n")
                await writer.drain()
                if word == "STARTTLS" and reply.startswith("220") and self._certificate is not None:
                    await writer.start_tls(self._certificate)
            line = await reader.readline()
            if not line or word == "QUIT":
                return
            self.heard.append(line.decode().strip())
            word = self.heard[-1].split(" ")[0].upper()

    def _next(self, word: str) -> Reply:
        reply = self._replies.get(word, "502 5.5.2 Error: command not recognized")
        if not isinstance(reply, list):
            return reply
        return reply.pop(0) if len(reply) > 1 else reply[0]
