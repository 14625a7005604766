"""The sweep: one pass over the candidates that are due, existence first, then a careful look at what exists.

A shard is one tier of one protected name. Candidates without a row are absent once their shard's pass has ended; what
did not settle is kept as a row. A pass in which hardly anything settled is no pass: nothing is recorded of it, its
shard stays due, and `Blind` says so, because "we could not look" must never read as "nothing there".
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from watcher.core.candidates import Candidate
from watcher.core.dns import Outcome
from watcher.core.mail_state import Origin
from watcher.core.names import Fqdn
from watcher.core.ports import Clock, Presence, Sweeper
from watcher.services.enumerate import Named
from watcher.services.relook import Relook
from watcher.store import Store, lookalikes, protected, shards
from watcher.store.shards import Shard

log = logging.getLogger(__name__)

BLIND_SHARE = 0.3
"""More of a pass unsettled than this, and it is the watch that failed, not the names. Lame delegations are some 1 %."""
_FEW = 10
"""Below so many questions only a pass in which nothing at all settled counts as blind."""
PLENTY = 50
"""After so many answers a blind pass is not carried on."""


class Enumerate(Protocol):
    """Candidates of a protected name with first <= rank <= last, best first; what they stand for is `version`."""

    def __call__(self, name: Named, first: int, last: int) -> Iterator[Candidate]:
        """Lazily; runs in a thread."""
        ...


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


def is_blind(asked: int, unsettled: int) -> bool:
    """Whether so little settled that the pass says nothing."""
    if asked < _FEW:
        return unsettled == asked > 0
    return unsettled > asked * BLIND_SHARE


class Blind(Exception):
    """Hardly anything settled in a pass; `outcomes` counts what came instead."""

    def __init__(self, asked: int, outcomes: Mapping[Outcome, int]) -> None:
        self.asked = asked
        self.outcomes = outcomes
        shown = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        super().__init__(f"{sum(outcomes.values())} of {asked} questions did not settle ({shown})")


@dataclass(slots=True)
class Report:
    """What a sweep did. `unsettled` counts candidates whose domain did not settle, by outcome."""

    started_at: datetime
    shards: int = 0
    candidates: int = 0
    asked: int = 0
    absent: int = 0
    existing: int = 0
    unsettled: dict[str, int] = field(default_factory=dict)
    blind: str | None = None
    ended_at: datetime | None = None


class Sweep:
    """Passes over shards, one at a time."""

    def __init__(
        self,
        *,
        store: Store,
        sweeper: Sweeper,
        relook: Relook,
        enumerate_: Enumerate,
        version: str,
        tiers: Sequence[Tier],
        clock: Clock,
    ) -> None:
        self._store = store
        self._sweeper = sweeper
        self._relook = relook
        self._enumerate = enumerate_
        self._tiers = tuple(tiers)
        self.version = version + ":" + ",".join(str(tier.last) for tier in tiers)
        self._clock = clock
        self.report = Report(clock.now())
        """The newest report; live while a sweep runs."""
        self.seen = 0
        """Candidates that passes have been through since the start."""
        self.most_candidates = self._tiers[-1].last
        """Of one protected name."""

    async def run(self, *, once: bool = False) -> Report:
        """Sweep everything that is due, best tiers first; `once`: nothing that becomes due meanwhile.

        Returns early, with `blind` set, when the DNS cannot be seen.
        """
        started = self._clock.now()
        self.report = report = Report(started)
        await self._plan()
        while (shard := await self._next(started if once else self._clock.now())) is not None:
            try:
                await self._pass(shard, report)
            except Blind as error:
                report.blind = str(error)
                log.warning("the sweep of %s saw nothing: %s", shard.protected, error)
                break
            report.shards += 1
        report.ended_at = self._clock.now()
        return report

    async def over(self, names: Sequence[str], most: int) -> Report:
        """Sweep these protected names now, due or not, up to the rank `most`; a tier that it cuts stays due."""
        self.report = report = Report(self._clock.now())
        await self._plan()
        for name in names:
            async with self._store.read() as tx:
                planned = await shards.listed(tx, protected=name)
            try:
                for shard in planned:
                    if self._tiers[shard.tier].first <= most:
                        await self._pass(shard, report, most)
                        report.shards += 1
            except Blind as error:
                report.blind = str(error)
                break
        report.ended_at = self._clock.now()
        return report

    async def _plan(self) -> None:
        async with self._store.write() as tx:
            for row in await protected.listed(tx):
                await shards.plan(tx, row.name, range(len(self._tiers)), version=self.version)

    async def _next(self, cutoff: datetime) -> Shard | None:
        """The shard to sweep now: the best tier that has one due, the longest waiting of it."""
        async with self._store.read() as tx:
            for place, tier in enumerate(self._tiers):
                before = cutoff - tier.interval
                due = await shards.due(tx, place, started_before=before, version=self.version, limit=1)
                if due:
                    return due[0]
        return None

    async def _pass(self, shard: Shard, report: Report, most: int | None = None) -> None:
        tier = self._tiers[shard.tier]
        last = tier.last if most is None else min(tier.last, most)
        async with self._store.read() as tx:
            row = await protected.found(tx, shard.protected)
        if row is None:
            return
        candidates = await asyncio.to_thread(lambda: list(self._enumerate(row, tier.first, last)))
        async with self._store.write() as tx:
            await shards.start(
                tx, row.name, shard.tier, version=self.version, total=len(candidates), at=self._clock.now()
            )
        unsettled = await self._candidates(shard, candidates, report)
        if last < tier.last:
            return  # the rest of the tier was not settled
        async with self._store.write() as tx:
            await shards.finish(
                tx,
                row.name,
                shard.tier,
                settled=len(candidates) - unsettled,
                unsettled=unsettled,
                at=self._clock.now(),
            )

    async def _candidates(self, shard: Shard, candidates: Sequence[Candidate], report: Report) -> int:
        """Settle every candidate that has no row yet; how many did not settle. Raises Blind."""
        report.candidates += len(candidates)
        suffixes, groups = await self._without_rows(shard, candidates)
        self.seen += len(candidates) - sum(map(len, groups.values()))
        # M68: what an earlier pass never settled is baseline, unless it was registered since that pass.
        origin = Origin(shard.absent_since(self.version), shard.settled_since)
        unsettled: dict[Fqdn, Outcome] = {}
        heard = 0
        async with asyncio.TaskGroup() as looks, aclosing(self._sweeper.sweep(groups)) as found:
            for suffix in suffixes:
                looks.create_task(self._look([suffix], origin))
            async for existence in found:
                group = groups[existence.name]
                heard += 1
                report.asked += 1
                # A filter's answer (M62) is worth a careful look, but says nothing: many of them are blindness.
                presence = existence.presence if existence.outcome.settled else Presence.UNSETTLED
                if presence is not Presence.UNSETTLED:
                    self.seen += len(group)
                match presence:
                    case Presence.ABSENT:
                        report.absent += len(group)
                    case Presence.LOOK:
                        report.existing += len(group)
                        looks.create_task(self._look(group, origin))
                    case Presence.UNSETTLED:
                        report.unsettled[existence.outcome] = report.unsettled.get(existence.outcome, 0) + len(group)
                        unsettled[existence.name] = existence.outcome
                if heard == PLENTY and is_blind(heard, len(unsettled)):
                    break
        if is_blind(heard, len(unsettled)):
            raise Blind(heard, Counter(unsettled.values()))
        async with asyncio.TaskGroup() as looks:
            for domain in unsettled:
                looks.create_task(self._look(groups[domain], origin))
        return sum(len(groups[domain]) for domain in unsettled)

    async def _without_rows(
        self, shard: Shard, candidates: Sequence[Candidate]
    ) -> tuple[list[Candidate], dict[Fqdn, list[Candidate]]]:
        """The candidates that have no row: suffixes, and the others by registrable domain, best first.

        Those with a row are looked at again by themselves; here it is only noted whom else they resemble.
        """
        async with self._store.read() as tx:
            known = await lookalikes.known_among(tx, [candidate.name for candidate in candidates])
        suffixes: list[Candidate] = []
        groups: dict[Fqdn, list[Candidate]] = {}
        for candidate in candidates:
            if candidate.name in known:
                continue
            if candidate.registrable_domain is None:
                suffixes.append(candidate)
            else:
                groups.setdefault(candidate.registrable_domain, []).append(candidate)
        rows = [candidate for candidate in candidates if candidate.name in known]
        await self._relook.resembling(rows, shard.protected)
        return suffixes, groups

    async def _look(self, group: Sequence[Candidate], origin: Origin) -> None:
        """Look carefully at the candidates of one registrable domain, best first."""
        for candidate in group:
            await self._relook.candidate(candidate, origin)
