"""The pace of one registry server: questions a second, whose turn is next, and how long a throttling server is left."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

from watcher.core.ports import Clock

_LONGEST_GAP = 60.0
_FIRST_BREAK = timedelta(seconds=10)
_LONGEST_BREAK = timedelta(hours=1)
_RECOVERY = 0.9


class ServerPace:
    """Turns at one server, at most `max_rate` a second, the worthiest waiter first, equals in order of arrival.

    A server that throttles is left alone for as long as it says, else for a time that doubles, and is asked at half the
    rate afterwards, which recovers with each answer. Other servers have paces of their own and notice nothing.
    Who would have to wait longer than `patience` for the end of such a break is sent away instead.
    """

    def __init__(self, clock: Clock, max_rate: float, patience: timedelta = timedelta(seconds=30)) -> None:
        self._clock = clock
        self._patience = patience
        self._shortest = 1.0 / max_rate
        self._gap = self._shortest
        self._next_at = datetime.min.replace(tzinfo=UTC)
        self._left_at = self._next_at
        self._wait_set = timedelta(0)
        self._throttled_in_a_row = 0
        self._waiting: list[tuple[float, int, asyncio.Future[bool]]] = []
        self._about: dict[str, asyncio.Future[bool]] = {}
        self._order = itertools.count()
        self._serving: asyncio.Task[None] | None = None

    async def turn(self, worth: float = 0.0, *, about: str = "") -> bool:
        """True when the server may be asked one question, False when it wants a break longer than our patience.

        `about`: what `overtake` knows the waiter by; no two wait about the same at the same time.
        """
        if self.closed_for() > self._patience:
            return False
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-worth, next(self._order), waiter))
        self._about[about] = waiter
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve(), name="registry pace")
        try:
            return await waiter
        finally:
            if self._about.get(about) is waiter:
                del self._about[about]

    def overtake(self, about: str, worth: float) -> None:
        """Move the waiter for `about` ahead of all of less `worth`; do nothing where nobody waits for it."""
        waiter = self._about.get(about)
        if waiter is not None and not waiter.done():  # its old place in the queue is passed over when it comes up
            heapq.heappush(self._waiting, (-worth, next(self._order), waiter))

    def closed_for(self) -> timedelta:
        """Return the time for which the server wants to be left alone; zero when it may be asked."""
        return self._wait() if self._throttled_in_a_row else timedelta(0)

    def throttled(self, retry_after: timedelta | None) -> None:
        """The server asked us to slow down."""
        doubled = _FIRST_BREAK * 2 ** min(self._throttled_in_a_row, 10)
        self._throttled_in_a_row += 1
        self._gap = min(self._gap * 2, max(_LONGEST_GAP, self._shortest))
        self._leave(retry_after if retry_after is not None else min(doubled, _LONGEST_BREAK))
        if self.closed_for() > self._patience:
            waiting, self._waiting = self._waiting, []
            for _, _, waiter in waiting:
                if not waiter.done():
                    waiter.set_result(False)

    def answered(self) -> None:
        """The server answered a question."""
        self._throttled_in_a_row = 0
        self._gap = max(self._shortest, self._gap * _RECOVERY)

    async def close(self) -> None:
        """Let go of everybody who still waits: their turn is cancelled."""
        for _, _, waiter in self._waiting:
            waiter.cancel()
        self._waiting.clear()
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)

    async def _serve(self) -> None:
        while self._waiting:
            wait = self._wait()
            if wait > timedelta(0):
                await self._clock.sleep(wait.total_seconds())
                continue  # it may have grown meanwhile
            _, _, waiter = heapq.heappop(self._waiting)
            if not waiter.done():
                self._leave(timedelta(seconds=self._gap))
                waiter.set_result(True)

    def _leave(self, wait: timedelta) -> None:
        """Ask nothing for `wait`, unless a longer wait is running already."""
        if wait >= self._wait():
            self._left_at = self._clock.now()
            self._next_at = self._left_at + wait
            self._wait_set = wait

    def _wait(self) -> timedelta:
        """Time until the next turn. A clock set back starts the wait that was set anew, instead of stalling."""
        now = self._clock.now()
        if now < self._left_at:
            self._left_at, self._next_at = now, now + self._wait_set
        return max(timedelta(0), self._next_at - now)
