"""One existence sweep under way: its names, its window and its results. A source plugs into it and asks.

A source draws names, asks about them at its own pace, and settles each name once or hands it to the next source. Names
are drawn as there is room, so memory does not grow with their number.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from itertools import islice
from typing import Protocol

from watcher.core.mail.dns import Outcome
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock, Existence, Presence
from watcher.lookups.dns.lane import Lane
from watcher.lookups.existence.sweep_progress import SweepProgress
from watcher.lookups.existence.tails import MX

AT_ONCE = 256
"""Names drawn before others get their turn: making candidates costs time too."""
_GATHER = 0.003  # seconds in which results are gathered before they are handed over
_PLENTY = 32  # results that are handed over without waiting for more
_TICK = 0.005  # seconds: pace is looked at no more often
_IDLE_TICK = 0.1  # the same while every server is left alone


class Item:
    """One name under way that is seen to by itself. `plain`: it is asked without EDNS.

    `outcome` is its last failure, `began_at` the time of its first question, None while it has not failed at a
    resolver; `ends_at` is when it is `given_up` while it is asked again: handed over, and not waited for any more.
    """

    __slots__ = ("began_at", "ends_at", "given_up", "lane", "name", "outcome", "plain", "qname", "tries")

    def __init__(self, name: Fqdn, qname: bytes) -> None:
        self.name = name
        self.qname = qname
        self.tries = 0
        self.plain = False
        self.lane: Lane
        self.outcome = Outcome.TIMEOUT
        self.began_at: float | None = None
        self.ends_at = 0.0
        self.given_up = False

    def frame(self, *, recursive: bool) -> tuple[bytes, bytes]:
        """Return header and tail of the query to its server."""
        return self.lane.frame(edns=self.lane.edns and not self.plain, recursive=recursive)


Calls = tuple[Callable[[Item, bytes, float], None], Callable[[Item, bool], None]]
"""Called with the reply and the seconds it took, or without a reply; see `asker`."""


class Source(Protocol):
    """A party that answers whether names exist: the resolvers, or the nameservers of public suffixes."""

    @property
    def waiting(self) -> bool:
        """Return whether names wait here to be drawn or asked."""
        ...

    def fill(self, now: float) -> bool:
        """Send as many questions as paces and window allow; return whether paces may hold some back."""
        ...

    def delays(self, now: float) -> Iterable[float]:
        """Seconds until each server may be asked again."""
        ...

    def close(self) -> None:
        """Release what the sweep alone holds."""
        ...


class Fallback(Source, Protocol):
    """A source that another one hands names to."""

    def take(self, item: Item) -> None:
        """See to a name that another source could not settle."""
        ...

    def take_names(self, names: Iterable[Fqdn]) -> None:
        """See to names that another source cannot ask for."""
        ...


class Names:
    """The names that a sweep has not drawn yet."""

    __slots__ = ("_names", "exhausted")

    def __init__(self, names: Iterable[Fqdn]) -> None:
        self._names = iter(names)
        self.exhausted = False

    def draw(self, count: int) -> list[Fqdn]:
        """Return the next names, at most `count`."""
        names = list(islice(self._names, count))
        self.exhausted = len(names) < count
        return names


class LaneTally:
    """Proper answers of one server that its pace has not been told of yet."""

    __slots__ = ("answers", "nodata", "nxdomains", "seconds")

    def __init__(self) -> None:
        self.answers = self.nodata = self.nxdomains = 0
        self.seconds = 0.0


class Course:
    """One sweep under way. At most `window` names are asked for at once; a question waits `timeout` seconds."""

    def __init__(self, names: Iterable[Fqdn], *, clock: Clock, window: int, timeout: float) -> None:
        self.names = Names(names)
        self.timeout = timeout
        self.closed = False
        self.in_flight = 0
        self.given_up = 0
        """Of those in flight: their names have been handed over."""
        self.results: list[Existence] = []
        self.progress = SweepProgress(clock.now().timestamp())
        self._clock = clock
        self._window = window
        self._tallies: dict[Lane, LaneTally] = {}
        self._waiter: asyncio.Future[None] | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, source: Source) -> AsyncGenerator[Existence, None]:
        """Ask `source` until every name is settled or given up."""
        try:
            while True:
                self._tell_paces()
                hungry = source.fill(self._now())
                if self.results:
                    results, self.results = self.results, []
                    for existence in results:
                        yield existence
                elif self.in_flight <= self.given_up and not source.waiting:
                    return
                else:
                    await self._wait(source, hungry=hungry)
        finally:
            self._close()
            source.close()

    @property
    def space(self) -> int:
        """Return the number of questions that the window has space for."""
        return self._window - self.in_flight

    def send(self, item: Item, lane: Lane, calls: Calls, *, recursive: bool = True) -> None:
        """Ask for one name."""
        item.lane = lane
        item.tries += 1
        self.in_flight += 1
        self.progress.asked += 1
        lane.udp.ask(item.qname, MX, item.frame(recursive=recursive), calls, item)

    def send_over_tcp(self, item: Item, take: Callable[[bytes | None], None], *, recursive: bool = True) -> None:
        """Ask for one name over TCP, and call `take` with the reply; None when that fails."""
        self.in_flight += 1
        self.start(self._ask_over_tcp(item, take, recursive=recursive))

    async def _ask_over_tcp(self, item: Item, take: Callable[[bytes | None], None], *, recursive: bool) -> None:
        reply = await item.lane.over_tcp(item.qname + MX, item.frame(recursive=recursive))
        self.in_flight -= 1
        take(reply)

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run work beside the sweep; it ends with the sweep."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tally(self, lane: Lane) -> LaneTally:
        """Return the tally that the pace of `lane` is to be told."""
        tally = self._tallies.get(lane)
        if tally is None:
            tally = self._tallies[lane] = LaneTally()
        return tally

    def settle(self, name: Fqdn, *, absent: bool, outcome: Outcome, lane: Lane, delegated: bool = False) -> None:
        """Record that a name is absent, or is to be looked at."""
        if absent:
            self.progress.absent += 1
            self.results.append(Existence(name, Presence.ABSENT, outcome, lane.name))
        else:
            self.progress.look += 1
            self.results.append(Existence(name, Presence.LOOK, outcome, lane.name, delegated))
        if self._gathering is None:
            self.hand_over_soon()

    def leave_unsettled(self, name: Fqdn, outcome: Outcome, resolver: str) -> None:
        """Record that a name is given up for now."""
        self.progress.unsettled[outcome] += 1
        self.results.append(Existence(name, Presence.UNSETTLED, outcome, resolver))
        self.hand_over_soon()

    def hand_over(self) -> None:
        """Hand results over: at once where much has settled, else soon."""
        if len(self.results) >= _PLENTY:
            self.wake()
        else:
            self.hand_over_soon()

    def hand_over_soon(self) -> None:
        """Hand results over together with those of the next moment."""
        if self._gathering is None and self._waiter is not None:
            self._gathering = asyncio.get_running_loop().call_later(_GATHER, self.wake)

    def wake(self) -> None:
        """Let the sweep go on: there are results, or more may be sent."""
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self, source: Source, *, hungry: bool) -> None:
        """Return when there are results, or when more may be sent."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        if (hungry or not self.in_flight) and (self._ticker is None or self._ticker.done()):
            delay = min(source.delays(self._now()), default=_IDLE_TICK)
            self._ticker = loop.create_task(self._tick(max(delay, _TICK)))
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _tick(self, delay: float) -> None:
        await self._clock.sleep(delay)
        self.wake()

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _tell_paces(self) -> None:
        tallies, self._tallies = self._tallies, {}
        for lane, tally in tallies.items():
            count = tally.nxdomains + tally.answers + tally.nodata
            if count:
                outcomes = {
                    Outcome.NXDOMAIN: tally.nxdomains, Outcome.ANSWER: tally.answers, Outcome.NODATA: tally.nodata,
                }  # fmt: skip
                lane.note_proper({outcome: n for outcome, n in outcomes.items() if n}, tally.seconds / count)

    def _close(self) -> None:
        """Leave what is under way; replies that still come are dropped."""
        self.closed = True
        self._tell_paces()
        self.progress.finished = self._now()
        for task in (*self._tasks, self._ticker):
            if task is not None:
                task.cancel()
        if self._gathering is not None:
            self._gathering.cancel()
