"""Runs feeds: what is new in one is matched, and what resembles a protected name is looked at next.

A run can be killed at any moment. The position is saved last, so a feed that was cut off is read again, and what it had
brought already has a row and no second effect.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from watcher.core.errors import FeedFailed
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock, Fetched, LogsFeed, NamesFeed
from watcher.services.feeding.certificates import CertificateLogs
from watcher.services.feeding.health import PREFIX, FeedHealth, health_from_json, health_json
from watcher.services.feeding.hits import Hits
from watcher.services.feeding.zone_days import ZoneDays, names_file
from watcher.store import Store, facts, lookalikes

AnyFeed = NamesFeed | LogsFeed


class Feeding:
    """The feeds of the settings. `folder` keeps the names of complete zones, which answer the question of existence.

    `logs` reads those feeds that are certificate logs, by name.
    """

    def __init__(
        self,
        store: Store,
        feeds: Mapping[str, AnyFeed],
        *,
        folder: Path,
        hits: Hits,
        logs: Mapping[str, CertificateLogs],
        clock: Clock,
    ) -> None:
        self.feeds = feeds
        self._store = store
        self._folder = folder
        self._hits = hits
        self._logs = logs
        self._clock = clock
        self._turns = {name: asyncio.Lock() for name in feeds}

    @property
    def clock(self) -> Clock:
        """The clock that ages are told by."""
        return self._clock

    async def list_health(self) -> list[FeedHealth]:
        """The health of every feed, in the order of the settings."""
        async with self._store.read() as tx:
            return [
                health_from_json(name, feed.kind, await facts.find(tx, _key(name))) for name, feed in self.feeds.items()
            ]

    async def reset(self, name: str) -> None:
        """Forget where a feed was: its next run reads all of it, as the first did; logs are read on from their end."""
        async with self._store.write() as tx:
            await facts.remove(tx, _key(name))
        if name in self._logs:
            await self._logs[name].forget(name)
        with suppress(OSError):
            names_file(self._folder, name).unlink()

    async def run(self, name: str, *, due: bool = True) -> FeedHealth:
        """Run one feed now; its health tells what came of it. Never raises for what the feed did.

        Not `due`: logs that another process read a moment ago are left alone.
        """
        async with self._turns[name]:
            feed = self.feeds[name]
            async with self._store.read() as tx:
                before = health_from_json(name, feed.kind, await facts.find(tx, _key(name)))
            now = self._clock.now()
            try:
                if isinstance(feed, LogsFeed):
                    after = await self._logs[name].run(feed, before, now, due=due)
                else:
                    after = await self._run(feed, before, now)
            except FeedFailed as error:
                after = replace(before, attempted_at=now, error=str(error)[:300])
            async with self._store.write() as tx:
                await facts.save(tx, _key(name), health_json(after), now=now)
            return after

    async def _run(self, feed: NamesFeed, before: FeedHealth, now: datetime) -> FeedHealth:
        self._folder.mkdir(parents=True, exist_ok=True)
        scratch = self._folder / f".{before.name}.incoming"
        kept = names_file(self._folder, before.name)
        here = feed.kind == "names" or kept.exists()  # what another machine keeps says nothing here
        try:
            fetched = await feed.fetch(before.position if here else None, str(scratch))
            if fetched is None:
                if feed.kind == "zone_transfer":
                    await asyncio.to_thread(os.utime, kept)  # its server says that it stands as it is
                worked = before.succeeded_at if feed.waits else now
                return replace(before, attempted_at=now, succeeded_at=worked, error=None)
            if fetched.zone is not None:
                return await self._take_zone(fetched, ZoneDays(kept), before, now)
            return await self._take_list(fetched, before, now)
        finally:
            scratch.unlink(missing_ok=True)

    async def _take_list(self, fetched: Fetched, before: FeedHealth, now: datetime) -> FeedHealth:
        counted = _Counted(fetched)
        tally = await self._hits.take(iter(counted), feed=before.name, now=now)
        left_out, first = fetched.left_out()
        return self._worked(
            before,
            now,
            position=fetched.position or None,
            names=counted.names,
            appeared=counted.names,
            left_out=left_out,
            left_out_first=first,
            matched=tally.matched,
            new=tally.new,
            noted=tally.noted,
        )

    async def _take_zone(self, fetched: Fetched, days: ZoneDays, before: FeedHealth, now: datetime) -> FeedHealth:
        try:
            difference = await asyncio.to_thread(days.take, fetched.names, fetched.zone or "")
            closes = fetched.ends_with_soa()
            if before.ends_with_soa and not closes:
                raise FeedFailed("it lacks the closing SOA that it had before: it was cut")
            absent_since = None if difference.first else before.succeeded_at
            tally = await self._hits.take(days.appeared(), feed=before.name, now=now, absent_since=absent_since)
            await self._look_at_vanished(days, now)
            days.replace()
        finally:
            days.drop()
        return self._worked(
            before,
            now,
            position=fetched.position or None,
            names=difference.names,
            appeared=difference.appeared,
            vanished=difference.vanished,
            first_run=difference.first,
            ends_with_soa=closes,
            matched=tally.matched,
            new=tally.new,
            noted=tally.noted,
        )

    async def _look_at_vanished(self, days: ZoneDays, now: datetime) -> None:
        """See that names with rows that are delegated no more are looked at next."""
        blocks = days.vanished()
        while (names := await asyncio.to_thread(next, blocks, None)) is not None:
            async with self._store.write() as tx:
                await lookalikes.plan_look(tx, sorted(await lookalikes.find_known(tx, names)), at=now)

    def _worked(self, before: FeedHealth, now: datetime, **found: Any) -> FeedHealth:
        seconds = (self._clock.now() - now).total_seconds()
        nothing = {"vanished": 0, "first_run": before.succeeded_at is None, "left_out": 0, "left_out_first": None}
        worked = {"attempted_at": now, "succeeded_at": now, "error": None, "seconds": seconds}
        return replace(before, **(nothing | worked | found))


class _Counted:
    """The names of a list, counted as they are read."""

    def __init__(self, fetched: Fetched) -> None:
        self._blocks = fetched.names
        self.names = 0

    def __iter__(self) -> Iterator[Fqdn]:
        for block in self._blocks:
            self.names += len(block)
            yield from block


def _key(name: str) -> str:
    return PREFIX + name
