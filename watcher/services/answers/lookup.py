"""Everything about one name: from the store, or by a look right now."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from watcher.core.events import Event, Resemblance, only_noted
from watcher.core.known import Known
from watcher.core.mail.look import Look
from watcher.core.mail.mail_to import MailTo
from watcher.core.mail.risk import rate
from watcher.core.mail.verdict import Ability, Owner
from watcher.core.names.names import Fqdn, to_unicode
from watcher.core.names.suffixes import Suffixes
from watcher.core.ports import Clock, Registry
from watcher.core.registration.facts import (
    RegistrationFacts,
    RegistrationSource,
    RegistrationStatus,
    Worth,
    compared_with_dns,
    own_facts,
)
from watcher.core.registration.likeness import likeness
from watcher.core.states.lookalike import Lookalike
from watcher.core.states.mail_state import SETTLED, exists, obstacle
from watcher.services.looks.examine import Looker, LookOptions
from watcher.store import Store, Tx, event_log, lookalikes, refusals, resemblances, written

Resembling = Callable[[Fqdn], Awaitable[Sequence[Resemblance]]]
"""A lookup of the protected names that a name resembles, most likely first; empty when none."""

Relook = Callable[[Fqdn], Awaitable[None]]
"""A look at a name that has a row, recorded with all that follows from it."""

RecordFacts = Callable[[Fqdn, RegistrationFacts], Awaitable[None]]
"""Record registration facts of a name that has a row, with all that follows from them."""

_RECENT = timedelta(hours=1)
"""The age up to which registration facts may go into a report."""


class ConfirmingLooker(Looker, Protocol):
    """The part of `examine.Examiner` that an answer to a person needs."""

    def reconsider(self, look: Look, options: LookOptions) -> Look:
        """Return the same look judged with what the registry said."""
        ...

    async def confirm(self, first: Look, *, owner: Owner | None = None) -> Look:
        """Take a second look by another resolver; return it united with the first."""
        ...


class Lookup:
    """Looks names up.

    Without a store nothing is known beforehand and nothing is kept; without a registry its facts are
    null. `relook` and `record_facts` are used for names that have a row, so that what is learnt here is recorded and
    told too. `confirms`: what is able is read by a second resolver at once.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        suffixes: Suffixes,
        looker: ConfirmingLooker,
        resembling: Resembling,
        registry: Registry | None = None,
        store: Store | None = None,
        relook: Relook | None = None,
        record_facts: RecordFacts | None = None,
        owner: Callable[[], Owner] = Owner,
        registry_seconds: float = 30.0,
        looks_at_once: int = 16,
        confirms: bool = False,
    ) -> None:
        self._clock = clock
        self._suffixes = suffixes
        self._looker = looker
        self._resembling = resembling
        self._registry = registry
        self._store = store
        self._relook = relook
        self._record_facts = record_facts
        self._owner = owner
        self._registry_seconds = registry_seconds
        self._confirms = confirms
        self._places = asyncio.Semaphore(looks_at_once)

    async def known(self, name: Fqdn) -> Known:
        """Return everything that the store knows about `name`; without a verdict where it never looked."""
        row: Lookalike | None = None
        history: Sequence[Event] = ()
        found: Sequence[Resemblance] = ()
        mail_to: MailTo | None = None
        if self._store is not None:
            row, history, found, has_mail = await self._store.glance(lambda tx: _stored(tx, name))
            mail_to = await _mail_to(self._store, name) if has_mail else None
        found = found or await self._resembling(name)
        bare = self._unseen(name) if row is None else known_row(row)
        return self._compared(replace(bare, resembles=tuple(found), history=tuple(history), mail_to=mail_to))

    async def looked_at(self, name: Fqdn, *, registration: bool = True, probe: bool = False) -> Known:
        """A look right now, with registration facts unless `registration` is False.

        `probe`: ask the mail server of an able name too; its answer is in `probed`. Never raises for what the DNS or a
        registry did. What the store knows of the past is in it too.
        """
        async with self._places:
            if self._relook is not None and await self._has_row(name):
                await self._relook(name)
                return await self._with_facts(await self.known(name), name, registration=registration)
            return await self._look(name, registration=registration, probe=probe)

    async def with_recent_facts(self, known: Known) -> Known:
        """Return the same with registration facts of the last hour, asked for where those known are older.

        What the registry does not say in time, and its word that a name in the DNS is free, change nothing here.
        """
        facts, name = known.registration, Fqdn(known.name)
        if facts is not None and self._clock.now() - facts.fetched_at < _RECENT:
            return known
        new = await self._facts(name)
        if new is None or new.status is RegistrationStatus.UNKNOWN:
            return known
        if self._record_facts is not None and await self._has_row(name):
            await self._record_facts(name, new)
            return await self.known(name)
        if known.verdict is not None and compared_with_dns(new, delegated=exists(known.verdict)) != new:
            return known
        return self._compared(replace(known, registration=new))

    async def seen(self, name: Fqdn, resembling: Sequence[Resemblance]) -> Known | None:
        """A candidate by a look that is not recorded; None when it settled as absent."""
        look = await self._looker.look(name, LookOptions(owner=self._owner()))
        verdict = look.verdict
        if verdict.ability is not Ability.UNKNOWN and not exists(verdict):
            return None
        return _looked(replace(self._unseen(name), resembles=tuple(resembling)), look)

    async def batch(self, names: Collection[Fqdn]) -> list[Known]:
        """Return everything known of many names, in their order, without history and without any look."""
        rows: dict[str, Lookalike] = {}
        found: dict[str, tuple[Resemblance, ...]] = {}
        if self._store is not None:
            async with self._store.read() as tx:
                rows = await lookalikes.find_all(tx, list(names))
                found = await resemblances.find_all(tx, list(rows))
        known = []
        for name in names:
            row = rows.get(name)
            bare = self._unseen(name) if row is None else known_row(row)
            known.append(replace(bare, resembles=tuple(found.get(name) or await self._resembling(name))))
        return known

    async def _has_row(self, name: Fqdn) -> bool:
        if self._store is None:
            return False
        async with self._store.read() as tx:
            return bool(await lookalikes.find_known(tx, [name]))

    async def _look(self, name: Fqdn, *, registration: bool, probe: bool) -> Known:
        """A look that is not recorded."""
        facts_task = asyncio.create_task(self._facts(name)) if registration else None
        try:
            options = LookOptions(fresh=True, owner=self._owner(), posture=True, probe=probe)
            look = await self._looker.look(name, options)
            facts = None if facts_task is None else await facts_task
        finally:
            if facts_task is not None:
                facts_task.cancel()
        if facts is not None:
            look = self._looker.reconsider(look, replace(options, registration=facts))
        if self._confirms and look.verdict.ability is Ability.ABLE:
            look = await self._looker.confirm(look, owner=options.owner)
        known = await self.known(name)
        if look.verdict.ability is Ability.UNKNOWN and known.settled:
            # What is settled stays so; the failed look only ages it.
            aged = replace(
                known,
                attempted_at=look.observation.attempted_at,
                last_outcome=obstacle(look.verdict),
                probed=look.probed,
            )
        else:
            aged = _looked(known, look)
        return self._compared(replace(aged, registration=facts))

    def _compared(self, known: Known) -> Known:
        """The same with what it has in common with the owner's names."""
        return replace(
            known,
            own_likeness=likeness(
                known.verdict, own_facts(known.registration, known.registrable_domain), self._owner()
            ),
        )

    async def _with_facts(self, known: Known, name: Fqdn, *, registration: bool) -> Known:
        if not registration or known.registration is not None:
            return known
        return self._compared(replace(known, registration=await self._facts(name)))

    async def _facts(self, name: Fqdn) -> RegistrationFacts | None:
        """None for a suffix, or without a registry; facts of status unknown when it takes too long."""
        domain = self._suffixes.registrable_domain(name)
        if self._registry is None or domain is None:
            return None
        try:
            async with asyncio.timeout(self._registry_seconds):
                return await self._registry.facts(domain, worth=Worth.AWAITED)
        except TimeoutError:
            return RegistrationFacts(
                RegistrationStatus.UNKNOWN,
                RegistrationSource.RDAP,
                self._clock.now(),
                reason=f"no answer within {self._registry_seconds:.0f} s",
            )

    def _unseen(self, name: Fqdn) -> Known:
        """A name without a row."""
        return Known(
            name, to_unicode(name), self._suffixes.registrable_domain(name), self._suffixes.public_suffix(name)
        )


