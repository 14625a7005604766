"""The order of a sweep: the best tier that is due, and in it the first candidates of every name before the next."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from watcher.core.ports import Clock
from watcher.services.sweeps.passes import Pass, Tier
from watcher.store import Store, shards
from watcher.store.shards import Holder, Shard

SLICE = 100
"""Ranks of one name before the next name has its turn, in the first tiers."""
_LARGEST_SLICE, _SLICES = 3000, 6  # further down: candidates are made anew for each slice
_BATCH = 500  # candidates that are swept together
_MOST_SHARDS = 50_000
_AHEAD = 2000  # candidates that are leased at once, where others work too
_LOOK_AGAIN = timedelta(seconds=5)

Slice = tuple[Pass, Collection[int]]


class Agenda:
    """Hands out slices of passes until nothing is due; several may ask at once.

    `cutoff`: nothing that becomes due later than that. `only`: these names, due or not, up to the rank `most`.
    `stretched` gives what each tier's interval is multiplied by. `holder`: several processes share the work, and each
    takes a few shards at a time by lease; None: all of it is this process's.
    """

    def __init__(
        self,
        store: Store,
        tiers: Sequence[Tier],
        *,
        version: str,
        clock: Clock,
        cutoff: datetime | None = None,
        only: Sequence[str] | None = None,
        most: int | None = None,
        stretched: Callable[[], Sequence[float]],
        holder: Holder | None = None,
    ) -> None:
        self._store = store
        self._tiers = tiers
        self._version = version
        self._clock = clock
        self._cutoff = cutoff
        self._only = only
        self._most = most
        self._stretched = stretched
        self._holder = holder
        self._queues: list[deque[Pass]] = [deque() for _ in tiers]
        self._under_way: dict[tuple[str, int], Pass] = {}
        self._read_at: list[datetime | None] = [None] * len(tiers)
        self._turn = asyncio.Lock()
        self.interruptible = only is None
        """Whether somebody who waits for a turn comes first."""

    async def next(self) -> list[Slice]:
        """Slices for one batch, of as many names as it takes; none when nothing is due."""
        async with self._turn:
            for place in range(len(self._tiers)):
                await self._fill(place)
                queue = self._queues[place]
                if batch := self._batch(place, queue):
                    return batch
        return []

    def ended(self, one: Pass) -> None:
        """Its shard may become due again."""
        self._under_way.pop((one.protected, one.shard.tier), None)

    @property
    def under_way(self) -> list[Pass]:
        """The passes that are taken up and have not ended."""
        return list(self._under_way.values())

    @property
    def remaining(self) -> int:
        """Candidates of the passes taken up that are not settled yet."""
        return sum(item.remaining for item in self._under_way.values())

    @property
    def best_tier(self) -> int | None:
        """The best tier of which candidates are not settled yet; None where none is under way."""
        return min((tier for _, tier in self._under_way), default=None)

    def _batch(self, place: int, queue: deque[Pass]) -> list[Slice]:
        tier = self._tiers[place]
        size = max(SLICE, min(_LARGEST_SLICE, (tier.last - tier.first + 1) // _SLICES))
        slices: list[Slice] = []
        count = 0
        while queue and count < _BATCH:
            one = queue.popleft()
            if not one.more:  # its candidates turned out to be fewer, while it waited for its next turn
                continue
            ranks = one.take(size)
            slices.append((one, ranks))
            count += len(ranks)
            if one.more:
                queue.append(one)
        return slices

    async def _fill(self, place: int) -> None:
        """Take up the shards of a tier that are due, from time to time."""
        now, read_at = self._clock.now(), self._read_at[place]
        tier = self._tiers[place]
        once = self._cutoff is not None or self._only is not None
        if self._holder is not None:
            if self._queues[place] or (self._only is not None and read_at is not None):
                return  # what others could do is not taken before it can be done here
        elif read_at is not None and (once or now - read_at < min(_LOOK_AGAIN, tier.interval / 100)):
            return
        self._read_at[place] = now
        if place == 0:
            await self._plan()
        found = await self._find(place, tier, now)
        new = [self._pass(shard, tier, now) for shard in found if (shard.protected, place) not in self._under_way]
        self._under_way.update({(item.protected, place): item for item in new})
        self._queues[place].extend(sorted(new, key=lambda one: one.next))

    async def _find(self, place: int, tier: Tier, now: datetime) -> list[Shard]:
        """Return the shards of a tier that are to be taken up; where others work too, a few that are leased."""
        before = (self._cutoff or now) - tier.interval * self._stretched()[place]
        async with self._store.read() as tx:
            if self._only is not None:
                named = [item for name in self._only for item in await shards.list_all(tx, protected=name)]
                found = [item for item in named if item.tier == place and tier.first <= (self._most or tier.last)]
            else:
                most = _MOST_SHARDS if self._holder is None else 1
                found = await shards.list_due(tx, place, started_before=before, version=self._version, limit=most)
        if self._holder is None or not found:
            return found
        async with self._store.write() as tx:
            if self._only is not None:
                return await shards.claim(tx, found, holder=self._holder, now=now)
            return await shards.claim_due(
                tx,
                place,
                started_before=before,
                version=self._version,
                limit=max(1, _AHEAD // (tier.last - tier.first + 1)),
                holder=self._holder,
                now=now,
            )

    async def _plan(self) -> None:
        """Make the shards of names that have none yet, or those of other tiers."""
        async with self._store.read() as tx:
            names = await shards.list_unplanned(tx, len(self._tiers))
        if not names:
            return
        async with self._store.write() as tx:
            for name in names:
                await shards.plan(tx, name, range(len(self._tiers)), version=self._version)

    def _pass(self, shard: Shard, tier: Tier, now: datetime) -> Pass:
        last = tier.last if self._most is None else min(tier.last, self._most)
        one = Pass(shard, tier.first, last, self._version, since=now, cut=last < tier.last)
        if shard.progress is not None and shard.enumeration_version == self._version and self._only is None:
            one.resume(shard.progress)
        return one
