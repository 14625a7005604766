"""One batch of a sweep: existence of its candidates' domains first, then a careful look at what exists."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watcher.core.mail.dns import Outcome
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock, Existence, Presence, Sweeper
from watcher.core.slips.candidates import Candidate
from watcher.services.looks.relook import Relook
from watcher.services.sweeps.agenda import Slice
from watcher.services.sweeps.passes import Pass
from watcher.store import Store, lookalikes

BLIND_SHARE = 0.3
"""More of a pass unsettled than this, and it is the watch that failed, not the names. Lame delegations are some 1 %."""
_FEW = 10
"""Below so many questions only a pass in which nothing at all settled counts as blind."""
PLENTY = 50
"""After so many answers a blind pass is not carried on."""

_LOOKS = 48
"""At once in one batch: what a killed process has looked at and not recorded yet is looked at again."""

Member = tuple[Pass, Candidate]


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


class SharedAbsence:
    """Domains found absent a moment ago, and those that are being asked for: other names' candidates share them."""

    def __init__(self, clock: Clock, life: timedelta, *, limit: int = 100_000) -> None:
        self._clock = clock
        self._life = life
        self._limit = limit
        self._absent: OrderedDict[Fqdn, datetime] = OrderedDict()
        self.asked_for: dict[Fqdn, list[Member]] = {}
        """Who waits for the answer about a domain that is being asked for."""

    def seen_at(self, domain: Fqdn) -> datetime | None:
        """When it was found absent, where that was a moment ago."""
        at = self._absent.get(domain)
        return None if at is None or self._clock.now() - at > self._life else at

    def keep(self, domain: Fqdn) -> None:
        """It was found absent now."""
        self._absent[domain] = self._clock.now()
        self._absent.move_to_end(domain)
        if len(self._absent) > self._limit:
            self._absent.popitem(last=False)