async def _stored(tx: Tx, name: Fqdn) -> tuple[Lookalike | None, Sequence[Event], Sequence[Resemblance], bool]:
    row = await lookalikes.find(tx, name)
    history = await event_log.list_history(tx, name)
    found = (await resemblances.find_all(tx, [name]))[name]
    return row, history, found, await refusals.is_there_mail(tx, name)


async def _mail_to(store: Store, name: Fqdn) -> MailTo:
    async with store.read() as tx:
        logged = await written.list_counts(tx, [name])
        stopped = await refusals.list_stopped(tx, [name])
    return MailTo(logged.get(name), stopped.get(name))


def _looked(known: Known, look: Look) -> Known:
    """The same after a look that is not recorded."""
    rating = rate(look.verdict, rank=known.rank, only_noted=only_noted(known.resembles))
    at = look.observation.attempted_at
    settled = look.verdict.ability is not Ability.UNKNOWN
    return replace(
        known,
        severity=rating.severity,
        severity_reasons=rating.reasons,
        verdict=look.verdict,
        settled_at=at if settled else None,
        attempted_at=at,
        last_outcome=SETTLED if settled else obstacle(look.verdict),
        probed=look.probed,
    )


def known_row(row: Lookalike, resembling: Sequence[Resemblance] = ()) -> Known:
    """Return everything that a row says, with what the name resembles."""
    return Known(
        name=row.name,
        unicode=row.unicode,
        registrable_domain=row.registrable_domain,
        public_suffix=row.public_suffix,
        severity=row.severity,
        severity_reasons=row.severity_reasons,
        verdict=row.verdict,
        settled_at=row.settled_at,
        attempted_at=row.state.attempted_at,
        last_outcome=row.state.last_outcome,
        unconfirmed=row.state.unconfirmed,
        registration=row.registration,
        resembles=tuple(resembling),
        first_seen_at=row.first_seen_at,
        triage=row.triage,
        triage_note=row.triage_note,
        triage_at=row.triage_at,
        triage_by=row.triage_by,
    )
