"""Record looks: what stands, the events that follow and their outbox rows, all in one transaction.

    watch = Watch(store=store, clock=clock)
    recorded = await watch.record(look, resemblances=..., origin=Origin(absent_since=shard.absent_since(version)))
    recorded = await watch.record_registration(name, facts)

What a look means is decided by `watcher.core.states.assess`; here it is read and written. The next look at a row is
taken at `row.next_look_at`, with `avoid=row.state.avoid` and nothing remembered from before. Recording is idempotent:
the same look, or the same facts, a second time change nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import random

from watcher.core.events import Event, Resemblance
from watcher.core.mail.look import Look
from watcher.core.mail.verdict import Verdict
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock
from watcher.core.registration.facts import RegistrationFacts
from watcher.core.states.assess import (
    NO_SIBLINGS,
    Assessment,
    AssessRules,
    Siblings,
    assess,
    assess_registration,
    is_able,
    joined,
    new_row,
    whose,
)
from watcher.core.states.cadence import Cadence, Refresh
from watcher.core.states.lookalike import LOOKALIKE, Lookalike, Relation
from watcher.core.states.mail_state import Origin, Policy
from watcher.core.states.subject import NameDraft, Subject
from watcher.services.looks import suffix_sightings
from watcher.services.looks.drafting import name_event
from watcher.services.looks.transactions import SharedTransactions
from watcher.store import (
    Store,
    Tx,
    event_log,
    lookalikes,
    own_names,
    protected_names,
    raw_replies,
    resemblances,
    shards,
)
from watcher.store.raw_replies import RawReply


@dataclass(frozen=True, slots=True)
class Recorded:
    """The result of a recorded look or set of facts. `row` None: there is nothing to keep, the name is absent."""

    row: Lookalike | None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A look to be recorded, with what came with it."""

    look: Look
    resembling: Sequence[Resemblance]
    origin: Origin | None
    registration: RegistrationFacts | None
    relation: Relation


@dataclass(frozen=True, slots=True)
class _Standing:
    """The records about the name of a look. `new`: resemblances to be saved with it."""

    row: Lookalike
    subject: Subject
    new: tuple[Resemblance, ...]
    baseline_done: bool


