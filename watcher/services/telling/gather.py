"""From events in the outbox to alerts with their deliveries: what is told at once, the baselines, the digests.

Each step is one transaction that reads what waits and writes what becomes of it, so that it can be repeated after a
crash, and run in several processes, without telling anything twice or forgetting it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from watcher.core.events import ENDED_BY, Event, EventKind
from watcher.core.shapes.times import time_from_json, time_json
from watcher.core.states.steadiness import Mark
from watcher.core.telling.alerts import (
    SHOWN_EVENTS,
    AlertKind,
    AlertPolicy,
    Decision,
    DecisionKind,
    FirstSweep,
    Silence,
    SilenceScope,
    decide,
    gathered,
    group_key,
    is_baseline,
    worst_first,
)
from watcher.core.telling.gathering import (
    KNOWN_FOR,
    PATIENCE,
    Group,
    Waiting,
    grouped,
    known_stories,
    last_digest_time,
)
from watcher.core.telling.order import in_order
from watcher.store import Store, Tx, facts, first_sweeps, lookalikes, outbox, protected_names, shards, silences
from watcher.store.outbox import Undecided

_DIGEST = "digest.handled"
_GROUP = "baseline:"
_PAGE = 1000


@dataclass(slots=True)
class _Plan:
    """The decisions of one reading of the outbox."""

    settled: dict[str, Decision] = field(default_factory=dict)
    """Events that are not told at once."""
    groups: Sequence[Group] = ()
    paged: dict[str, Decision] = field(default_factory=dict)
    joining: list[tuple[Undecided, Decision]] = field(default_factory=list)
    """Events that join the story of another host of their domain (M73)."""

    def take_along(self, waiting: list[Waiting]) -> None:
        """Tell what joins a story together with its first event, where that has not been told yet."""
        first = {group_key(item.event): item.channels for item in waiting}
        for item, decision in self.joining:
            channels = first.get(group_key(item.event))
            if channels is not None and decision.kind is DecisionKind.DIGEST:
                del self.settled[item.event.id]
                self.paged[item.event.id] = replace(decision, kind=DecisionKind.PAGE, channels=channels)
                waiting.append(Waiting(item.event, channels, item.since))

    def __bool__(self) -> bool:
        return bool(self.settled or self.groups)


class Gatherer:
    """Makes alerts of events. `operator_of` gives a host's registrable domain; `public_url` is put into each alert."""

    def __init__(
        self,
        store: Store,
        policy: AlertPolicy,
        *,
        operator_of: Callable[[str], str] = lambda host: host,
        public_url: str | None = None,
    ) -> None:
        self._store = store
        self._policy = policy
        self._operator_of = operator_of
        self._public_url = public_url

    async def events(self, now: datetime, *, wait: bool = True) -> int:
        """Decide about every new event; make alerts of the groups whose time has come. How many alerts were made.

        A group's time has come when its oldest event has waited `group_wait`, or at once unless `wait`.
        """
        async with self._store.read() as tx:
            if not await self._plan(tx, now, wait=wait):
                return 0
        async with self._store.write() as tx:
            plan = await self._plan(tx, now, wait=wait)
            decided = {**plan.settled, **plan.paged}
            words = {event_id: (item.kind.value, item.reason) for event_id, item in decided.items()}
            await outbox.decide(tx, words, now=now)
            for group in plan.groups:
                part = _Part()
                for member in group.members:
                    part.add(member.event)
                await self._add(
                    tx,
                    AlertKind.PAGE,
                    now,
                    group=group.key,
                    parts=[part],
                    channels=group.channels,
                    text=_others_words(group.others),
                )
        return len(plan.groups)

    async def baselines(self, now: datetime) -> int:
        """Make one digest for each protected name whose first sweep has ended since; return how many."""
        async with self._store.read() as tx:
            names = await outbox.list_baselines_to_tell(tx)
        for name in names:
            await self._baseline(name, now)
        return len(names)

    async def digest(self, now: datetime) -> int:
        """Make the digest that was last due, once; return how many alerts were made."""
        due = last_digest_time(now, self._policy)
        if due is None:
            await self._without_digest(now)
            return 0
        async with self._store.read() as tx:
            handled = time_from_json(await facts.find(tx, _DIGEST))
        if handled is not None and handled >= due:
            return 0
        async with self._store.write() as tx:
            collected = await self._collect(tx, now, before=due)
            digests = self._by_channel(collected.told)
            for channels, parts in digests.items():
                await self._add(tx, AlertKind.DIGEST, now, group="digest", parts=parts, channels=channels)
            await facts.save(tx, _DIGEST, time_json(due), now=now)
        return len(digests)

    async def _without_digest(self, now: datetime) -> None:
        """Decide that events of no baseline (any more) are sent to nobody, where there are no digests."""
        async with self._store.read() as tx:
            if not (await self._collect(tx, now, record=False)).told:
                return
        async with self._store.write() as tx:
            collected = await self._collect(tx, now)
            words = (DecisionKind.NONE.value, "not told at once, and alerts.digest is never")
            ids = [event_id for item in collected.told.values() for event_id in item.ids]
            await outbox.decide(tx, dict.fromkeys(ids, words), now=now)

    async def _baseline(self, name: str, now: datetime) -> None:
        async with self._store.write() as tx:
            if name not in await outbox.find_untold_baselines(tx, [name]) or await _is_awaited(tx, name, now):
                return
            told = (await self._collect(tx, now, baseline=name)).told
            progress = (await shards.find_baselines(tx, [name]))[name]
            text = f"{progress.settled:,} of {progress.total:,} candidates are settled."
            if not told and self._policy.channels:
                told = {self._policy.channels: _Part()}  # that nothing was found is worth knowing too
            swept = await _swept(tx, name, {about for item in told.values() for about in item.names})
            for channels, parts in self._by_channel(told).items():
                await self._add(
                    tx,
                    AlertKind.DIGEST,
                    now,
                    group=_GROUP + name,
                    parts=parts,
                    channels=channels,
                    text=text,
                    first_sweep=swept,
                )
            await outbox.save_baseline_told(tx, name, now=now)

    async def _plan(self, tx: Tx, now: datetime, *, wait: bool) -> _Plan:
        plan = _Plan()
        in_force = await self._silences(tx)
        waiting = []
        begun: dict[tuple[EventKind, str], tuple[str, ...]] = {}
        for item in await _owned(tx, await outbox.list_undecided(tx)):
            decision = decide(item.event, self._policy, in_force, told=await self._told(tx, item.event, begun))
            begun[item.event.kind, group_key(item.event)] = decision.channels * (decision.kind is DecisionKind.PAGE)
            if decision.kind is DecisionKind.PAGE:
                waiting.append(Waiting(item.event, decision.channels, item.since))
                plan.paged[item.event.id] = decision
            else:
                plan.settled[item.event.id] = decision
                plan.joining += [(item, decision)] if item.event.after.get(Mark.JOINED) else []
        plan.take_along(waiting)
        told = await outbox.list_told_since(tx, now - KNOWN_FOR) if waiting else []
        known = known_stories(told, self._operator_of)
        groups = grouped(waiting, digest_after=self._policy.digest_after, operator_of=self._operator_of, known=known)

        def is_ready(group: Group) -> bool:
            # a clock set back must not hold an event for longer: what seems to come from the future is told too
            newest = now - self._policy.group_wait * (PATIENCE if group.joins else 1)
            return not wait or any(member.since <= newest or member.since > now for member in group.members)

        plan.groups = in_order(groups, is_ready)
        ready = {member.event.id for group in plan.groups for member in group.members}
        plan.paged = {event_id: decision for event_id, decision in plan.paged.items() if event_id in ready}
        return plan

    async def _told(
        self, tx: Tx, event: Event, begun: Mapping[tuple[EventKind, str], tuple[str, ...]]
    ) -> tuple[str, ...]:
        """The channels that told, or in this plan are to tell, of what the event ends."""
        beginning = ENDED_BY.get(event.kind)
        if beginning is None:
            return ()
        planned = begun.get((beginning, group_key(event)))
        return await outbox.list_channels_told(tx, beginning.value, event) if planned is None else planned

    async def _silences(self, tx: Tx) -> list[Silence]:
        rows = await silences.list_all(tx)
        return [Silence(row.id, SilenceScope(row.scope), row.value, row.until) for row in rows]

    async def _collect(
        self,
        tx: Tx,
        now: datetime,
        *,
        baseline: str | None = None,
        before: datetime | None = None,
        record: bool = True,
    ) -> "_Collected":
        """Return what waits for the digest of `baseline`, or for the common one, by the channels that it goes to.

        The policy and the silences are those of now; what is not to be told any more is decided so, where `record`.
        """
        collected = _Collected()
        in_force = await self._silences(tx)
        after = ""
        while page := await outbox.list_undigested(tx, after=after, limit=_PAGE):
            after = page[-1].event.id
            mine = await _belonging(tx, page, baseline)
            for item in await _owned(tx, page):
                if item.event.id not in mine or (before is not None and item.since >= before):
                    continue
                decision = decide(item.event, self._policy, in_force)
                if decision.kind is DecisionKind.NONE:
                    collected.dropped[item.event.id] = (decision.kind.value, decision.reason)
                else:
                    collected.told.setdefault(decision.channels, _Part()).add(item.event)
        if record:
            await outbox.decide(tx, collected.dropped, now=now)
        return collected

    async def _add(
        self,
        tx: Tx,
        kind: AlertKind,
        now: datetime,
        *,
        group: str,
        parts: Sequence["_Part"],
        channels: tuple[str, ...],
        text: str = "",
        first_sweep: FirstSweep | None = None,
    ) -> None:
        alert = gathered(
            self._store.ids(),
            kind,
            [event for part in parts for event in part.worst],
            total=sum(len(part.ids) for part in parts),
            group=group,
            created_at=now,
            text=text,
            public_url=self._public_url,
            first_sweep=first_sweep,
        )
        for part in parts:
            part.id = part.id or self._store.ids()
        deliveries = {name: self._store.ids() for name in channels}
        await outbox.add_alert(tx, alert, (), deliveries, now=now, parts={part.id: part.ids for part in parts})

    def _by_channel(self, told: Mapping[tuple[str, ...], "_Part"]) -> Mapping[tuple[str, ...], Sequence["_Part"]]:
        """Make one digest for each channel: its parts, by the channels that get exactly the same."""
        of = {name: tuple(channels for channels in told if name in channels) for name in self._policy.channels}
        alike: dict[tuple[tuple[str, ...], ...], list[str]] = {}
        for name, parts in of.items():
            if parts:
                alike.setdefault(parts, []).append(name)
        return {tuple(names): [told[channels] for channels in parts] for parts, names in alike.items()}


