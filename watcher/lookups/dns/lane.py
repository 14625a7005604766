"""One server with all we keep about it: its pace, its sockets, its health and what it cannot do.

Whoever runs the nameservers of a name can make every question about it fail. So a failure says nothing about a
resolver by itself: it is in doubt until a control question, about a random name, is answered (the failures were the
names') or fails too (they were the resolver's).
"""

import asyncio
import contextlib
import os
import random
import ssl
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from datetime import datetime
from ipaddress import IPv6Network

from watcher.core.mail.dns import Outcome, RRType
from watcher.core.ports import Clock
from watcher.lookups.dns.encrypted import questions_to
from watcher.lookups.dns.pacing import Pace
from watcher.lookups.dns.servers import Server, Transport
from watcher.lookups.dns.source_ports import DEFAULT_PORTS
from watcher.lookups.dns.wire import EDNS, HEADER, NXDOMAIN, PLAIN_HEADER, TYPE_IN, Match, match, rcode, truncated

_SILENT_ENOUGH = 5
_SHORTEST_REST, _LONGEST_REST = 1.0, 60.0
_LEARN = 0.05
_PLAIN_ENOUGH = 2
_TCP_AT_ONCE = 8
_SLOW_AT_ONCE = 4
_ENOUGH_DOUBTS, _MOST_DOUBTS = 2, 1000
_LATE = 1.0
_MOST_SLOW = 10_000
_CONTROL_SUFFIXES = (b"\x03com\x00", b"\x03net\x00", b"\x03org\x00")
_FINE = frozenset({0, NXDOMAIN})
_LAPSED_WAIT = 0.2  # seconds
_BAD = frozenset({Outcome.TIMEOUT, Outcome.SERVFAIL, Outcome.REFUSED})


