"""Places for requests that cost much: few at once, some wait, more are refused.

A handler goes on when its client has gone. Without an end to the queue, whoever asks and leaves, again and again, has
the service work for hours, and the watch with half a processor.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from watcher.api.problems import Problem

_TRY_AGAIN_SECONDS = 10


class Places:
    """Places for requests: `at_once` work at the same time, `waiting` more may wait for one."""

    def __init__(self, at_once: int, *, waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._taken = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold a place, as soon as one is free. Raises Problem 429 when too many wait already."""
        if self._taken >= self._most:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "busy",
                "too many requests of this kind wait already; try again later",
                headers={"Retry-After": str(_TRY_AGAIN_SECONDS)},
            )
        self._taken += 1
        try:
            async with self._free:
                yield
        finally:
            self._taken -= 1
