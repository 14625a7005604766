"""Every question in flight over UDP to one server: random ports, ids and case, and replies believed only when they fit.

The hot path of the sweep, therefore plain sockets with `add_reader`: measured over loopback, a question and its reply
cost 6 µs of CPU this way and 28 µs through `asyncio.DatagramProtocol`. `tests/perf/bench_sweep.py` shows it.

Sockets are connected, so the kernel drops what comes from another address or port (RFC 5452 9.1) and reports
a closed port at once.
"""

import asyncio
import contextlib
import errno
import os
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from watcher.lookups.servers import Server
from watcher.lookups.wire import HEADER_SIZE, Match, match, randomise_case

OnReply = Callable[[object, bytes, float], None]
"""Called with the context given, the reply (its id and question fit) and the seconds it took."""
OnSilence = Callable[[object, bool], None]
"""Called with the context given when none came in time; True: one came in the wrong case, so ask over TCP."""

DEFAULT_PORTS = 16
"""Source ports in use at once, for each server."""
_USES = 400  # of a port, and by chance up to as many more
_LIFETIME = 60.0  # seconds of a port
_LOWEST_PORT = 10240
_DRAWS = 10
_RECEIVE_SIZE = 4096  # more than the 1232 we offer; a longer reply is cut and so unreadable
_AT_ONCE = 128  # replies read before others get their turn
_RANDOM_SIZE, _MOST_RANDOM = 8192, 260
_FLATTENED_ENOUGH = 3
_NO_DOUBT = False


@dataclass(slots=True)
class Counters:
    """What became of the datagrams of one server, since the start."""

    sent: int = 0
    answered: int = 0
    silent: int = 0
    late: int = 0
    duplicates: int = 0
    forged: int = 0
    wrong_case: int = 0


class _Flight:
    """One question under way."""

    __slots__ = (
        "answered", "context", "done", "doubtful", "frame", "on_reply", "on_silence", "port", "question", "sent_at",
    )  # fmt: skip

    def __init__(  # noqa: PLR0917 (keywords cost a tenth of a microsecond on the hot path)
        self,
        port: "_Port",
        question: bytes,
        frame: tuple[bytes, bytes],
        calls: tuple[OnReply, OnSilence],
        context: object,
        sent_at: float,
    ) -> None:
        self.port = port
        self.question = question
        self.frame = frame
        self.on_reply, self.on_silence = calls
        self.context = context
        self.sent_at = sent_at
        self.done = False
        self.answered = False
        self.doubtful = False


@dataclass(slots=True, eq=False)
class _Port:
    """One source port. `flights` keeps the finished ones too, by id: late, twice and forged are told apart by them."""

    socket: socket.socket
    uses: int
    until: float
    flights: dict[bytes, _Flight] = field(default_factory=dict)
    waiting: int = 0
    retired: bool = False


