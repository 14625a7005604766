"""The source ports one server is asked from: a pool of random ones, drawn anew over time (RFC 5452 9.2).

Sockets are connected, so the kernel drops what comes from another address or port (RFC 5452 9.1) and reports
a closed port at once.
"""

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from watcher.lookups.dns.asker import Flight
from watcher.lookups.dns.servers import Server

DEFAULT_PORTS = 16
"""Source ports in use at once, for each server."""
USES = 400  # of a port, and by chance up to as many more
_LIFETIME = 60.0  # seconds of a port
_LOWEST_PORT = 10240
_DRAWS = 10
_FULL = 192  # replies that a socket's buffer surely holds (a small datagram takes 768 bytes of 212,992)
_BUFFER = 1 << 20  # as much of it as the system allows


@dataclass(slots=True, eq=False)
class SourcePort:
    """One source port. What is under way from it, and what was, is kept by id: late, twice and forged are told apart.

    `waiting` is in the order sent.
    """

    socket: socket.socket
    uses: int
    until: float
    waiting: dict[bytes, Flight] = field(default_factory=dict)
    answered: dict[bytes, bytes] = field(default_factory=dict)
    """The questions that were."""
    given_up: dict[bytes, bytes] = field(default_factory=dict)
    """Those that were not, in time."""
    doubtful: set[bytes] = field(default_factory=set)
    """Ids to which a reply came in the wrong case."""
    retired: bool = False
    paused: bool = False
    """Not told of by the loop: it is read with others in a moment."""


class SourcePorts:
    """The pool. `on_readable` is called with a port that has something to read."""

    def __init__(self, server: Server, size: int, uses: int, on_readable: Callable[[SourcePort], None]) -> None:
        self.open: set[SourcePort] = set()
        self.closed = False
        self._server = server
        self._uses = uses
        self._on_readable = on_readable
        self._slots: list[SourcePort | None] = [None] * size

    def one(self, now: float, count: int) -> SourcePort:
        """Return a random port for `count` questions, drawn anew where the old one has served. Raises OSError."""
        if self.closed:
            raise OSError(errno.ESHUTDOWN, "closed")
        slots = self._slots
        slot = int.from_bytes(os.urandom(2), "big") % len(slots)
        for other in range(slot, slot - len(slots), -1):  # not one whose replies might no longer fit into its buffer
            port = slots[other]
            if port is None or len(port.waiting) + count <= _FULL:
                slot = other
                break
        port = slots[slot]
        if port is None or port.uses <= 0 or now > port.until:
            port = self._draw(slot, now)
        port.uses -= count
        return port

    def listen(self, port: SourcePort) -> None:
        """Be told when there is something to read."""
        port.paused = False
        # By its number: the loop would write out a socket with both of its addresses to say that it is new.
        asyncio.get_running_loop().add_reader(port.socket.fileno(), self._on_readable, port)

    def pause(self, port: SourcePort) -> None:
        """Be told no more, for a moment."""
        port.paused = True
        asyncio.get_running_loop().remove_reader(port.socket.fileno())

    def done(self, port: SourcePort) -> None:
        """Close it where it is in use no more; called when a question was settled."""
        if port.retired and not port.waiting and port in self.open:
            self._shut(port)

    def rest(self) -> None:
        """Close those that wait for nothing; they are drawn anew when there is something to ask."""
        for slot, port in enumerate(self._slots):
            if port is not None:
                self._slots[slot] = None
                port.retired = True
                self.done(port)

    def close(self) -> None:
        """Close all for good."""
        self.closed = True
        for port in tuple(self.open):
            self._shut(port)
        self._slots = [None] * len(self._slots)

    def _draw(self, slot: int, now: float) -> SourcePort:
        """Open a new random port for `slot`; the old one stays open for what it still waits for. Raises OSError."""
        old = self._slots[slot]
        if old is not None:
            self._slots[slot] = None
            old.retired = True
            self.done(old)
        drawn = socket.socket(self._server.family, socket.SOCK_DGRAM)
        try:
            drawn.settimeout(0)
            drawn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._bind(drawn)
            drawn.connect(self._server.socket_address)
        except OSError:
            drawn.close()
            raise
        port = SourcePort(drawn, self._uses + int.from_bytes(os.urandom(2), "big") % self._uses, now + _LIFETIME)
        self.open.add(port)
        self._slots[slot] = port
        self.listen(port)
        return port

    def _bind(self, drawn: socket.socket) -> None:
        anywhere = "::" if self._server.family == socket.AF_INET6 else "0.0.0.0"  # noqa: S104 (connected right after)
        for _ in range(_DRAWS):
            number = int.from_bytes(os.urandom(2), "big")
            if number >= _LOWEST_PORT:
                with contextlib.suppress(OSError):  # taken: draw again
                    drawn.bind((anywhere, number))
                    return
        # None of ten was free: `connect` lets the kernel choose one, at random too.

    def _shut(self, port: SourcePort) -> None:
        if not port.paused:
            asyncio.get_running_loop().remove_reader(port.socket.fileno())
        port.socket.close()
        self.open.discard(port)
