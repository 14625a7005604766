"""Runs feeds: what is new in one is matched, and what resembles a protected name is looked at next.

A run can be killed at any moment. The position is saved last, so a feed that was cut off is read again, and what it had
brought already has a row and no second effect.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Protocol

from watcher.core.errors import FeedFailed
from watcher.core.events import Grade, Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.names.suffixes import Suffixes
from watcher.core.ports import Clock, Fetched, NamesFeed
from watcher.services.feeding.health import PREFIX, FeedHealth, health_from_json, health_json
from watcher.services.sweeps.matched import keep
from watcher.store import Store, facts

MOST_LOST = 0.2
"""A complete zone that lost more than this since the last run was cut."""
_ENOUGH = 100
"""Names: below this a share says nothing."""
_AT_ONCE = 20_000
_SAVED_AT_ONCE = 500

Match = tuple[Fqdn, Sequence[Resemblance]]


class NameSet(Protocol):
    """Names that were there last time."""

    def __contains__(self, name: str) -> bool: ...

    def __len__(self) -> int: ...


class Feeding:
    """The feeds of the settings. `folder` keeps the names of complete zones, which answer the question of existence.

    `matching` gives those of many names that resemble a protected one; `name_set` a compact set of them.
    """

    def __init__(
        self,
        store: Store,
        feeds: Mapping[str, NamesFeed],
        *,
        folder: Path,
        matching: Callable[[Iterable[Fqdn]], Iterator[Match]],
        name_set: Callable[[Iterable[str]], NameSet],
        suffixes: Suffixes,
        clock: Clock,
    ) -> None:
        self.feeds = feeds
        self._store = store
        self._folder = folder
        self._matching = matching
        self._name_set = name_set
        self._suffixes = suffixes
        self._clock = clock
        self._turns = {name: asyncio.Lock() for name in feeds}

    async def list_health(self) -> list[FeedHealth]:
        """The health of every feed, in the order of the settings."""
        async with self._store.read() as tx:
            return [
                health_from_json(name, feed.kind, await facts.find(tx, _key(name))) for name, feed in self.feeds.items()
            ]

    async def reset(self, name: str) -> None:
        """Forget where a feed was: its next run reads all of it, as the first did."""
        async with self._store.write() as tx:
            await facts.remove(tx, _key(name))
        with suppress(OSError):
            self._names_file(name).unlink()

    async def run(self, name: str) -> FeedHealth:
        """Run one feed now; its health tells what came of it. Never raises for what the feed did."""
        async with self._turns[name]:
            feed = self.feeds[name]
            async with self._store.read() as tx:
                before = health_from_json(name, feed.kind, await facts.find(tx, _key(name)))
            now = self._clock.now()
            try:
                after = await self._run(feed, before, now)
            except FeedFailed as error:
                after = replace(before, attempted_at=now, error=str(error)[:300])
            async with self._store.write() as tx:
                await facts.save(tx, _key(name), health_json(after), now=now)
            return after

    async def _run(self, feed: NamesFeed, before: FeedHealth, now: datetime) -> FeedHealth:
        self._folder.mkdir(parents=True, exist_ok=True)
        scratch = self._folder / f".{before.name}.incoming"
        try:
            fetched = await feed.fetch(before.position, str(scratch))
            if fetched is None:
                return replace(before, attempted_at=now, succeeded_at=now, error=None)
            return await self._take(fetched, before, now)
        finally:
            scratch.unlink(missing_ok=True)

    async def _take(self, fetched: Fetched, before: FeedHealth, now: datetime) -> FeedHealth:
        kept = self._names_file(before.name)
        incoming = kept.with_suffix(".new")
        try:
            count = await asyncio.to_thread(_write, fetched, incoming)
            known = await asyncio.to_thread(self._known, kept) if fetched.zone is not None else None
            gone = still = 0
            if known is not None:
                still = await asyncio.to_thread(lambda: sum(name in known for name in _read(incoming)))
                gone = max(0, len(known) - still)
                if len(known) >= _ENOUGH and gone > MOST_LOST * len(known):
                    raise FeedFailed(f"{gone} of {len(known)} names vanished since the last run: it was cut")
            fresh = (name for name in _read(incoming) if known is None or name not in known)
            matched, new = await self._match(fresh, None if known is None else before.succeeded_at, now)
            if fetched.zone is not None:
                incoming.replace(kept)
        finally:
            incoming.unlink(missing_ok=True)
        return replace(
            before,
            attempted_at=now,
            succeeded_at=now,
            error=None,
            position=fetched.position or None,
            names=count,
            appeared=count if known is None else max(0, count - still),
            vanished=gone,
            matched=matched,
            new=new,
            first_run=known is None,
        )

    async def _match(self, names: Iterator[Fqdn], absent_since: datetime | None, now: datetime) -> tuple[int, int]:
        """Match names, keep what resembles a protected one; how many those were, and how many had no row."""
        matched = new = 0
        while chunk := await asyncio.to_thread(lambda: list(islice(names, _AT_ONCE))):
            found = await asyncio.to_thread(self._wanted, chunk)
            for start in range(0, len(found), _SAVED_AT_ONCE):
                some = found[start : start + _SAVED_AT_ONCE]
                new += await keep(self._store, some, suffixes=self._suffixes, now=now, absent_since=absent_since)
            matched += len(found)
        return matched, new

    def _wanted(self, names: Sequence[Fqdn]) -> list[Match]:
        """The names with their resemblances of grade `warn` or stronger; weaker ones are no lookalikes."""
        wanted: list[Match] = []
        for name, resembling in self._matching(names):
            strong = [item for item in resembling if item.grade.at_least(Grade.WARN)]
            if strong:
                wanted.append((name, strong))
        return wanted

    def _known(self, kept: Path) -> NameSet | None:
        return self._name_set(_read(kept)) if kept.exists() else None

    def _names_file(self, name: str) -> Path:
        return names_file(self._folder, name)


def names_file(folder: Path, name: str) -> Path:
    """Return the path of the zone file that keeps the names of a complete zone."""
    return folder / f"{name}.zone"


def _key(name: str) -> str:
    return PREFIX + name


def _write(fetched: Fetched, file: Path) -> int:
    """Write the names once each as they come, as a zone file; how many."""
    count, last = 0, ""
    with file.open("w", encoding="ascii") as lines:
        if fetched.zone is not None:
            lines.write(f"{fetched.zone}.\t0\tin\tsoa\t. . 0 0 0 0 0\n")
        for name in fetched.names:
            if name == last:
                continue
            last = name
            count += 1
            lines.write(f"{name}.\t0\tin\tns\t.\n")
    return count


def _read(file: Path) -> Iterator[Fqdn]:
    with file.open(encoding="ascii") as lines:
        for line in lines:
            owner, _, rest = line.partition(".\t")
            if rest.startswith("0\tin\tns"):
                yield Fqdn(owner)