class Lane:
    """The way of every question to one server.

    `controlled`: failures count against the server only where control questions fail too. For recursive resolvers;
    a server that is asked for its own zone answers for itself.
    """

    def __init__(
        self,
        server: Server,
        *,
        max_rate: float,
        timeout: float,
        clock: Clock,
        ports: int = DEFAULT_PORTS,
        tls: ssl.SSLContext | None = None,
        controlled: bool = False,
    ) -> None:
        self.server = server
        self.name = server.name
        self._max_rate = max_rate
        self.pace = Pace(max_rate, now=clock.now().timestamp())
        self.udp = questions_to(server, timeout=timeout, ports=ports, tls=tls)
        self.outcomes: Counter[Outcome] = Counter()
        """Every question asked here, by what became of it."""
        self.health = 1.0
        """Share of questions answered properly of late, 0 to 1."""
        self.edns = True
        self.translates: tuple[IPv6Network, ...] = ()
        """Prefixes of the addresses that it makes up from IPv4 ones (DNS64)."""
        self.refused = False
        """Never to be asked: it was found dishonest."""
        self._clock = clock
        self._timeout = timeout
        self.silent_since: float | None = None
        """When it fell silent; None while it talks. A silent one is asked for the root now and then until it talks."""
        self._silent_in_a_row = 0
        self._rest = _SHORTEST_REST
        self._next_probe: asyncio.TimerHandle | None = None
        self._plain_answers = 0
        self._closed = False
        self._controlled = controlled
        self._doubts: deque[tuple[Outcome, float | None]] = deque(maxlen=_MOST_DOUBTS)
        """Failures that a control question is to explain, and when each question was sent."""
        self._control_sent_at: float | None = None
        self._tcp = asyncio.Semaphore(_TCP_AT_ONCE)
        self._slow_tcp = asyncio.Semaphore(_SLOW_AT_ONCE)
        self._slow: OrderedDict[bytes, None] = OrderedDict()

    def now(self) -> float:
        """Seconds on the clock that the pace goes by."""
        return self._clock.now().timestamp()

    @property
    def usable(self) -> bool:
        """Return whether a sweep may ask it now."""
        return not self.refused and self.silent_since is None

    @property
    def doubtful(self) -> bool:
        """Return whether it is silent, or a control question to it has waited for long."""
        late = self._control_sent_at is not None and self.now() - self._control_sent_at > _LATE
        return self.silent_since is not None or late

    def lend(self, part: float, *, until: datetime) -> None:
        """Ask at most this part of the rate, and nothing after `until`: others ask this server too."""
        self.pace.lend(part * self._max_rate, until=until.timestamp())

    async def turn(self) -> None:
        """Return when one careful question may go; these come before those of a sweep."""
        while self.pace.lapsed(self.now()):
            await self._clock.sleep(_LAPSED_WAIT)
        delay = self.pace.reserve(self.now())
        if delay:
            await self._clock.sleep(delay)

    def frame(
        self, *, checking_disabled: bool = False, edns: bool = True, recursive: bool = True
    ) -> tuple[bytes, bytes]:
        """Header and tail of a query to this server; not `recursive`: for a server that knows by itself (RD=0)."""
        header = HEADER[edns, checking_disabled] if recursive else PLAIN_HEADER[edns]
        return header, EDNS if edns else b""

    def note(self, outcome: Outcome, seconds: float | None) -> None:
        """Learn from what became of a question `seconds` after it was sent; None: that says nothing about the pace."""
        if outcome not in _BAD and seconds is not None:
            self.note_proper({outcome: 1}, seconds)
            return
        self.outcomes[outcome] += 1
        if outcome not in _BAD:
            return
        now = self.now()
        sent_at = None if seconds is None else now - seconds
        if not self._controlled or self.silent_since is not None:
            self._failed(outcome, sent_at)
            return
        self._doubts.append((outcome, sent_at))
        if self._control_sent_at is None and len(self._doubts) >= _ENOUGH_DOUBTS:
            self._ask_control()

    def _failed(self, outcome: Outcome, sent_at: float | None) -> None:
        """Count a failure against the server."""
        now = self.now()
        self.health *= 1 - _LEARN
        if sent_at is not None:
            self.pace.failed(now, now - sent_at)
        if outcome is not Outcome.TIMEOUT:
            self._spoke()
            return
        self._silent_in_a_row += 1
        if self._silent_in_a_row >= _SILENT_ENOUGH and self.silent_since is None:
            # Dead, or only asked about names whose own servers are dead? It knows the root in any case.
            self._fall_silent()

    def _fall_silent(self) -> None:
        self.silent_since = self.now()
        self._probe()

    def suspect(self) -> None:
        """It did not answer somebody else: leave it alone until it does."""
        if self.silent_since is None:
            self._fall_silent()

    def _ask_control(self) -> None:
        """Ask for a random name: a failure of that is the server's own."""
        self.pace.reserve(self.now())
        self._control_sent_at = self.now()
        label = b"w" + os.urandom(10).hex().encode()
        qname = bytes([len(label)]) + label + random.choice(_CONTROL_SUFFIXES)  # noqa: S311 (spreads load)
        calls = (self._control_replied, self._control_lost)
        self.udp.ask(qname, TYPE_IN[RRType.MX], self.frame(edns=self.edns), calls, None)

    def _control_replied(self, _context: object, reply: bytes, seconds: float) -> None:
        self._control_sent_at = None
        doubts, answered = tuple(self._doubts), rcode(reply) in _FINE
        self._doubts.clear()
        if answered:
            self.health = 1 - (1 - self.health) * (1 - _LEARN)
            self.pace.answered(self.now(), seconds)
        for outcome, sent_at in () if answered else doubts:
            self._failed(outcome, sent_at)
        self._spoke()

    def _control_lost(self, _context: object, _doubtful: bool) -> None:
        self._control_sent_at = None
        doubts = tuple(self._doubts)
        self._doubts.clear()
        for outcome, sent_at in doubts:
            self._failed(outcome, sent_at)
        silent = any(outcome is Outcome.TIMEOUT for outcome, _ in doubts)
        if silent and self.silent_since is None and not self._closed:
            self._fall_silent()

    def note_proper(self, outcomes: Mapping[Outcome, int], seconds: float) -> None:
        """The same for many proper answers at once, `seconds` after their questions on average."""
        self.outcomes.update(outcomes)
        count = sum(outcomes.values())
        self.health = 1 - (1 - self.health) * (1 - _LEARN) ** count
        self.pace.answered(self.now(), seconds, count)
        self._spoke()

    def _spoke(self) -> None:
        self._silent_in_a_row, self.silent_since, self._rest = 0, None, _SHORTEST_REST
        if self._next_probe is not None:
            self._next_probe.cancel()
            self._next_probe = None

    def _probe(self) -> None:
        self.pace.reserve(self.now())
        self.udp.ask(b"\x00", TYPE_IN[RRType.NS], self.frame(edns=False), (self._probe_replied, self._probe_lost), None)

    def _probe_replied(self, _context: object, _reply: bytes, _seconds: float) -> None:
        self._spoke()

    def _probe_lost(self, _context: object, _doubtful: bool) -> None:
        if self.silent_since is not None and not self._closed:
            self._next_probe = asyncio.get_running_loop().call_later(self._rest, self._probe)
            self._rest = min(_LONGEST_REST, self._rest * 2)

    def answers_plain(self) -> None:
        """A question without EDNS was answered after one with it had been refused: twice, and EDNS is left out."""
        self._plain_answers += 1
        if self._plain_answers >= _PLAIN_ENOUGH:
            self.edns = False

    async def over_tcp(self, question: bytes, frame: tuple[bytes, bytes]) -> bytes | None:
        """Return the whole reply to `question` (name, type, class) over TCP; None when that fails or takes long."""
        if self.server.transport is not Transport.PLAIN:
            return None  # it was a stream already: nothing longer will come
        await self.turn()
        number = os.urandom(2)
        message = number + frame[0] + question + frame[1]
        name = question[:-4].lower()
        async with self._slow_tcp if name in self._slow else self._tcp:
            try:
                async with asyncio.timeout(self._timeout):
                    reply = await self._exchange(message)
            except (OSError, EOFError, TimeoutError):
                self._note_slow(name)
                return None
        self._slow.pop(name, None)
        fits = reply[:2] == number and match(reply, question) is not Match.NO and not truncated(reply)
        return reply if fits else None

    def _note_slow(self, name: bytes) -> None:
        """TCP failed for this name: its next tries have places apart."""
        self._slow[name] = None
        self._slow.move_to_end(name)
        if len(self._slow) > _MOST_SLOW:
            self._slow.popitem(last=False)

    async def _exchange(self, message: bytes) -> bytes:
        host = self.server.socket_address[0]
        address = self.server.address if "%" in self.server.address else host
        reader, writer = await asyncio.open_connection(address, self.server.port)
        try:
            writer.write(len(message).to_bytes(2, "big") + message)
            await writer.drain()
            size = int.from_bytes(await reader.readexactly(2), "big")
            return await reader.readexactly(size)
        finally:
            writer.transport.abort()  # a peer that reads nothing must not keep us
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def close(self) -> None:
        """Close its sockets."""
        self._closed = True
        if self._next_probe is not None:
            self._next_probe.cancel()
        self.udp.close()