class Batch:
    """The candidates of some slices; `sweep` settles them in their passes.

    `tell` hears of every pass that came further, and with how many candidates it is done.
    """

    def __init__(
        self,
        slices: Sequence[Slice],
        *,
        store: Store,
        sweeper: Sweeper,
        relook: Relook,
        shared: SharedAbsence,
        report: Report,
        tell: Callable[[Pass, int], None],
    ) -> None:
        self.slices = slices
        self._store = store
        self._sweeper = sweeper
        self._relook = relook
        self._shared = shared
        self._report = report
        self._tell = tell
        self._members: list[Member] = []
        self._found: dict[Fqdn, list[Member]] = {}
        self._places = asyncio.Semaphore(_LOOKS)

    def add(self, one: Pass, candidates: Iterable[Candidate]) -> None:
        """Candidates that a pass has handed out."""
        self._members += [(one, candidate) for candidate in candidates]

    async def sweep(self) -> None:
        """Settle every candidate. Raises Blind."""
        self._report.candidates += len(self._members)
        suffixes, groups = self._grouped(self._unfound(await self._without_rows()))
        self._shared.asked_for.update(groups)
        try:
            async with asyncio.TaskGroup() as looks:
                for suffix in suffixes:
                    looks.create_task(self._look([suffix]))
                for found in self._found.values():
                    self._look_at(found, looks)
                heard, unsettled = await self._ask(groups, looks)
            if is_blind(heard, len(unsettled)):
                raise Blind(heard, Counter(unsettled.values()))
            async with asyncio.TaskGroup() as looks:
                for domain in unsettled:
                    looks.create_task(self._look(groups[domain], unsettled=True))
        finally:
            for domain, group in groups.items():
                if self._shared.asked_for.get(domain) is group:
                    del self._shared.asked_for[domain]

    async def _ask(
        self, groups: Mapping[Fqdn, list[Member]], looks: asyncio.TaskGroup
    ) -> tuple[int, dict[Fqdn, Outcome]]:
        """Ask for every domain, and look at what is there; how many answers came, and what did not settle."""
        unsettled: dict[Fqdn, Outcome] = {}
        heard = 0
        async with aclosing(self._sweeper.sweep(groups)) as found:
            async for existence in found:
                group = groups[existence.name]
                heard += 1
                self._report.asked += 1
                # A filter's answer (M62) is worth a careful look, but says nothing: many of them are blindness.
                if existence.presence is Presence.UNSETTLED or not existence.outcome.settled:
                    unsettled[existence.name] = existence.outcome
                    counts = self._report.unsettled
                    counts[existence.outcome] = counts.get(existence.outcome, 0) + len(group)
                else:
                    self._shared.asked_for.pop(existence.name, None)
                    self._settled(existence, group, looks)
                if heard == PLENTY and is_blind(heard, len(unsettled)):
                    break
        return heard, unsettled

    def _settled(self, existence: Existence, group: Sequence[Member], looks: asyncio.TaskGroup) -> None:
        if existence.presence is Presence.LOOK:
            for one, candidate in group:
                one.found[candidate.rank] = existence.delegated
                self._tell(one, 0)
            self._look_at(group, looks)
            return
        self._report.absent += len(group)
        self._shared.keep(existence.name)
        for member in group:
            self._done(member)

    def _look_at(self, group: Sequence[Member], looks: asyncio.TaskGroup) -> None:
        """Look at candidates of one domain that exists."""
        self._report.existing += len(group)
        delegated = any(one.found.get(candidate.rank) for one, candidate in group)
        looks.create_task(self._look(group, delegated=delegated))

    def _done(self, member: Member, *, unsettled: bool = False) -> None:
        one, candidate = member
        one.settle(candidate.rank, unsettled=unsettled)
        self._tell(one, 1)

    async def _without_rows(self) -> list[Member]:
        """Those that have no row. Those with one are looked at again by themselves; it is noted whom they resemble."""
        names = list({candidate.name for _, candidate in self._members})
        async with self._store.read() as tx:
            known = await lookalikes.find_known(tx, names)
        if not known:
            return self._members
        by_pass: dict[Pass, list[Candidate]] = {}
        for one, candidate in self._members:
            if candidate.name in known:
                by_pass.setdefault(one, []).append(candidate)
        for one, rows in by_pass.items():
            await self._relook.resembling(rows, one.protected)
            for candidate in rows:
                self._done((one, candidate))
        return [member for member in self._members if member[1].name not in known]

    def _unfound(self, members: Iterable[Member]) -> list[Member]:
        """Those that are to be asked for. What an earlier run found to exist is looked at unasked (`_found`)."""
        rest = []
        for member in members:
            one, candidate = member
            if candidate.registrable_domain is not None and candidate.rank in one.found:
                self._found.setdefault(candidate.registrable_domain, []).append(member)
            else:
                rest.append(member)
        return rest

    def _grouped(self, members: Iterable[Member]) -> tuple[list[Member], dict[Fqdn, list[Member]]]:
        """Suffixes, and the others by registrable domain; what another batch asks for waits there."""
        suffixes: list[Member] = []
        groups: dict[Fqdn, list[Member]] = {}
        for member in members:
            one, candidate = member
            domain = candidate.registrable_domain
            if domain is None:
                suffixes.append(member)
            elif (at := self._shared.seen_at(domain)) is not None:
                one.since = min(one.since, at)
                self._report.absent += 1
                self._done(member)
            elif domain in self._found:
                self._found[domain].append(member)
            elif domain in self._shared.asked_for:
                self._shared.asked_for[domain].append(member)
            else:
                groups.setdefault(domain, []).append(member)
        return suffixes, groups

    async def _look(self, group: Sequence[Member], *, delegated: bool = False, unsettled: bool = False) -> None:
        """Look carefully at the candidates of one registrable domain, best first; each name once."""
        by_name: dict[Fqdn, list[Member]] = {}
        for member in sorted(group, key=lambda member: member[1].rank):
            by_name.setdefault(member[1].name, []).append(member)
        for same in by_name.values():
            absent = [one.origin for one, _ in same if one.origin.absent_since is not None]
            first, *others = same
            async with self._places:
                recorded = await self._relook.candidate(first[1], absent[0] if absent else first[0].origin)
                if delegated:
                    await self._relook.delegated(recorded)
            for one, candidate in others:
                await self._relook.resembling([candidate], one.protected)
            for member in same:
                self._done(member, unsettled=unsettled)
