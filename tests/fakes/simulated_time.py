"""Simulated time for services over a real database: it moves on only when every task waits for the clock.

What the database and the pool of threads do takes no time at all, however busy the machine is.
"""

import asyncio
import heapq
import linecache
import sys
import threading
import time
from datetime import timedelta

from tests.fakes.clock import FakeClock

_QUEUES = {"_connection_worker_thread": "tx", "_worker": "work_queue"}
"""The functions that threads wait in for work, and their queues: of aiosqlite, and of the pool."""
_CALM = 3


class SimulatedClock(FakeClock):
    """As `FakeClock`, for tasks that wait for threads as well."""

    async def advance(self, seconds: float) -> None:
        end = self._now + timedelta(seconds=seconds)
        while True:
            await settle()
            if not self._sleepers or self._sleepers[0][0] > end:
                break
            at, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, at)
            if not future.done():
                future.set_result(None)
        self._now = end


async def settle() -> None:
    """Return when no thread has work and no task is ready."""
    calm = 0
    while calm < _CALM:
        for _ in range(10):
            await asyncio.sleep(0)
        time.sleep(0.0001)  # the other threads' turn
        calm = calm + 1 if _at_rest() else 0


def _at_rest() -> bool:
    frames = sys._current_frames()
    return not any(_works(frames.get(thread.ident or 0)) for thread in threading.enumerate())


def _works(top) -> bool:
    """Return whether a thread with this frame on top does, or is about to do, a piece of work."""
    frame = top
    while frame is not None and frame.f_code.co_name not in _QUEUES:
        frame = frame.f_back
    if frame is None:
        return False  # none of those threads
    waits = frame is top or frame.f_code.co_name == "_worker"
    waits = waits and ".get(" in linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    return not waits or not frame.f_locals[_QUEUES[frame.f_code.co_name]].empty()
