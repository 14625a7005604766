"""The careful resolver: several servers, retries, TCP for what is cut, EDNS left out where it is not understood.

What the DNS does is an outcome. A server that fails is asked less and its question goes to another one.
"""

import asyncio
import random
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv6Network

from watcher.core.errors import ConfigurationError
from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.ports import Clock
from watcher.lookups.clock import SystemClock
from watcher.lookups.dns.lane import Lane
from watcher.lookups.dns.servers import Server, parse_server
from watcher.lookups.dns.source_ports import DEFAULT_PORTS
from watcher.lookups.dns.translation import plain
from watcher.lookups.dns.udp import Counters
from watcher.lookups.dns.wire import (
    FORMERR,
    MAX_CHAIN,
    NOTIMP,
    TYPE_IN,
    authoritative,
    encode_name,
    parse_answer,
    rcode,
    truncated,
)

__all__ = ["CarefulResolver", "Server", "parse_server"]

_LONG_WAIT = 1.0
_WITHOUT_EDNS = frozenset({Outcome.FORMERR, Outcome.NOTIMP})
_TELLING = (
    Outcome.FILTERED,
    Outcome.BOGUS,
    Outcome.SERVFAIL,
    Outcome.TRUNCATED,
    Outcome.REFUSED,
    Outcome.NOTIMP,
    Outcome.FORMERR,
    Outcome.TIMEOUT,
)
"""Failures, the most telling first: which one is reported when every server failed in its own way."""
_ONCE_A_SERVER = frozenset({Outcome.REFUSED, Outcome.FILTERED, Outcome.BOGUS, Outcome.NOTIMP})
_TWICE_A_SERVER = frozenset({Outcome.SERVFAIL, Outcome.FORMERR})
"""Failures that the same server would only repeat."""