class Multiplexer:
    """The UDP side of one server. Belongs to the event loop it is used in; `close` it there."""

    def __init__(
        self, server: Server, *, timeout: float = 3.0, port_uses: int = _USES, ports: int = DEFAULT_PORTS
    ) -> None:
        self.server = server
        self.counters = Counters()
        self.flattens_case = False
        """The server answers in lower case: learnt from three such replies before any in the case that was sent."""
        self._closed = False
        self._keeps_case = False
        self._flattened = 0
        self._timeout = timeout
        self._port_uses = port_uses
        self._pool = ports
        self._ports: list[_Port | None] = [None] * ports
        self._open: set[_Port] = set()
        self._order: deque[_Flight] = deque()  # by time sent; the done ones leave when their time has come
        self._timer: asyncio.TimerHandle | None = None
        self._random = b""
        self._random_at = 0

    def ask(
        self,
        qname: bytes,
        type_in: bytes,
        frame: tuple[bytes, bytes],
        calls: tuple[OnReply, OnSilence],
        context: object,
    ) -> None:
        """Send one question. Exactly one of `calls` follows, never from within this call.

        `qname`: wire form, lower case. `type_in`: of `wire.TYPE_IN`. `frame`: the header after its id, and what
        follows the question.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        at = self._random_at
        if at + _MOST_RANDOM > len(self._random):
            self._random, at = os.urandom(_RANDOM_SIZE), 0
        random = self._random
        name_at = at + 3
        self._random_at = name_at + len(qname)
        self.counters.sent += 1

        port = self._ports[random[at] % self._pool]
        if port is None or port.uses <= 0 or now > port.until:
            try:
                port = self._draw(random[at] % self._pool, loop, now)
            except OSError:  # no route, no such family here, no descriptors left, closed: as good as lost
                self.counters.silent += 1
                loop.call_soon(calls[1], context, _NO_DOUBT)
                return
        number = random[at + 1 : name_at]
        flights = port.flights
        while number in flights and not flights[number].done:
            number = os.urandom(2)
        question = randomise_case(qname, random[name_at : self._random_at]) + type_in
        flight = _Flight(port, question, frame, calls, context, now)
        flights[number] = flight
        port.waiting += 1
        port.uses -= 1
        self._order.append(flight)
        if self._timer is None:
            self._timer = loop.call_later(self._timeout, self._expire)
        message = number + frame[0] + question + frame[1]
        try:
            port.socket.send(message)
        except BlockingIOError:
            pass  # the send buffer is full: lost, as on the way
        except OSError:
            self._unreachable(port, but=flight)  # an earlier datagram's ICMP error: this one was not sent
            try:
                port.socket.send(message)
            except OSError:
                self._finish(flight)
                self.counters.silent += 1
                loop.call_soon(calls[1], context, _NO_DOUBT)

    def close(self) -> None:
        """Close every socket for good; whoever still waits is told of silence."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = [flight for flight in self._order if not flight.done]
        self._order.clear()
        for flight in waiting:
            self._silence(flight)
        for port in tuple(self._open):
            self._shut(port)
        self._ports = [None] * self._pool

    def rest(self) -> None:
        """Close the sockets that wait for nothing; they are drawn anew when there is something to ask."""
        for slot, port in enumerate(self._ports):
            if port is not None:
                self._ports[slot] = None
                port.retired = True
                if not port.waiting:
                    self._shut(port)

    def _draw(self, slot: int, loop: asyncio.AbstractEventLoop, now: float) -> _Port:
        """A new random source port for `slot`; the old one stays open for what it still waits for. Raises OSError."""
        if self._closed:
            raise OSError(errno.ESHUTDOWN, "closed")
        old = self._ports[slot]
        if old is not None:
            self._ports[slot] = None
            old.retired = True
            if not old.waiting:
                self._shut(old)
        drawn = socket.socket(self.server.family, socket.SOCK_DGRAM)
        try:
            drawn.settimeout(0)
            self._bind(drawn)
            drawn.connect(self.server.socket_address)
        except OSError:
            drawn.close()
            raise
        port = _Port(drawn, self._port_uses + int.from_bytes(os.urandom(2), "big") % self._port_uses, now + _LIFETIME)
        loop.add_reader(drawn, self._receive, port)
        self._open.add(port)
        self._ports[slot] = port
        return port

    def _bind(self, drawn: socket.socket) -> None:
        anywhere = "::" if self.server.family == socket.AF_INET6 else "0.0.0.0"  # noqa: S104 (connected right after)
        for _ in range(_DRAWS):
            number = int.from_bytes(os.urandom(2), "big")
            if number >= _LOWEST_PORT:
                with contextlib.suppress(OSError):  # taken: draw again
                    drawn.bind((anywhere, number))
                    return
        # None of ten was free: `connect` lets the kernel choose one, at random too.

    def _shut(self, port: _Port) -> None:
        asyncio.get_running_loop().remove_reader(port.socket)
        port.socket.close()
        self._open.discard(port)

    def _receive(self, port: _Port) -> None:
        now = asyncio.get_running_loop().time()
        receive, flights = port.socket.recv, port.flights
        for _ in range(_AT_ONCE):
            try:
                reply = receive(_RECEIVE_SIZE)
            except BlockingIOError:
                return
            except OSError:
                self._unreachable(port)
                return
            flight = flights.get(reply[:2])
            if flight is None or flight.done:
                self._stray(flight, reply)
                continue
            question = flight.question
            if (
                reply[4:6] == b"\x00\x01"
                and reply[2] & 0xF8 == 0x80  # noqa: PLR2004 (QR=1, opcode QUERY)
                and reply[HEADER_SIZE : HEADER_SIZE + len(question)] == question
            ):
                if not self._keeps_case and question != question.lower():
                    self._keeps_case = True
                self._answered(flight, reply, now)
            else:
                self._doubted(flight, reply, now)
            if port.socket.fileno() < 0:
                return

    def _answered(self, flight: _Flight, reply: bytes, now: float) -> None:
        self.counters.answered += 1
        flight.answered = True
        self._finish(flight)
        context, flight.context = flight.context, None
        flight.on_reply(context, reply, now - flight.sent_at)

    def _doubted(self, flight: _Flight, reply: bytes, now: float) -> None:
        """Anything but the plain case: an old server's bare complaint, a flattened question, or a forgery."""
        fit = match(reply, flight.question)
        if fit is Match.NO:
            self.counters.forged += 1
        elif fit is Match.YES or self.flattens_case:
            self._answered(flight, reply, now)
        elif self._keeps_case or not _is_lower(reply, flight.question):
            self.counters.wrong_case += 1
            flight.doubtful = True
        else:
            self._flattened += 1
            if self._flattened >= _FLATTENED_ENOUGH:
                self.flattens_case = True
                self._answered(flight, reply, now)
                return
            # Ask anew, with another port, id and case: only the server itself can flatten three in a row.
            self.counters.wrong_case += 1
            self._finish(flight)
            calls = (flight.on_reply, flight.on_silence)
            context, flight.context = flight.context, None
            self.ask(flight.question[:-4].lower(), flight.question[-4:], flight.frame, calls, context)

    def _stray(self, flight: _Flight | None, reply: bytes) -> None:
        if flight is None or match(reply, flight.question) is Match.NO:
            self.counters.forged += 1
        elif flight.answered:
            self.counters.duplicates += 1
        else:
            self.counters.late += 1

    def _finish(self, flight: _Flight) -> None:
        flight.done = True
        port = flight.port
        port.waiting -= 1
        if port.retired and not port.waiting:
            self._shut(port)

    def _silence(self, flight: _Flight) -> None:
        self.counters.silent += 1
        self._finish(flight)
        context, flight.context = flight.context, None
        flight.on_silence(context, flight.doubtful)

    def _unreachable(self, port: _Port, but: _Flight | None = None) -> None:
        """The port there is closed, as ICMP says: nothing will come for what waits here."""
        call_soon = asyncio.get_running_loop().call_soon
        for flight in [flight for flight in port.flights.values() if not flight.done and flight is not but]:
            call_soon(self._silence_once, flight)

    def _silence_once(self, flight: _Flight) -> None:
        if not flight.done:
            self._silence(flight)

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        order, limit = self._order, loop.time() - self._timeout
        self._timer = None
        self._read_before_giving_up(limit)
        while order and (order[0].done or order[0].sent_at <= limit):
            flight = order.popleft()
            if not flight.done:
                self._silence(flight)
        if order and self._timer is None:
            # Sent within the next twentieth of the timeout: told together, so that a busy sweep wakes seldom.
            delay = max(order[0].sent_at - limit, self._timeout / 20)
            self._timer = loop.call_later(delay, self._expire)

    def _read_before_giving_up(self, limit: float) -> None:
        """When we were busy with something else the replies may lie there, unread."""
        ports = []
        for flight in self._order:
            if flight.sent_at > limit:
                break
            if not flight.done and flight.port not in ports:
                ports.append(flight.port)
        for port in ports:
            if port in self._open:
                self._receive(port)


def _is_lower(reply: bytes, question: bytes) -> bool:
    return reply[HEADER_SIZE : HEADER_SIZE + len(question) - 4] == question[:-4].lower()
