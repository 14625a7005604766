"""Passes under way: which ranks of a shard were handed out, and which of those are settled."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watcher.core.states.mail_state import Origin
from watcher.store.fences import ShardFence
from watcher.store.shards import Progress, Shard, Spans


@dataclass(frozen=True, slots=True)
class Tier:
    """Ranks `first` to `last` of every protected name are swept every `interval`."""

    first: int
    last: int
    interval: timedelta


def tiers_from(limits: Sequence[tuple[int, timedelta]]) -> tuple[Tier, ...]:
    """The tiers of the `sweep.tiers` setting (rank up to, interval)."""
    firsts = [1, *(last + 1 for last, _ in limits)]
    return tuple(Tier(first, last, interval) for first, (last, interval) in zip(firsts, limits, strict=False))


@dataclass(slots=True, eq=False)
class Pass:
    """One pass over a shard, up to the rank `last`; `cut` when the tier goes further.

    Ranks are handed out in slices, best first, and settle in any order. `since` is the earliest answer it rests on.
    """

    shard: Shard
    first: int
    last: int
    version: str
    since: datetime
    cut: bool = False
    begun: bool = False
    finished: bool = False
    next: int = 0
    settled: int = 0
    unsettled: int = 0
    open: set[int] = field(default_factory=set)
    left: list[int] = field(default_factory=list)
    """Handed out by an earlier run that was cut off before they settled: they come first."""
    found: dict[int, bool] = field(default_factory=dict)
    """Not settled, but known to exist: only the look is missing. True: the suffix's own servers delegate it."""

    def __post_init__(self) -> None:
        self.next = self.next or self.first

    @property
    def protected(self) -> str:
        """Of which protected name."""
        return self.shard.protected

    @property
    def fence(self) -> ShardFence:
        """The lease that it is worked on under."""
        return ShardFence(self.shard.protected, self.shard.tier, self.shard.epoch)

    def abandon(self) -> None:
        """Do no more of it: another process has it, or it is handed back."""
        self.finished = True
        self.next, self.left = self.last + 1, []

    @property
    def origin(self) -> Origin:
        """M68: what an earlier pass never settled is baseline, unless it was registered since that pass."""
        return Origin(self.shard.absent_since(self.version), self.shard.settled_since)

    @property
    def more(self) -> bool:
        """Return whether there are ranks to hand out."""
        return bool(self.left) or self.next <= self.last

    @property
    def ended(self) -> bool:
        """Return whether all of it is settled."""
        return not self.more and not self.open

    @property
    def remaining(self) -> int:
        """Ranks that are not settled yet."""
        return len(self.left) + len(self.open) + self.last + 1 - self.next

    def resume(self, progress: Progress) -> None:
        """Go on where an earlier run was cut off."""
        self.begun = True
        self.next, self.settled, self.unsettled = progress.next, progress.settled, progress.unsettled
        self.since = min(self.since, progress.since)
        self.left = [rank for rank in ranks_of(progress.open) if rank <= self.last]
        self.found = dict.fromkeys(ranks_of(progress.found), False) | dict.fromkeys(ranks_of(progress.delegated), True)

    def take(self, most: int) -> Collection[int]:
        """The next ranks, at most `most`."""
        ranks: Collection[int]
        if self.left:
            ranks, self.left = self.left[:most], self.left[most:]
        else:
            ranks = range(self.next, min(self.next + most - 1, self.last) + 1)
            self.next = ranks.stop
        self.open.update(ranks)
        return ranks

    def settle(self, rank: int, *, unsettled: bool = False) -> None:
        """A candidate is done with: recorded, absent, or (`unsettled`) kept as a row to be asked again."""
        if rank in self.open:
            self.open.remove(rank)
            self.found.pop(rank, None)
            if unsettled:
                self.unsettled += 1
            else:
                self.settled += 1

    def missing(self, ranks: Iterable[int]) -> None:
        """No candidate has these ranks: the enumeration ends before them."""
        self.open.difference_update(ranks)

    @property
    def progress(self) -> Progress:
        """To be kept, so that nothing settled is asked again."""
        return Progress(
            self.next,
            spans((*self.open, *self.left)),
            self.settled,
            self.unsettled,
            self.since,
            spans(self.found),
            spans(rank for rank, delegated in self.found.items() if delegated),
        )


def ranks_of(spans: Spans) -> Iterable[int]:
    """The ranks in the ranges."""
    return (rank for first, last in spans for rank in range(first, last + 1))


def spans(ranks: Iterable[int]) -> Spans:
    """`ranks` as ranges with both ends included."""
    found: list[list[int]] = []
    for rank in sorted(ranks):
        if found and found[-1][1] == rank - 1:
            found[-1][1] = rank
        else:
            found.append([rank, rank])
    return tuple((first, last) for first, last in found)
