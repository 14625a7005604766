"""Reads certificate logs: every log is a part of its own, which any process may take, and that can be cut off anywhere.

The position of a log is saved after the names before it were used. A reading that was killed is repeated from there,
and what it had brought already has a row and no second effect.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from watcher.core.errors import FeedFailed, LogDishonest
from watcher.core.ports import CertificateLog, Clock, LogBatch, LogsFeed
from watcher.core.shapes.times import time_from_json, time_json
from watcher.services.feeding.health import FeedHealth
from watcher.services.feeding.hits import Hits, Tally
from watcher.services.feeding.seen import SeenLately
from watcher.store import Store, facts

PREFIX = "log:"
"""Of the keys that logs have among the facts."""
Hold = Callable[[str], AbstractAsyncContextManager[bool]]
"""Leases a piece of work for as long as the context lasts; False where another process has it."""
_LOGS_AT_ONCE = 8
_SOONER = 0.8
_COUNTS = ("names", "matched", "new", "noted", "left_out", "skipped")


@asynccontextmanager
async def hold_alone(_: str) -> AsyncIterator[bool]:
    """Hold everything: there is one process."""
    yield True


class CertificateLogs:
    """Reader of the logs of one feed, each of which is due `every` so often."""

    def __init__(
        self, store: Store, hits: Hits, clock: Clock, *, hold: Hold = hold_alone, every: timedelta = timedelta(0)
    ) -> None:
        self._store = store
        self._hits = hits
        self._clock = clock
        self._hold = hold
        self._every = every
        self._seen = SeenLately(clock.now())

    async def run(self, feed: LogsFeed, before: FeedHealth, now: datetime, *, due: bool = True) -> FeedHealth:
        """Read every log to its end as it is now; a log in trouble hinders no other. Raises FeedFailed.

        Not `due`: what some process read within `every` is left alone.
        """
        turns = asyncio.Semaphore(_LOGS_AT_ONCE)
        async with feed.logs() as logs:

            async def read(log: CertificateLog) -> None:
                async with turns, self._hold(f"feed {before.name} {log.url}"[:200]) as held:
                    if held:
                        await self._read(before.name, log, due=due)

            await asyncio.gather(*(read(log) for log in logs))
            kept = await self._kept(before.name, [log.url for log in logs])
        return _summary(before, kept, now, self._clock.now())

    async def forget(self, feed: str) -> None:
        """Forget the positions of a feed's logs."""
        async with self._store.write() as tx:
            for key in await facts.find_starting(tx, _key(feed, "")):
                await facts.remove(tx, key)

    async def _kept(self, feed: str, urls: Iterable[str]) -> list[Mapping[str, Any]]:
        async with self._store.read() as tx:
            found = await facts.find_starting(tx, _key(feed, ""))
        return [found[_key(feed, url)] for url in urls if _key(feed, url) in found]

    async def _read(self, feed: str, log: CertificateLog, *, due: bool) -> None:
        async with self._store.read() as tx:
            state: dict[str, Any] = dict(await facts.find(tx, _key(feed, log.url)) or {})
        now = self._clock.now()
        tried, wait = time_from_json(state.get("tried_at")), time_from_json(state.get("wait_until"))
        lately = tried is not None and now - tried < self._every * _SOONER
        if (lately and not due) or (wait is not None and now < wait):
            return
        state |= dict.fromkeys(_COUNTS, 0) | {"name": log.name, "url": log.url, "tried_at": time_json(now)}
        state |= {"error": None, "dishonest": False, "wait_until": None}
        try:
            async for batch in log.read(state.get("position")):
                await self._use(feed, log, batch, state)
            state["worked_at"] = time_json(self._clock.now())
        except FeedFailed as error:
            state |= {"error": str(error)[:300], "dishonest": isinstance(error, LogDishonest)}
            if error.retry_after is not None:
                state["wait_until"] = time_json(self._clock.now() + timedelta(seconds=error.retry_after))
        await self._save(feed, log, state)

    async def _use(self, feed: str, log: CertificateLog, batch: LogBatch, state: dict[str, Any]) -> None:
        now = self._clock.now()
        fresh = [name for name in dict.fromkeys(batch.names) if not self._seen.knows(name, now)]
        tally = await self._hits.take(iter(fresh), feed=feed, now=now) if fresh else Tally()
        for name in fresh:
            self._seen.note(name)  # only now: what could not be kept has to come again
        more = (len(batch.names), tally.matched, tally.new, tally.noted, batch.dropped, batch.skipped)
        for key, count in zip(_COUNTS, more, strict=True):
            state[key] += count
        state |= {"position": batch.position, "behind": batch.behind, "signed_at": time_json(batch.signed_at)}
        await self._save(feed, log, state)

    async def _save(self, feed: str, log: CertificateLog, state: Mapping[str, Any]) -> None:
        async with self._store.write() as tx:
            await facts.save(tx, _key(feed, log.url), dict(state), now=self._clock.now())


def _summary(before: FeedHealth, logs: Sequence[Mapping[str, Any]], begun: datetime, now: datetime) -> FeedHealth:
    """Return the health of a feed from the states of its logs."""
    troubled = [log for log in logs if log.get("error")]
    worked = [at for log in logs if (at := time_from_json(log.get("worked_at"))) is not None]
    signed = [at for log in logs if (at := time_from_json(log.get("signed_at"))) is not None]
    totals: dict[str, Any] = {key: sum(int(log.get(key) or 0) for log in logs) for key in _COUNTS}
    error = None
    dishonest = [log for log in troubled if log.get("dishonest")]
    if dishonest or len(troubled) * 2 > len(logs):
        worst = (dishonest or troubled)[0]
        error = f"{len(troubled)} of {len(logs)} logs: {worst['name']}: {worst['error']}"[:300]
    shown = ("name", "url", "tried_at", "worked_at", "signed_at", "position", "behind", "skipped", "error")
    return replace(
        before,
        attempted_at=begun,
        succeeded_at=max([*worked, *([before.succeeded_at] if before.succeeded_at else [])], default=None),
        error=error,
        position=f"{len(logs)} logs",
        seconds=(now - begun).total_seconds(),
        first_run=not worked,
        behind=sum(int(log.get("behind") or 0) for log in logs),
        lag_seconds=max(((now - at).total_seconds() for at in signed), default=None),
        logs=tuple({key: log.get(key) for key in shown} for log in logs),
        **totals,
    )


def _key(feed: str, url: str) -> str:
    return f"{PREFIX}{feed}:{url}"