@dataclass(slots=True)
class _Part:
    """Events that are told the same way: all ids and names, and the worst in full, so that memory stays bounded."""

    id: str = ""
    ids: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    worst: list[Event] = field(default_factory=list)

    def add(self, event: Event) -> None:
        self.ids.append(event.id)
        self.names.add(event.name)
        self.worst.append(event)
        if len(self.worst) >= 4 * SHOWN_EVENTS:
            self.worst = list(worst_first(self.worst)[:SHOWN_EVENTS])


@dataclass(slots=True)
class _Collected:
    """The content of a digest, by channels, and the events it drops, with the decision and its reason."""

    told: dict[tuple[str, ...], _Part] = field(default_factory=dict)
    dropped: dict[str, tuple[str, str]] = field(default_factory=dict)


async def _owned(tx: Tx, items: Sequence[Undecided]) -> list[Undecided]:
    """The items, their events with owner and tags of the protected names."""
    events = await protected_names.with_ownership(tx, [item.event for item in items])
    return [replace(item, event=event) for item, event in zip(items, events, strict=True)]


async def _belonging(tx: Tx, page: Sequence[Undecided], baseline: str | None) -> set[str]:
    """The ids of the events in `page` that belong to that baseline; for None, those that belong to no baseline.

    An event waits for the baselines of the names that it is about and that were protected when it happened. The first
    of them that is told takes it, and so does any other that the name resembles.
    """
    found = [item.event for item in page if is_baseline(item.event)]
    untold = await outbox.find_untold_baselines(tx, {name for event in found for name in event.protected})
    waits = {}
    for event in found:
        holders = {name for name in event.protected if name in untold and untold[name] <= event.at}
        if holders:
            waits[event.id] = event, holders
    if baseline is None:
        return {item.event.id for item in page} - waits.keys()
    alike = await first_sweeps.find_alike(tx, baseline, sorted({event.name for event, _ in waits.values()}))
    return {event_id for event_id, (event, holders) in waits.items() if baseline in holders or event.name in alike}


