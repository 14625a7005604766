"""The existence sweep at the source: the nameservers of each public suffix are asked, without a recursor in between.

A new registration is seen at once, since nobody remembers that the name was absent. Where a suffix's servers cannot be
found, are silent, or do not speak for it, and for single names that they fail on, the resolvers are asked instead.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from itertools import islice

from watcher.core.mail.dns import Outcome
from watcher.core.names.names import Fqdn
from watcher.core.ports import Existence, Presence
from watcher.lookups.dns.lane import Lane
from watcher.lookups.dns.wire import FORMERR, NOTIMP
from watcher.lookups.existence.first_tries import FirstTries, Item, Tail
from watcher.lookups.existence.referral import denies, read_referral
from watcher.lookups.existence.suffix_servers import SuffixLanes, SuffixServers
from watcher.lookups.existence.sweep_engine import Course, ResolverSweeper
from watcher.lookups.existence.sweep_progress import SweepProgress

_AHEAD = 50_000  # names drawn before their turn, so that one slow suffix does not hold up the others
_MOST_ACTIVE = 128  # suffixes asked at once: each has its sockets
_DRAWN_AT_ONCE = 512
_CUT = 0x02  # TC, in the header's third byte
_TRIES = 2  # of one name at a suffix's servers, before the resolvers are asked


class SuffixSweeper:
    """Satisfies `core.ports.Sweeper`. `public_suffix` tells a name's suffix.

    `resolvers` is asked where `servers` cannot be. It reads `ahead` names ahead of their turn.
    """

    def __init__(
        self,
        resolvers: ResolverSweeper,
        servers: SuffixServers,
        *,
        public_suffix: Callable[[str], str],
        ahead: int = _AHEAD,
    ) -> None:
        self.resolvers = resolvers
        self.servers = servers
        self.public_suffix = public_suffix
        self.ahead = ahead
        self.progress = SweepProgress(servers.clock.now().timestamp())
        """Of the sweep begun last."""

    def sweep(self, names: Iterable[Fqdn]) -> AsyncGenerator[Existence, None]:
        """Every name once, in the order they settle; see `core.ports.Sweeper`."""
        course = _SuffixCourse(self, names)
        self.progress = course.progress
        return course.run()


async def reached(sweeper: SuffixSweeper, suffixes: Sequence[str], label: str) -> dict[str, bool]:
    """For each suffix whether its own servers say that `label` (nobody's) is not registered there."""
    names = {Fqdn(f"{label}.{suffix}"): suffix for suffix in suffixes}
    resolvers = {lane.name for lane in sweeper.resolvers.resolver.lanes}
    return {
        names[found.name]: found.presence is Presence.ABSENT and found.resolver not in resolvers
        async for found in sweeper.sweep(names)
    }


class _Route:
    """One suffix's names of this sweep: waiting until its servers are known, then until it is their turn."""

    __slots__ = ("again", "first_tries", "queue", "servers", "suffix", "under_way")

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix
        self.queue: deque[Fqdn] = deque()
        self.again: deque[Item] = deque()
        self.servers: SuffixLanes | None = None
        self.first_tries: dict[Lane, _FirstTries] = {}
        self.under_way = 0

    @property
    def waits(self) -> bool:
        """Return whether something is still to be asked."""
        return bool(self.queue or self.again)


class _FirstTries(FirstTries):
    """The first tries of one sweep at one server of a suffix."""

    __slots__ = ("_route", "_servers")

    course: "_SuffixCourse"

    def __init__(self, course: "_SuffixCourse", lane: Lane, route: _Route, servers: SuffixLanes) -> None:
        super().__init__(course, lane, servers.tails)
        self._route = route
        self._servers = servers

    def item(self, name: Fqdn, qname: bytes) -> Item:
        item = super().item(name, qname)
        item.route = self._route
        return item

    def nameless(self, name: Fqdn) -> None:
        self._route.under_way -= 1
        super().nameless(name)

    def denied(self, count: int, seconds: float) -> None:
        super().denied(count, seconds)
        self._servers.good += count
        self.course.left(self._route, count)

    def denies(self, reply: bytes, question: bytes, name: Fqdn, tail: Tail) -> bool:  # noqa: ARG002 (others need it)
        return denies(reply, len(question), name, self._servers.zone)


class _SuffixCourse(Course):
    """One sweep under way. Items with a route are the suffix's servers' business, those without the resolvers'."""

    def __init__(self, sweeper: SuffixSweeper, names: Iterable[Fqdn]) -> None:
        super().__init__(sweeper.resolvers, names)
        self._servers = sweeper.servers
        self._public_suffix = sweeper.public_suffix
        self._ahead = sweeper.ahead
        self._routes: dict[str, _Route] = {}
        self._active: deque[_Route] = deque()
        self._idle: deque[_Route] = deque()
        self._queued = 0
        self._fallen_back: deque[Fqdn] = deque()

    @property
    def over(self) -> bool:
        """Return whether every name was drawn and settled or given up."""
        return super().over and not self._queued and not self._fallen_back

    def close(self) -> None:
        """Leave what is under way, and close the suffixes' sockets."""
        super().close()
        for route in self._routes.values():
            _rest(route)

    def fill(self) -> None:
        """Draw names, and send as many questions as paces and window allow."""
        self._distribute()
        super().fill()
        now = self._clock.now().timestamp()
        while self._idle and len(self._active) < _MOST_ACTIVE:
            self._active.append(self._idle.popleft())
        for _ in range(len(self._active)):
            route = self._active.popleft()
            if not self._fill_route(route, now):
                self._active.append(route)
            elif not route.under_way:
                _rest(route)
        self._hungry = bool(self._hungry or self._active)

    def _undrawn(self) -> int:
        return len(self._fallen_back)

    def _draw(self, count: int) -> list[Fqdn]:
        return [self._fallen_back.popleft() for _ in range(min(count, len(self._fallen_back)))]

    def _distribute(self) -> None:
        """Draw names and queue each for its suffix."""
        if self._exhausted or self._queued >= self._ahead:
            return
        routes, count, queued = self._routes, 0, 0
        for name in islice(self._names, _DRAWN_AT_ONCE):
            count += 1
            route = routes.get(name.partition(".")[2]) or self._route(name)
            if route.queue:
                route.queue.append(name)
                queued += 1
            elif route.servers is None or route.servers.working:
                self._enqueue(name, route)
            else:
                self._fallen_back.append(name)
        self._queued += queued
        self._exhausted = count < _DRAWN_AT_ONCE

    def _route(self, name: Fqdn) -> _Route:
        """That of its suffix, made where it is new. A registrable domain's suffix is what follows its first label."""
        suffix = self._public_suffix(name)
        route = self._routes.get(suffix)
        if route is None:
            route = self._routes[suffix] = _Route(suffix)
            self._find(route)
        return route

    def _enqueue(self, one: Fqdn | Item, route: _Route) -> None:
        """Into the queue of a route, which becomes active with it."""
        if route.servers is not None and not route.waits and route not in self._active:
            self._idle.append(route)
        self._queued += 1
        if isinstance(one, Item):
            route.again.append(one)
        else:
            route.queue.append(one)

    def _find(self, route: _Route) -> None:
        route.servers = self._servers.known(route.suffix)
        if route.servers is None:
            task = asyncio.get_running_loop().create_task(self._found(route))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _found(self, route: _Route) -> None:
        route.servers = await self._servers.find(route.suffix)
        if route.servers.working:
            if route.waits:
                self._idle.append(route)
        else:
            self._fall_back(route)
        self._wake()

    def _fall_back(self, route: _Route) -> None:
        """Its servers do not work: everything that waits goes to the resolvers."""
        self._queued -= len(route.queue) + len(route.again)
        self._fallen_back.extend(route.queue)
        self._fallen_back.extend(item.name for item in route.again)
        route.queue.clear()
        route.again.clear()

    def _fill_route(self, route: _Route, now: float) -> bool:
        """Send what may go; whether nothing is left to send."""
        servers = route.servers
        if servers is None or not servers.working:
            self._fall_back(route)
            return True
        room = min(servers.bucket.ready(now), len(route.queue) + len(route.again), self._window - self.in_flight)
        for lane in sorted((lane for lane in servers.lanes if lane.usable), key=_health, reverse=True):
            if room <= 0:
                break
            number = lane.pace.take(now, room)
            servers.bucket.take(number)
            room -= number
            self._queued -= number
            route.under_way += number
            for _ in range(min(number, len(route.again))):
                self.send(route.again.popleft(), lane)
                number -= 1
            if number:
                first_tries = route.first_tries.get(lane)
                if first_tries is None:
                    first_tries = route.first_tries[lane] = _FirstTries(self, lane, route, servers)
                first_tries.ask([route.queue.popleft() for _ in range(number)], recursive=False)
        return not route.waits

    def _delays(self, now: float) -> Iterator[float]:
        yield from super()._delays(now)
        for route in self._active:
            if route.servers is not None:
                paces = [lane.pace.until_next(now) for lane in route.servers.lanes if lane.usable]
                yield max(route.servers.bucket.until_next(), min(paces, default=0.0))

    def _give_up(self) -> None:
        self.progress.silent = True
        waiting = [*(item.name for item in self._retries), *self._fallen_back]
        self._retries.clear()
        self._fallen_back.clear()
        for name in waiting:
            self.unsettled(name, Outcome.TIMEOUT, "")

    def replied(self, context: object, reply: bytes, seconds: float) -> None:
        item: Item = context  # type: ignore[assignment]  # (it is what `send` handed over)
        route: _Route | None = item.route  # type: ignore[assignment]
        if route is None:
            super().replied(item, reply, seconds)
            return
        self.in_flight -= 1
        self.left(route, 1)
        if self.closed:
            return
        if reply[2] & _CUT:
            self._over_tcp(item, seconds)
        else:
            self._judge(item, reply, seconds)

    def silent(self, context: object, doubtful: bool) -> None:
        route: _Route | None = context.route  # type: ignore[attr-defined]  # (of an Item)
        if route is not None:
            self.left(route, 1)
        super().silent(context, doubtful)

    def left(self, route: _Route, count: int) -> None:
        """So many of a route's questions are under way no more."""
        route.under_way -= count
        if not route.under_way and not route.waits:
            asyncio.get_running_loop().call_soon(_rest, route)

    def _read(self, item: Item, reply: bytes, seconds: float | None) -> None:
        if item.route is None:
            super()._read(item, reply, seconds)
        else:
            self._judge(item, reply, seconds)

    def _judge(self, item: Item, reply: bytes, seconds: float | None) -> None:
        route: _Route = item.route  # type: ignore[assignment]
        servers = route.servers
        assert servers is not None  # noqa: S101 (they were asked)
        presence = read_referral(reply, len(item.qname) + 4, item.name, servers.zone)
        if presence is None:
            code = reply[3] & 0x0F
            servers.bad += 1
            outcome = _REFUSALS.get(code, Outcome.REFUSED)
            self._failed(item, outcome, seconds, without_edns=code in (FORMERR, NOTIMP))
            return
        servers.good += 1
        tally = self.tally(item.lane)
        tally.seconds += seconds or 0.0
        absent = presence is Presence.ABSENT
        if absent:
            tally.nxdomains += 1
        else:
            tally.answers += 1
        outcome = Outcome.NXDOMAIN if absent else Outcome.ANSWER
        self._settled(item.name, absent=absent, outcome=outcome, lane=item.lane, delegated=not absent)

    def _failed(self, item: Item, outcome: Outcome, seconds: float | None, *, without_edns: bool = False) -> None:
        route: _Route | None = item.route  # type: ignore[assignment]
        if route is None:
            super()._failed(item, outcome, seconds, without_edns=without_edns)
            return
        item.lane.note(outcome, seconds)
        servers = route.servers
        if servers is not None and not servers.working and servers.lanes and servers.bad > servers.good:
            self._servers.give_up(route.suffix)
        item.plain = item.plain or without_edns
        if item.tries < _TRIES and servers is not None and servers.working:
            self._enqueue(item, route)
        else:
            item.route, item.tries, item.plain = None, 0, False
            self._retries.append(item)
        self._result()


def _health(lane: Lane) -> float:
    return lane.health


def _rest(route: _Route) -> None:
    if route.servers is not None and not route.under_way:
        for lane in route.servers.lanes:
            lane.udp.rest()


_REFUSALS = {FORMERR: Outcome.FORMERR, NOTIMP: Outcome.NOTIMP, 2: Outcome.SERVFAIL}
