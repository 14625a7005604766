"""A clock that tests move by hand."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta


class FakeClock:
    """`now` stands still until `advance`; sleepers wake in order of their time."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), self._count, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, waking every sleeper whose time comes, in order."""
        end = self._now + timedelta(seconds=seconds)
        while True:
            for _ in range(20):  # let woken tasks run to their next wait
                await asyncio.sleep(0)
            if not self._sleepers or self._sleepers[0][0] > end:
                break
            at, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, at)
            if not future.done():
                future.set_result(None)
        self._now = end
