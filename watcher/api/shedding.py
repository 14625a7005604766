"""Load shedding: a request that cannot be answered in time is refused at once, with the time to come again.

Requests that wait are not seen until the event loop reads them. So the work of one round of the loop is measured: what
it would answer too late it refuses, which costs a fraction of an answer.
"""

import asyncio
import time
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Middleware

from watcher.api.problems import Handler, Problem, response

ROUND_SECONDS = 0.04
"""Time in one round of the event loop after which its other requests are refused."""
FEW = 10
"""So many of a round are always answered: a browser asks for a page and its files at once."""
MOST_AT_ONCE = 100
"""Requests under way, those apart that stay open (event streams)."""
_SECONDS_TO_WAIT = 1


class Shedding:
    """Refusal of requests with 503 when a round lasts too long, or when too many are under way."""

    def __init__(self, round_seconds: float = ROUND_SECONDS, most: int = MOST_AT_ONCE, few: int = FEW) -> None:
        self._round_seconds = round_seconds
        self._few = few
        self._in_round = 0
        self._most = most
        self._under_way = 0
        self._began: float | None = None
        self._refusal = Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "overloaded",
            "more is asked at once than can be answered in time; ask again later",
            headers={"Retry-After": str(_SECONDS_TO_WAIT)},
        )

    def _late(self) -> bool:
        """Return whether this round of the event loop has lasted too long already."""
        now = time.perf_counter()
        if self._began is None:
            self._began = now
            asyncio.get_running_loop().call_soon(self._end_round)
        self._in_round += 1
        return self._in_round > self._few and now - self._began > self._round_seconds

    def _end_round(self) -> None:
        self._began = None
        self._in_round = 0

    @property
    def middleware(self) -> Middleware:
        """Refuse, or let through; probes are always let through."""

        @web.middleware
        async def shed(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path in _ALWAYS:
                return await handler(request)
            late = self._late()  # counts the round, whatever else holds
            stays_open = request.path in _STAY_OPEN
            if late or (self._under_way >= self._most and not stays_open):
                return response(self._refusal)
            if stays_open:
                return await handler(request)
            self._under_way += 1
            try:
                return await handler(request)
            finally:
                self._under_way -= 1

        return shed


_ALWAYS = frozenset({"/healthz", "/readyz", "/metrics"})
_STAY_OPEN = frozenset({"/api/v1/events/stream", "/api/v1/decisions/stream"})
