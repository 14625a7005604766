"""Simulated time for services over a real database: it moves on only when every task waits for the clock.

What the database and the pool of threads do takes no time at all, however busy the machine is.
"""

import asyncio
import heapq
import sys
from collections.abc import Coroutine
from datetime import timedelta
from typing import TypeVar

from tests.fakes.clock import FakeClock

Result = TypeVar("Result")

_ENOUGH = 15  # turns of the loop in which nothing came from a thread
_MOMENT = 0.0005


class ThreadCountingLoop(asyncio.SelectorEventLoop):
    """Knows how many pieces of work threads have in hand: of the pool, and of aiosqlite's connections."""

    in_hand = 0

    def create_future(self):
        future = super().create_future()
        if "aiosqlite" in sys._getframe(1).f_code.co_filename:
            self._count(future)
        return future

    def run_in_executor(self, executor, func, *args):
        future = super().run_in_executor(executor, func, *args)
        self._count(future)
        return future

    def _count(self, future) -> None:
        self.in_hand += 1
        future.add_done_callback(self._done)

    def _done(self, _future) -> None:
        self.in_hand -= 1


class SimulatedClock(FakeClock):
    """As `FakeClock`, in a `ThreadCountingLoop`, for tasks that wait for threads as well."""

    async def advance(self, seconds: float) -> None:
        end = self._now + timedelta(seconds=seconds)
        while True:
            await _settle()
            if not self._sleepers or self._sleepers[0][0] > end:
                break
            at, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, at)
            if not future.done():
                future.set_result(None)
        self._now = end


async def _settle() -> None:
    """Return when no thread has work and no task goes on by itself."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ThreadCountingLoop)
    calm = 0
    while calm < _ENOUGH:
        await asyncio.sleep(_MOMENT if loop.in_hand else 0)
        calm = 0 if loop.in_hand else calm + 1


def run_simulated(story: Coroutine[None, None, Result]) -> Result:
    """Run a story whose clock is a `SimulatedClock`."""
    with asyncio.Runner(loop_factory=ThreadCountingLoop) as runner:
        return runner.run(story)
