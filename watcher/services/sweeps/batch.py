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
from watcher.core.states.mail_state import Origin
from watcher.services.looks.relook import Relook
from watcher.services.sweeps.agenda import Slice
from watcher.services.sweeps.controls import Controls, SecondTry, in_doubt
from watcher.services.sweeps.passes import Pass
from watcher.store import Store, lookalikes

PLENTY = 50
"""After so many answers a pass in doubt is not carried on before control questions were answered."""

_LOOKS = 320
"""At once in one batch, the late ones included: slow names must not keep the others of their batch from their look."""

Member = tuple[Pass, Candidate]


class Blind(Exception):
    """Hardly anything settled in a pass, control questions included; `outcomes` counts what came instead."""

    def __init__(self, asked: int, outcomes: Mapping[Outcome, int]) -> None:
        self.asked = asked
        self.outcomes = outcomes
        shown = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        super().__init__(f"{sum(outcomes.values())} of {asked} questions did not settle ({shown})")


@dataclass(slots=True)
class SweepReport:
    """The report of a sweep. `unsettled` counts candidates whose domain did not settle, by outcome."""

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
        """The members that wait for the answer about a domain that is being asked for."""

    def seen_at(self, domain: Fqdn) -> datetime | None:
        """Return when it was found absent, where that was a moment ago."""
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
        controls: Controls,
        report: SweepReport,
        tell: Callable[[Pass, int], None],
    ) -> None:
        self.slices = slices
        self._store = store
        self._sweeper = sweeper
        self._relook = relook
        self._shared = shared
        self._controls = controls
        self._report = report
        self._tell = tell
        self._members: list[Member] = []
        self._found: dict[Fqdn, list[Member]] = {}
        self._places = asyncio.Semaphore(_LOOKS)

    def add(self, one: Pass, candidates: Iterable[Candidate]) -> None:
        """Candidates that a pass has handed out."""
        self._members += [(one, candidate) for candidate in candidates]

    async def sweep(self) -> bool:
        """Settle every candidate, and return whether the DNS answered anything. Raises Blind."""
        self._report.candidates += len(self._members)
        suffixes, groups = self._grouped(self._unfound(await self._without_rows()))
        self._shared.asked_for.update(groups)
        try:
            async with asyncio.TaskGroup() as looks:
                for suffix in suffixes:
                    looks.create_task(self._look([suffix]))
                for found in self._found.values():
                    self._look_at(found, looks)
                blind = await self._ask(groups, looks)
            if blind is not None:
                raise blind
        finally:
            for domain, group in groups.items():
                if self._shared.asked_for.get(domain) is group:
                    del self._shared.asked_for[domain]
        return bool(groups)

    async def _ask(self, groups: Mapping[Fqdn, list[Member]], looks: asyncio.TaskGroup) -> Blind | None:
        """Ask for every domain, look at what is there, keep rows of what does not settle, unless all are `Blind`."""
        heard = 0
        unsettled: dict[Fqdn, Existence] = {}
        async with aclosing(self._sweeper.sweep(groups)) as found:
            async for existence in found:
                heard += 1
                self._report.asked += 1
                if _settles(existence):
                    self._answered(existence, groups, looks)
                else:
                    unsettled[existence.name] = existence
                doubtful = heard == PLENTY and in_doubt(PLENTY, len(unsettled)) and not self._controls.proven
                if doubtful and await self._controls.blind(unsettled):
                    return self._blind(heard, unsettled, groups)
        if in_doubt(heard, len(unsettled)):
            again = await self._controls.again(unsettled)
            if again.blind:
                return self._blind(heard, unsettled, groups)
            unsettled |= self._heard_again(again, groups, looks)
        for existence in unsettled.values():
            if not _settles(existence):
                self._keep(existence, groups[existence.name], looks)
        return None

    def _keep(self, existence: Existence, group: Sequence[Member], looks: asyncio.TaskGroup) -> None:
        """Keep rows of what did not settle."""
        self._shared.asked_for.pop(existence.name, None)
        counts = self._report.unsettled
        counts[existence.outcome] = counts.get(existence.outcome, 0) + len(group)
        looks.create_task(self._keep_unsettled(group, existence))

    def _heard_again(
        self, again: SecondTry, groups: Mapping[Fqdn, list[Member]], looks: asyncio.TaskGroup
    ) -> dict[Fqdn, Existence]:
        """Return the answers of the domains in doubt at the second try; handle those that settle now."""
        self._report.asked += len(again.found)
        for existence in again.found:
            if _settles(existence):
                self._answered(existence, groups, looks)
        return {existence.name: existence for existence in again.found}

    def _blind(self, asked: int, unsettled: Mapping[Fqdn, Existence], groups: Mapping[Fqdn, list[Member]]) -> Blind:
        counts = self._report.unsettled
        for existence in unsettled.values():
            counts[existence.outcome] = counts.get(existence.outcome, 0) + len(groups[existence.name])
        return Blind(asked, Counter(existence.outcome for existence in unsettled.values()))

    def _answered(self, existence: Existence, groups: Mapping[Fqdn, list[Member]], looks: asyncio.TaskGroup) -> None:
        self._shared.asked_for.pop(existence.name, None)
        self._settled(existence, groups[existence.name], looks)

    def _settled(self, existence: Existence, group: Sequence[Member], looks: asyncio.TaskGroup) -> None:
        if existence.presence is Presence.LOOK:
            for item, candidate in group:
                item.found[candidate.rank] = existence.delegated
                self._tell(item, 0)
            self._look_at(group, looks)
            return
        self._report.absent += len(group)
        self._shared.keep(existence.name)
        for member in group:
            self._done(member)

    def _look_at(self, group: Sequence[Member], looks: asyncio.TaskGroup) -> None:
        """Look at candidates of one domain that exists."""
        self._report.existing += len(group)
        delegated = any(item.found.get(candidate.rank) for item, candidate in group)
        looks.create_task(self._look(group, delegated=delegated))

    def _done(self, member: Member, *, unsettled: bool = False) -> None:
        one, candidate = member
        one.settle(candidate.rank, unsettled=unsettled)
        self._tell(one, 1)

    async def _without_rows(self) -> list[Member]:
        """Return the members without a row. The others are looked at by themselves; their resemblance is noted."""
        names = list({candidate.name for _, candidate in self._members})
        async with self._store.read() as tx:
            known = await lookalikes.find_known(tx, names)
        if not known:
            return self._members
        by_pass: dict[Pass, list[Candidate]] = {}
        for item, candidate in self._members:
            if candidate.name in known:
                by_pass.setdefault(item, []).append(candidate)
        for item, rows in by_pass.items():
            await self._relook.resembling(rows, item.protected)
            for candidate in rows:
                self._done((item, candidate))
        return [member for member in self._members if member[1].name not in known]

    def _unfound(self, members: Iterable[Member]) -> list[Member]:
        """Return those that are to be asked for. What an earlier run found to exist is looked at unasked (`_found`)."""
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

    async def _look(self, group: Sequence[Member], *, delegated: bool = False) -> None:
        """Look carefully at the candidates of one registrable domain, best first; each name once."""
        for members in _by_name(group):
            candidate, origin = _first_of(members)
            async with self._places:
                recorded = await self._relook.candidate(candidate, origin)
                if delegated:
                    await self._relook.delegated(recorded)
            await self._done_with(members)

    async def _keep_unsettled(self, group: Sequence[Member], existence: Existence) -> None:
        """Keep rows of the candidates of a domain that did not settle, to be looked at by themselves."""
        for members in _by_name(group):
            candidate, origin = _first_of(members)
            await self._relook.unanswered(candidate, origin, existence)
            await self._done_with(members, unsettled=True)

    async def _done_with(self, members: Sequence[Member], *, unsettled: bool = False) -> None:
        """A name was recorded for the first of its passes: the others learn whom it resembles, and all are done."""
        for item, candidate in members[1:]:
            await self._relook.resembling([candidate], item.protected)
        for member in members:
            self._done(member, unsettled=unsettled)


def _settles(existence: Existence) -> bool:
    """Return whether it says something. A filter's answer (M62) does not: many of them are blindness."""
    return existence.presence is not Presence.UNSETTLED and existence.outcome.settled


def _by_name(group: Iterable[Member]) -> list[list[Member]]:
    """Members of the same name together, best first."""
    found: dict[Fqdn, list[Member]] = {}
    for member in sorted(group, key=lambda member: member[1].rank):
        found.setdefault(member[1].name, []).append(member)
    return list(found.values())


def _first_of(members: Sequence[Member]) -> tuple[Candidate, Origin]:
    """The candidate to record, with what the passes over it know."""
    absent = [member.origin for member, _ in members if member.origin.absent_since is not None]
    return members[0][1], absent[0] if absent else members[0][0].origin