_MOST_AWAITED = 1000
_MOST_OTHERS = 10


async def _is_awaited(tx: Tx, name: str, now: datetime) -> bool:
    """Return whether the baseline waits for a candidate that has not settled yet (M75)."""
    rows = await lookalikes.list_unsettled(tx, name, limit=_MOST_AWAITED)
    tried = (row.state.unsettled for row in rows)
    return any(unsettled is not None and not unsettled.is_given_up(now) for unsettled in tried)


def _others_words(others: Sequence[str]) -> str:
    """Return a sentence about the names of the same story in earlier alerts; empty for none."""
    if not others:
        return ""
    shown, more = ", ".join(others[:_MOST_OTHERS]), len(others) - _MOST_OTHERS
    rest = f" and {more} more" if more > 0 else ""
    return f"Part of a story: mail of {shown}{rest} went to the same place within the hour."


async def _swept(tx: Tx, name: str, told_now: set[str]) -> FirstSweep:
    """Return how many lookalikes the first sweep of `name` found, and how many of them are in earlier alerts only.

    A name's mail may have been told as its domain's, whose wildcard it is.
    """
    found = await first_sweeps.find_lookalikes(tx, name)
    groups = await first_sweeps.find_told_groups(tx, sorted({*found, *filter(None, found.values())}))
    told, told_for = 0, set()
    for item, domain in found.items():
        if (
            item not in told_now
            and domain not in told_now
            and (earlier := groups.get(item) or groups.get(domain or ""))
        ):
            told += 1
            told_for |= {group.removeprefix(_GROUP) for group in earlier if group.startswith(_GROUP)}
    return FirstSweep(len(found), told, tuple(sorted(told_for)))
