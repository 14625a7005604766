"""The existence sweep: does each of very many names exist? One question a name, at the pace of the resolvers.

First tries go in bulk (`first_tries`). What they leave is seen to here, one by one: an NXDOMAIN reply of the usual form
is read by hand, and everything else is only told apart as "look carefully" or "ask again". Names are drawn as there is
room, so memory does not grow with their number.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from itertools import islice

from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.names.names import Fqdn
from watcher.core.ports import Existence, Presence
from watcher.lookups.dns.lane import Lane
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.wire import FORMERR, NOTIMP, NXDOMAIN, REFUSED, clean_nxdomain, parse_answer
from watcher.lookups.existence.first_tries import MX, FirstTries, Item, Tails
from watcher.lookups.existence.sweep_progress import SweepProgress

_WINDOW = 8192
_AT_ONCE = 256  # names drawn before others get their turn: making candidates costs time too
_GATHER = 0.003  # seconds in which results are gathered before they are handed over
_PLENTY = 32  # results that are handed over without waiting for more
_TICK = 0.005  # seconds: pace is looked at no more often
_IDLE_TICK = 0.1  # the same while every server is left alone
_PATIENCE = 30.0


class ResolverSweeper:
    """Satisfies `core.ports.Sweeper` through the servers, paces and sockets of a careful resolver.

    Careful questions of that resolver go first. `registrable_domain` tells a host's (see `Suffixes`): an SOA at or
    below it ends nothing. Without it every name is taken for a registrable domain itself. After `patience` seconds
    without a word from any server the remaining names come back UNSETTLED and unasked.
    """

    def __init__(
        self,
        resolver: CarefulResolver,
        *,
        registrable_domain: Callable[[str], str | None] | None = None,
        window: int = _WINDOW,
        patience: float = _PATIENCE,
    ) -> None:
        self.resolver = resolver
        self.registrable_domain = registrable_domain
        self.window = window
        self.patience = patience
        self.tails = Tails(registrable_domain)
        self.progress = SweepProgress(resolver.clock.now().timestamp())
        """Of the sweep begun last."""

    def sweep(self, names: Iterable[Fqdn]) -> AsyncGenerator[Existence, None]:
        """Every name once, in the order they settle; see `core.ports.Sweeper`."""
        course = Course(self, names)
        self.progress = course.progress
        return course.run()


class Tally:
    """Proper answers of one server that its pace has not been told of yet."""

    __slots__ = ("answers", "nodata", "nxdomains", "seconds")

    def __init__(self) -> None:
        self.answers = self.nodata = self.nxdomains = 0
        self.seconds = 0.0


class Course:
    """One sweep under way."""

    def __init__(self, sweeper: ResolverSweeper, names: Iterable[Fqdn]) -> None:
        self._resolver = sweeper.resolver
        self._lanes = sweeper.resolver.lanes
        self._clock = sweeper.resolver.clock
        self._registrable_domain = sweeper.registrable_domain
        self._window = sweeper.window
        self._patience = sweeper.patience
        self._names = iter(names)
        self._exhausted = False
        self._retries: deque[Item] = deque()
        self._first_tries = {lane: FirstTries(self, lane, sweeper.tails) for lane in self._lanes}
        self._calls = (self.replied, self.silent)
        self._tallies: dict[Lane, Tally] = {}
        self._waiter: asyncio.Future[None] | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._hungry = False
        self._first = 0
        self.closed = False
        self.in_flight = 0
        self.results: list[Existence] = []
        self.progress = SweepProgress(self._clock.now().timestamp())

    async def run(self) -> AsyncGenerator[Existence, None]:
        """Ask until it is over."""
        try:
            while True:
                self.fill()
                if self.results:
                    results, self.results = self.results, []
                    for existence in results:
                        yield existence
                elif self.over:
                    return
                else:
                    await self.wait()
        finally:
            self.close()

    @property
    def over(self) -> bool:
        """Return whether every name was drawn and settled or given up."""
        return self._exhausted and not self.in_flight and not self._retries

    def close(self) -> None:
        """Leave what is under way; replies that still come are dropped."""
        self.closed = True
        self._tell_paces()
        self.progress.finished = self._clock.now().timestamp()
        for task in (*self._tasks, self._ticker):
            if task is not None:
                task.cancel()
        if self._gathering is not None:
            self._gathering.cancel()

    def fill(self) -> None:
        """Send as many questions as paces and window allow."""
        self._tell_paces()
        now = self._clock.now().timestamp()
        if not self.in_flight and self._nobody_there(now):
            self._give_up()
            return
        lanes, self._hungry = self._lanes, False
        self._first = (self._first + 1) % len(lanes)
        usable = [lane for lane in (*lanes[self._first :], *lanes[: self._first]) if lane.usable]
        for lane in usable:
            room = self._room()
            if room <= 0:
                return
            count = lane.pace.take(now, room)
            while count and self._retries:
                item = self._again(lane, alone=len(usable) == 1)
                if item is None:
                    break
                self.send(item, lane)
                count -= 1
            count = min(count, self._space(), self._undrawn())
            names = self._draw(count) if count else None
            if names:
                self._first_tries[lane].ask(names)
        self._hungry = True

    def _space(self) -> int:
        """For how many more names there is space."""
        return max(0, self._window - self.in_flight - len(self._retries))

    def _room(self) -> int:
        """Return the number of questions that could go now but for the paces."""
        return max(len(self._retries), min(self._space(), self._undrawn()))

    def _undrawn(self) -> int:
        """Return the number of names that could be drawn at most."""
        return 0 if self._exhausted else _AT_ONCE

    def _draw(self, count: int) -> list[Fqdn]:
        """Return the next names, at most so many."""
        names = list(islice(self._names, count))
        self._exhausted = len(names) < count
        return names

    def _nobody_there(self, now: float) -> bool:
        """Return whether every server was found dishonest or has been silent for longer than our patience."""
        return all(
            lane.refused or (lane.silent_since is not None and now - lane.silent_since > self._patience)
            for lane in self._lanes
        )

    async def wait(self) -> None:
        """Return when there are results, or when more may be sent."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        if (self._hungry or not self.in_flight) and (self._ticker is None or self._ticker.done()):
            delay = min(self._delays(self._clock.now().timestamp()), default=_IDLE_TICK)
            self._ticker = loop.create_task(self._tick(max(delay, _TICK)))
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _delays(self, now: float) -> Iterable[float]:
        """Seconds until each server may be asked again."""
        return [lane.pace.until_next(now) for lane in self._lanes if lane.usable]

    async def _tick(self, delay: float) -> None:
        await self._clock.sleep(delay)
        self._wake()

    def _wake(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _again(self, lane: Lane, *, alone: bool) -> Item | None:
        """Return a name to ask again, by another server than the last where there is one."""
        for _ in range(len(self._retries)):
            item = self._retries.popleft()
            if alone or not item.tries or item.lane is not lane or item.plain:
                return item
            self._retries.append(item)
        return None

    def send(self, item: Item, lane: Lane) -> None:
        """Ask for one name."""
        item.lane = lane
        item.tries += 1
        self.in_flight += 1
        self.progress.asked += 1
        lane.udp.ask(item.qname, MX, self._frame(item), self._calls, item)

    def tally(self, lane: Lane) -> Tally:
        """Return the tally that the pace of `lane` is to be told."""
        tally = self._tallies.get(lane)
        if tally is None:
            tally = self._tallies[lane] = Tally()
        return tally

    def _frame(self, item: Item) -> tuple[bytes, bytes]:
        return item.lane.frame(edns=item.lane.edns and not item.plain, recursive=item.route is None)

    def replied(self, context: object, reply: bytes, seconds: float) -> None:
        """A reply came for an item."""
        item: Item = context  # type: ignore[assignment]  # (it is what `send` handed over)
        self.in_flight -= 1
        if self.closed:
            return
        lane = item.lane
        tally = self.tally(lane)
        code = reply[3] & 0x0F
        if item.plain and code in (0, NXDOMAIN):
            lane.answers_plain()
        if reply[2] & 0x02:
            self._over_tcp(item, seconds)
        elif code == NXDOMAIN:
            name = item.name
            owner = clean_nxdomain(reply, len(item.qname) + 4)
            if owner is None:
                self._read(item, reply, seconds)
                return
            tally.nxdomains += 1
            tally.seconds += seconds
            above = 0
            if self._registrable_domain is not None:
                above = len(name) - len(self._registrable_domain(name) or name)
            self._settled(name, absent=owner > above, outcome=Outcome.NXDOMAIN, lane=lane)
        elif code == 0:
            answers = reply[6:8] != b"\x00\x00"
            tally.seconds += seconds
            if answers:
                tally.answers += 1
            else:
                tally.nodata += 1
            self._settled(item.name, absent=False, outcome=Outcome.ANSWER if answers else Outcome.NODATA, lane=lane)
        else:
            without_edns = code in (FORMERR, NOTIMP)  # it may not know EDNS
            self._failed(item, _FAILURES.get(code, Outcome.SERVFAIL), seconds, without_edns=without_edns)

    def silent(self, context: object, doubtful: bool) -> None:
        """No reply came for an item."""
        item: Item = context  # type: ignore[assignment]
        self.in_flight -= 1
        if self.closed:
            return
        if doubtful:
            self._over_tcp(item, None)
        else:
            self._failed(item, Outcome.TIMEOUT, self._resolver.timeout)

    def _read(self, item: Item, reply: bytes, seconds: float | None) -> None:
        """A reply that says something unusual, in full. `seconds`: of its UDP part, None where there was none."""
        answer = parse_answer(reply, Question(item.name, RRType.MX), item.lane.name, self._clock.now())
        if answer.outcome not in _TELLING:
            self._failed(item, answer.outcome, seconds)
            return
        item.lane.note(answer.outcome, seconds)
        absent = False
        if answer.outcome is Outcome.NXDOMAIN and answer.soa is not None and reply[6:8] == b"\x00\x00":
            domain = (self._registrable_domain(item.name) if self._registrable_domain else None) or item.name
            absent = answer.soa == "." or domain.endswith("." + answer.soa)
        self._settled(item.name, absent=absent, outcome=answer.outcome, lane=item.lane)

    def _over_tcp(self, item: Item, seconds: float | None) -> None:
        self.in_flight += 1
        task = asyncio.get_running_loop().create_task(self._ask_over_tcp(item, seconds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask_over_tcp(self, item: Item, seconds: float | None) -> None:
        reply = await item.lane.over_tcp(item.qname + MX, self._frame(item))
        self.in_flight -= 1
        if reply is None:
            self._failed(item, Outcome.TRUNCATED, seconds)
        else:
            self._read(item, reply, seconds)

    def _failed(self, item: Item, outcome: Outcome, seconds: float | None, *, without_edns: bool = False) -> None:
        lane = item.lane
        lane.note(outcome, seconds)
        once = outcome in _SAID_AGAIN and len(self._resolver.usable) <= 1 and item.tries > 1
        if not item.plain and lane.edns and without_edns:
            item.plain = True
        elif item.tries >= self._resolver.attempts or once:
            self.unsettled(item.name, outcome, lane.name)
            return
        self._retries.append(item)
        self._result()

    def _settled(self, name: Fqdn, *, absent: bool, outcome: Outcome, lane: Lane, delegated: bool = False) -> None:
        if absent:
            self.progress.absent += 1
            self.results.append(Existence(name, Presence.ABSENT, outcome, lane.name))
        else:
            self.progress.look += 1
            self.results.append(Existence(name, Presence.LOOK, outcome, lane.name, delegated))
        if self._gathering is None:
            self._result()

    def unsettled(self, name: Fqdn, outcome: Outcome, resolver: str) -> None:
        """It is given up for now."""
        self.progress.unsettled[outcome] += 1
        self.results.append(Existence(name, Presence.UNSETTLED, outcome, resolver))
        self._result()

    def gathered(self) -> None:
        """Hand over at once where much has settled, else soon."""
        if len(self.results) >= _PLENTY:
            self._wake()
        else:
            self._result()

    def _result(self) -> None:
        """Hand over soon, together with what else settles in the next moment."""
        if self._gathering is None and self._waiter is not None:
            self._gathering = asyncio.get_running_loop().call_later(_GATHER, self._wake)

    def _tell_paces(self) -> None:
        tallies, self._tallies = self._tallies, {}
        for lane, tally in tallies.items():
            count = tally.nxdomains + tally.answers + tally.nodata
            if count:
                outcomes = {
                    Outcome.NXDOMAIN: tally.nxdomains, Outcome.ANSWER: tally.answers, Outcome.NODATA: tally.nodata,
                }  # fmt: skip
                lane.note_proper({outcome: n for outcome, n in outcomes.items() if n}, tally.seconds / count)

    def _give_up(self) -> None:
        """Nobody answers: hand the rest over as it is, a part at a time."""
        self.progress.silent = True
        while self._retries:
            item = self._retries.popleft()
            self.unsettled(item.name, Outcome.TIMEOUT, item.lane.name)
        for _ in range(_AT_ONCE):
            name = next(self._names, None)
            if name is None:
                self._exhausted = True
                return
            self.unsettled(name, Outcome.TIMEOUT, "")


_FAILURES = {FORMERR: Outcome.FORMERR, NOTIMP: Outcome.NOTIMP, REFUSED: Outcome.REFUSED}
_SAID_AGAIN = frozenset({Outcome.SERVFAIL, Outcome.BOGUS, Outcome.REFUSED, Outcome.NOTIMP})
_TELLING = frozenset({Outcome.ANSWER, Outcome.NODATA, Outcome.NXDOMAIN, Outcome.FILTERED})