class Watch:
    """The only writer of what stands about names. `jitter` gives numbers from 0 to 1 that spread the next looks."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        policy: Policy | None = None,
        cadence: Cadence | None = None,
        refresh: Refresh | None = None,
        jitter: Callable[[], float] = random,
    ) -> None:
        self._store = store
        self._transactions = SharedTransactions(store)
        self._clock = clock
        self._rules = AssessRules(policy or Policy(), cadence or Cadence(), refresh or Refresh())
        self._jitter = jitter

    async def record(
        self,
        look: Look,
        *,
        resemblances: Sequence[Resemblance] = (),
        origin: Origin | None = None,
        registration: RegistrationFacts | None = None,
        relation: Relation = LOOKALIKE,
    ) -> Recorded:
        """Record a look at a name; `origin` counts at its first look only, `registration` where it was just asked for.

        A look that resembles only names that are not protected (any more), at a name without a row, is not recorded.
        """
        found = _Found(look, resemblances, origin, registration, relation)
        return await self._transactions.run(lambda tx: self._record(tx, found))

    async def record_registration(self, name: Fqdn, new: RegistrationFacts) -> Recorded:
        """Record facts about the registrable domain of `name` for its row and all under the same domain.

        Each change is one event, of the domain's own row where it has one. Nothing for a name without a row.
        """
        async with self._store.write() as tx:
            row = await lookalikes.find(tx, name)
            if row is None:
                return Recorded(None)
            rows = (
                [row] if row.registrable_domain is None else await lookalikes.list_of_domain(tx, row.registrable_domain)
            )
            if row.name not in {sibling.name for sibling in rows}:
                rows.append(row)
            speaker = next((sibling for sibling in rows if sibling.name == sibling.registrable_domain), row)
            known = await resemblances.find_all(tx, [speaker.name])
            subject = await self._subject(tx, speaker, known[speaker.name])
            now = self._clock.now()
            saved, drafts = assess_registration(rows, new, subject, now, self._rules, jitter=self._jitter())
            await lookalikes.save(tx, saved)
            if new.raw is not None and any(is_able(sibling) for sibling in saved):
                # evidence of an able name; of any other it would be no more than a person's data
                domain = row.registrable_domain or row.name
                await raw_replies.save(tx, RawReply(domain, new.fetched_at, new.source.value, new.raw))
            told = await self._tell(tx, drafts)
            return Recorded(next(sibling for sibling in saved if sibling.name == name), told)

    async def _record(self, tx: Tx, found: _Found) -> Recorded:
        standing = await self._read(tx, found)
        if standing is None:
            return Recorded(None)
        now, jitter = self._clock.now(), self._jitter()
        outcome = self._assess(found, standing, NO_SIBLINGS, now, jitter)
        if outcome.asks_siblings:
            outcome = self._assess(found, standing, await self._siblings(tx, standing.row), now, jitter)
        if outcome.by_suffix:
            await _note_suffix(tx, found, standing, now)
        return await self._write(tx, standing.row, outcome, standing.new)

    async def _read(self, tx: Tx, found: _Found) -> _Standing | None:
        """Return what stands about the name; None where the look resembles only names that are not protected."""
        name, verdict = found.look.observation.name, found.look.verdict
        before = await lookalikes.find(tx, name)
        new, resembles = await self._resembling(tx, before, found.resembling, name)
        if before is None and found.resembling and not resembles:
            return None
        row = before or new_row(found.look, found.relation)
        subject = await self._subject(tx, row, resembles, verdict)
        return _Standing(row, subject, tuple(new), await self._baseline_is_done(tx, row, resembles))

    def _assess(
        self, found: _Found, standing: _Standing, siblings: Siblings, now: datetime, jitter: float
    ) -> Assessment:
        return assess(
            standing.row,
            found.look,
            standing.subject,
            siblings,
            now,
            self._rules,
            origin=found.origin,
            registration=found.registration,
            baseline_done=standing.baseline_done,
            jitter=jitter,
        )

    async def _write(self, tx: Tx, before: Lookalike, outcome: Assessment, new: Sequence[Resemblance]) -> Recorded:
        if outcome.row is None:
            await lookalikes.remove(tx, [before.name])
        else:
            if outcome.row is not before:
                await lookalikes.save(tx, [outcome.row])
            await resemblances.save(tx, before.name, new)
        return Recorded(outcome.row, await self._tell(tx, outcome.drafts))

    async def _tell(self, tx: Tx, drafts: Sequence[NameDraft]) -> tuple[Event, ...]:
        told = tuple(replace(name_event(draft), id=self._store.ids()) for draft in drafts)
        await event_log.add(tx, told, now=self._clock.now())
        return told

    async def _resembling(
        self, tx: Tx, before: Lookalike | None, resembling: Sequence[Resemblance], name: str
    ) -> tuple[list[Resemblance], tuple[Resemblance, ...]]:
        """Return those that are to be saved, and all of them; none of names that are not protected any more."""
        still = await protected_names.find_known(tx, [resemblance.protected for resemblance in resembling])
        known = () if before is None else (await resemblances.find_all(tx, [name]))[name]
        new = [resemblance for resemblance in resembling if resemblance.protected in still and resemblance not in known]
        return new, joined(known, new)

    async def _subject(
        self, tx: Tx, row: Lookalike, resembles: tuple[Resemblance, ...], verdict: Verdict | None = None
    ) -> Subject:
        names = [row.name] if row.registrable_domain is None else [row.name, row.registrable_domain]
        on_own_list = row.relation == LOOKALIKE and bool(await own_names.find_known(tx, names))
        ours = whose(row, verdict, on_own_list=on_own_list)
        brought_by = row.state.brought_by
        source = "dns" if brought_by is None else f"feed:{brought_by}"
        return Subject(row.name, row.registrable_domain, resembles, ours, source=source)

    async def _baseline_is_done(self, tx: Tx, row: Lookalike, resembles: Sequence[Resemblance]) -> bool:
        """Return whether a protected name that it resembles had its first sweep; False for a name that settled."""
        if row.state.unsettled is None:
            return False
        names = [resemblance.protected for resemblance in resembles]
        return any(baseline.done for baseline in (await shards.find_baselines(tx, names)).values())

    async def _siblings(self, tx: Tx, row: Lookalike) -> Siblings:
        domain = row.registrable_domain
        if domain is None:
            return NO_SIBLINGS
        rows = await lookalikes.list_of_domain(tx, domain)
        resembles = (await resemblances.find_all(tx, [domain]))[domain]
        return Siblings(tuple(sibling for sibling in rows if sibling.name != row.name), resembles)


async def _note_suffix(tx: Tx, found: _Found, standing: _Standing, now: datetime) -> None:
    """Note that the look met a wildcard of the public suffix."""
    news = found.origin is not None and found.origin.known_absent_since is not None
    names = [resemblance.protected for resemblance in standing.subject.resembles]
    await suffix_sightings.note(tx, found.look.observation.public_suffix, names, news=news, now=now)