class CarefulResolver:
    """Satisfies `core.ports.Resolver`. `timeout` is in seconds a try, `max_rate` in questions a second and server.

    Not `recursive`: the servers are asked for what they know themselves; a reply that they are no authority for is
    REFUSED, whatever they call it. `ports`: how many sockets each server is asked from.
    `tls`: for encrypted servers; None: the system's authorities.
    Belongs to the event loop it is used in; `close` it there. Raises ConfigurationError when there is no server.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        *,
        timeout: float = 3.0,
        attempts: int = 3,
        max_rate: float = 200.0,
        clock: Clock | None = None,
        recursive: bool = True,
        ports: int = DEFAULT_PORTS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if not servers:
            raise ConfigurationError("dns.resolvers", "no resolver is given")
        self.clock = clock or SystemClock()
        self.attempts = max(1, attempts)
        self.timeout = timeout
        self._recursive = recursive
        self._closed = False
        unique = dict.fromkeys(servers)
        self.lanes = tuple(
            Lane(
                server, max_rate=max_rate, timeout=timeout, clock=self.clock, ports=ports, tls=tls, controlled=recursive
            )
            for server in unique
        )

    async def ask(self, questions: Sequence[Question], *, avoid: frozenset[str] = frozenset()) -> tuple[Answer, ...]:
        """Return the answers in the order of the questions; never raises for what the DNS did.

        `avoid`: resolvers (as in `Answer.resolver`) to use only when there is no other.
        """
        if len(questions) == 1:
            return (await self._settle(questions[0], avoid),)
        return tuple(await asyncio.gather(*(self._settle(question, avoid) for question in questions)))

    def refuse(self, resolver: str) -> None:
        """Never use `resolver` (as in `Answer.resolver`) again, until `readmit`: it was found dishonest."""
        for lane in self.lanes:
            lane.refused = lane.refused or lane.name == resolver

    def readmit(self, resolver: str) -> None:
        """The opposite of `refuse`."""
        for lane in self.lanes:
            lane.refused = lane.refused and lane.name != resolver

    def translates(self, resolver: str, prefixes: Sequence[IPv6Network]) -> None:
        """It makes addresses with these prefixes up from IPv4 ones; they are shown with the well-known one instead."""
        for lane in self.lanes:
            if lane.name == resolver:
                lane.translates = tuple(prefixes)

    def suspect(self, resolver: str) -> None:
        """It did not answer: ask others until it does."""
        for lane in self.lanes:
            if lane.name == resolver:
                lane.suspect()

    @property
    def usable(self) -> tuple[str, ...]:
        """Return the resolvers in use."""
        return tuple(lane.name for lane in self.lanes if not lane.refused)

    @property
    def lookups(self) -> dict[tuple[str, Outcome], int]:
        """Questions asked since the start, those of sweeps included, by resolver and what became of them."""
        return {(lane.name, outcome): count for lane in self.lanes for outcome, count in lane.outcomes.items()}

    @property
    def datagrams(self) -> dict[str, Counters]:
        """Datagrams by resolver: sent, answered, silent, late, duplicates, forged, wrong case."""
        return {lane.name: lane.udp.counters for lane in self.lanes}

    @property
    def rates(self) -> dict[str, float]:
        """Questions a second that each resolver is asked at most, at present."""
        return {lane.name: lane.pace.rate for lane in self.lanes}

    @property
    def busy(self) -> bool:
        """Return whether questions wait long for their turn at each server in use."""
        now = self.clock.now().timestamp()
        return all(lane.pace.until_next(now) > _LONG_WAIT for lane in self.lanes if lane.usable)

    def close(self) -> None:
        """Close every socket; what is still under way is answered with TIMEOUT."""
        self._closed = True
        for lane in self.lanes:
            lane.close()

    async def _settle(self, question: Question, avoid: frozenset[str]) -> Answer:
        """Follow a chain that the server broke off: without the target's records or an SOA nothing was said of it."""
        budget = _Budget(self.timeout * (self.attempts + 1))
        answer = await self._try_all(question, avoid, budget)
        while answer.outcome is Outcome.NODATA and answer.chain and answer.soa is None:
            if len(answer.chain) >= MAX_CHAIN:
                return replace(answer, outcome=Outcome.SERVFAIL, ttl=None)
            rest = await self._try_all(replace(question, name=answer.chain[-1]), avoid, budget)
            ttl = None if rest.ttl is None else min(rest.ttl, answer.ttl or 0)
            answer = replace(rest, question=question, chain=answer.chain + rest.chain, ttl=ttl)
            if not rest.chain:
                return answer
        return answer

    async def _try_all(self, question: Question, avoid: frozenset[str], budget: "_Budget") -> Answer:
        qname = encode_name(question.name)
        if qname is None:  # nobody can ask for it
            return Answer(question, Outcome.FORMERR, "", self.clock.now())
        best: Answer | None = None
        tried: list[Lane] = []
        spoken: set[Lane] = set()
        for _ in range(self.attempts):
            lane = self._choose(avoid, tried, spoken)
            if lane is None or budget.left <= 0 or self._closed:
                break
            tried.append(lane)
            await lane.turn()
            answer = await self._try(lane, question, qname, budget)
            if answer.settled:
                return answer
            if answer.outcome in _ONCE_A_SERVER or (answer.outcome in _TWICE_A_SERVER and tried.count(lane) > 1):
                spoken.add(lane)
            if best is None or _TELLING.index(answer.outcome) <= _TELLING.index(best.outcome):
                best = answer
        # None at all: no time was left for it (a long chain), or every server is refused.
        return best or Answer(question, Outcome.TIMEOUT, "", self.clock.now())

    def _choose(self, avoid: frozenset[str], tried: list[Lane], spoken: set[Lane]) -> Lane | None:
        """Return the server to try next: not silent, not avoided, least tried, healthy; by chance among equals."""
        lanes = [lane for lane in self.lanes if not lane.refused and lane not in spoken]
        if not lanes:
            return None

        def badness(lane: Lane) -> tuple[bool, bool, int, float]:
            chance = random.random() / max(lane.health, 0.01)  # noqa: S311 (spreads load, guards nothing)
            return lane.doubtful, lane.name in avoid, tried.count(lane), chance

        return min(lanes, key=badness)

    async def _try(self, lane: Lane, question: Question, qname: bytes, budget: "_Budget") -> Answer:
        """One try at one server: with EDNS, without where it is not understood, over TCP where the reply was cut."""
        edns = lane.edns
        answer, code = await self._exchange(lane, question, qname, budget, edns=edns)
        if edns and answer.outcome in _WITHOUT_EDNS:
            await lane.turn()
            plain, _ = await self._exchange(lane, question, qname, budget, edns=False)
            if plain.outcome not in _WITHOUT_EDNS and plain.outcome is not Outcome.TIMEOUT:
                if code in (FORMERR, NOTIMP):  # and not merely unreadable
                    lane.answers_plain()
                return plain
        return answer

    async def _exchange(
        self, lane: Lane, question: Question, qname: bytes, budget: "_Budget", *, edns: bool
    ) -> tuple[Answer, int | None]:
        """Return the answer, and the RCODE of the reply where there was one."""
        frame = lane.frame(checking_disabled=question.checking_disabled, edns=edns, recursive=self._recursive)
        type_in = TYPE_IN[question.type]
        loop = asyncio.get_running_loop()
        started = loop.time()
        waiting: _Waiting = loop.create_future()
        lane.udp.ask(qname, type_in, frame, (_replied, _silent), waiting)
        reply, seconds, doubtful = await waiting
        seconds = self.timeout if seconds is None else seconds
        cut = reply is not None and truncated(reply)
        if cut or doubtful:
            reply = await lane.over_tcp(qname + type_in, frame)
        budget.left -= loop.time() - started
        now = self.clock.now()
        if reply is not None:
            answer = parse_answer(reply, question, lane.name, now)
            if not self._recursive and answer.settled and not authoritative(reply):
                answer = Answer(question, Outcome.REFUSED, lane.name, now)
        else:
            answer = Answer(question, Outcome.TRUNCATED if cut else Outcome.TIMEOUT, lane.name, now)
        if lane.translates and question.type is RRType.AAAA:
            answer = replace(answer, records=tuple(plain(record, lane.translates) for record in answer.records))
        lane.note(answer.outcome, None if doubtful else seconds)
        return answer, None if reply is None else rcode(reply)


@dataclass(slots=True)
class _Budget:
    """Seconds left for one question, waits for one's turn not counted: they are the caller's own doing."""

    left: float


_Waiting = asyncio.Future[tuple[bytes | None, float | None, bool]]


def _replied(waiting: _Waiting, reply: bytes, seconds: float) -> None:
    if not waiting.done():
        waiting.set_result((reply, seconds, False))


def _silent(waiting: _Waiting, doubtful: bool) -> None:
    if not waiting.done():
        waiting.set_result((None, None, doubtful))
