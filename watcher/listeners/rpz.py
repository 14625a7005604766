"""The zone server: hands the response policy zone to resolvers over UDP (SOA only), TCP and TLS.

It answers what resolvers ask of a primary, and nothing else. A slow or greedy client costs one connection.
"""

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, cast

from watcher.core.errors import outside_failure
from watcher.listeners.rpz_answers import Access, Served, ZoneAnswer, answer_to
from watcher.listeners.rpz_notify import Notifications
from watcher.listeners.rpz_zone import ZoneImage, ZoneShape, zone_image
from watcher.services.blocking.publish import Difference, ZoneState

log = logging.getLogger(__name__)

_MOST_CONNECTIONS = 256
_MOST_OF_ONE_CLIENT = 64
_MOST_QUESTIONS = 1_000  # on one connection
_LARGEST_QUESTION = 4_096
_IDLE_SECONDS = 30.0
_SEND_SECONDS = 60.0
_UDP_A_SECOND = 100  # of one client


@dataclass(frozen=True, slots=True)
class Listen:
    """The addresses to listen at: `address` for UDP and TCP, `tls_address` with `context` for TLS (None: not)."""

    address: tuple[str, int]
    tls_address: tuple[str, int] | None = None
    context: ssl.SSLContext | None = None


class Noted(Protocol):
    """Keeps who asked for the zone, and the serial that was handed over; None for a question about it."""

    async def __call__(self, asker: str, address: str, serial: int | None) -> None:
        """Note it. Never raises."""
        ...


class ZoneServer:
    """Serves the zone that `state` gives; `update` takes a new one and notifies.

    `noted` is called after each answer about the zone.
    """

    def __init__(
        self,
        shape: ZoneShape,
        access: Access,
        *,
        state: Callable[[], Awaitable[ZoneState]],
        difference: Callable[[int], Awaitable[Difference | None]],
        notifications: Notifications | None = None,
        noted: Noted | None = None,
    ) -> None:
        self._noted = noted
        self._shape = shape
        self._access = access
        self._state = state
        self._difference = difference
        self._notifications = notifications
        self._image: ZoneImage | None = None
        self._clients: Counter[str] = Counter()
        self._servers: list[asyncio.Server] = []
        self._udp: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def update(self) -> None:
        """Take the zone as it is now, and tell the resolvers."""
        state = await self._state()
        self._image = await asyncio.to_thread(zone_image, state.serial, state.names, self._shape)
        left_out = len(state.names) - self._image.names
        if left_out:
            log.warning("%d names are too long to stand below %s", left_out, self._shape.zone)
        if self._notifications is not None:
            self._notifications.send(state.serial)

    async def start(self, listen: Listen) -> tuple[str, int]:
        """Listen; the address that TCP and UDP are bound to. Raises OSError."""
        if self._image is None:
            await self.update()
        host, port = listen.address
        server = await asyncio.start_server(self._connected, host, port, limit=_LARGEST_QUESTION + 2)
        self._servers.append(server)
        bound = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(host, bound))
        if listen.tls_address is not None:
            tls_host, tls_port = listen.tls_address
            self._servers.append(
                await asyncio.start_server(
                    self._connected, tls_host, tls_port, ssl=listen.context, limit=_LARGEST_QUESTION + 2
                )
            )
        return host, bound

    async def close(self) -> None:
        """Stop: end what is open, tell nobody any more."""
        for server in self._servers:
            server.close()
        if self._udp is not None:
            self._udp.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._notifications is not None:
            await self._notifications.close()

    @property
    def connections(self) -> int:
        """Return the number of open connections."""
        return self._clients.total()

    async def answered(self, wire: bytes, address: str) -> bytes | None:
        """Return the answer to one datagram; None where none is given."""
        answer = await answer_to(wire, address, self._served(), udp=True)
        if answer is None:
            return None
        await self._note(answer, address)
        return next(answer.messages)

    def _served(self) -> Served:
        assert self._image is not None  # noqa: S101 (made before anything listens)
        return Served(self._shape, self._image, self._access, self._difference)

    async def _note(self, answer: ZoneAnswer, address: str) -> None:
        if answer.asker is None:
            return
        if self._notifications is not None:
            self._notifications.note_question(address)
        if self._noted is not None and self._image is not None:
            await self._noted(answer.asker, address, self._image.serial if answer.transfer else None)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ("?",))[0])
        if self._clients[address] >= _MOST_OF_ONE_CLIENT or self._clients.total() >= _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self._clients[address] += 1
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (asyncio runs us in one)
        self._tasks.add(task)
        try:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await self._converse(reader, writer, address)
        except asyncio.CancelledError:
            pass  # we are closing
        except Exception as error:  # a bug must not end the server
            reason = outside_failure(error)
            if reason is None:
                log.exception("a zone transfer failed")
            else:
                log.warning("a zone transfer failed: %s", reason)
        finally:
            self._tasks.discard(task)
            self._clients[address] -= 1
            if not self._clients[address]:
                del self._clients[address]
            await _hang_up(writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
        """ZoneAnswer the questions of one connection, one after the other (RFC 7766)."""
        for _ in range(_MOST_QUESTIONS):
            async with asyncio.timeout(_IDLE_SECONDS):
                size = int.from_bytes(await reader.readexactly(2))
                if size > _LARGEST_QUESTION:
                    return
                wire = await reader.readexactly(size)
            answer = await answer_to(wire, address, self._served(), udp=False)
            if answer is None:
                return
            for message in answer.messages:
                writer.write(len(message).to_bytes(2) + message)
                async with asyncio.timeout(_SEND_SECONDS):
                    await writer.drain()
                await asyncio.sleep(0)  # a fast client must not keep the watch from its work
            await self._note(answer, address)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close after what was written has left; a client that takes nothing is cut off."""
    writer.close()
    try:
        async with asyncio.timeout(_SEND_SECONDS):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()


class _Datagrams(asyncio.DatagramProtocol):
    """Questions over UDP, so many a second from one client."""

    def __init__(self, server: ZoneServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None
        self._second = 0
        self._asked: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """ZoneAnswer one question."""
        second = int(asyncio.get_running_loop().time())
        if second != self._second:
            self._second = second
            self._asked.clear()
        self._asked[addr[0]] += 1
        if self._asked[addr[0]] > _UDP_A_SECOND:
            return
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = await self._server.answered(data, addr[0])
        if answer is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(answer, addr)
