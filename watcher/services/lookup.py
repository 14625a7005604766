"""Everything about one name, in the check shape: from the store, or by a look right now."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from watcher.core.events import Event, Resemblance
from watcher.core.likeness import likeness
from watcher.core.mail_state import SETTLED, exists, obstacle
from watcher.core.names import Fqdn, to_unicode
from watcher.core.ports import Clock, Registry
from watcher.core.registration import RegistrationFacts, RegistrationSource, RegistrationStatus, Worth, is_held
from watcher.core.risk import rate
from watcher.core.shapes import JSON, event_json, mail_json, probed_json, registration_json, resemblance_json, time_json
from watcher.core.suffixes import Suffixes
from watcher.core.verdict import Ability, Owner
from watcher.services.examine import Look
from watcher.store import Store, events, lookalikes, resemblances
from watcher.store.lookalikes import Lookalike

Resembling = Callable[[Fqdn], Awaitable[Sequence[Resemblance]]]
"""Which protected names a name resembles, most likely first; empty when none."""

Relook = Callable[[Fqdn], Awaitable[None]]
"""A look at a name that has a row, recorded with all that follows from it."""


class Looker(Protocol):
    """What is needed of `examine.Examiner`."""

    async def look(
        self,
        name: Fqdn,
        *,
        fresh: bool = False,
        owner: Owner | None = None,
        held: bool = False,
        nameservers: frozenset[str] = frozenset(),
        organisation: str | None = None,
        posture: bool = False,
        probe: bool = False,
    ) -> Look:
        """The observation and the verdict."""
        ...

    def reconsider(
        self,
        look: Look,
        *,
        owner: Owner | None = None,
        held: bool = False,
        nameservers: frozenset[str] = frozenset(),
        organisation: str | None = None,
    ) -> Look:
        """The same look judged with what the registry said."""
        ...

    async def confirm(self, first: Look, *, owner: Owner | None = None) -> Look:
        """A second look by another resolver, united with the first."""
        ...


class Lookup:
    """Looks names up.

    Without a store nothing is known beforehand and nothing is kept; without a registry its facts are
    null. `relook` is used for names that have a row, so that what is seen here is recorded and told too. `confirms`:
    what is able is read by a second resolver at once.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        suffixes: Suffixes,
        looker: Looker,
        resembling: Resembling,
        registry: Registry | None = None,
        store: Store | None = None,
        relook: Relook | None = None,
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
        self._owner = owner
        self._registry_seconds = registry_seconds
        self._confirms = confirms
        self._places = asyncio.Semaphore(looks_at_once)

    async def known(self, name: Fqdn) -> JSON:
        """What the store knows; `mail` is null when it never looked, and only the resemblance is told then."""
        row: Lookalike | None = None
        history: Sequence[Event] = ()
        found: Sequence[Resemblance] = ()
        if self._store is not None:
            async with self._store.read() as tx:
                row = await lookalikes.found(tx, name)
                history = await events.history(tx, name)
                found = (await resemblances.of(tx, [name]))[name]
        shape = self._unseen(name) if row is None else row_json(row)
        found = found or await self._resembling(name)
        return self._compared(
            {
                **shape,
                "resembles": [resemblance_json(one) for one in found],
                "history": [event_json(event) for event in history],
            }
        )

    async def looked_at(self, name: Fqdn, *, registration: bool = True, probe: bool = False) -> JSON:
        """A look right now, with registration facts unless `registration` is False.

        `probe`: ask the mail server of an able name too; what it said is in `probe`. Never raises for what the DNS or a
        registry did. What the store knows of the past is in it too.
        """
        async with self._places:
            if self._relook is not None and await self._has_row(name):
                await self._relook(name)
                return await self._with_facts(await self.known(name), name, registration=registration)
            return await self._look(name, registration=registration, probe=probe)

    async def seen(self, name: Fqdn, resembling: Sequence[Resemblance]) -> JSON | None:
        """The lookalike shape of a candidate, by a look that is not recorded; None when it settled as absent."""
        look = await self._looker.look(name, owner=self._owner())
        verdict = look.verdict
        if verdict.ability is not Ability.UNKNOWN and not exists(verdict):
            return None
        ranks = [one.rank for one in resembling if one.rank is not None]
        return on_the_surface({**self._unseen(name), **_looked(look, min(ranks, default=None))}, resembling)

    async def batch(self, names: Collection[Fqdn]) -> list[JSON]:
        """What is known of many names, in their order, without history and without any look."""
        rows: dict[str, Lookalike] = {}
        found: dict[str, tuple[Resemblance, ...]] = {}
        if self._store is not None:
            async with self._store.read() as tx:
                rows = await lookalikes.by_names(tx, list(names))
                found = await resemblances.of(tx, list(rows))
        shapes = []
        for name in names:
            row = rows.get(name)
            shape = self._unseen(name) if row is None else row_json(row)
            resembling = found.get(name) or await self._resembling(name)
            shapes.append({**shape, "resembles": [resemblance_json(one) for one in resembling]})
        return shapes

    async def _has_row(self, name: Fqdn) -> bool:
        if self._store is None:
            return False
        async with self._store.read() as tx:
            return bool(await lookalikes.known_among(tx, [name]))

    async def _look(self, name: Fqdn, *, registration: bool, probe: bool) -> JSON:
        """A look that is not recorded."""
        facts_task = asyncio.create_task(self._facts(name)) if registration else None
        try:
            owner = self._owner()
            look = await self._looker.look(name, fresh=True, owner=owner, posture=True, probe=probe)
            facts = None if facts_task is None else await facts_task
        finally:
            if facts_task is not None:
                facts_task.cancel()
        if facts is not None:
            look = self._looker.reconsider(
                look,
                owner=owner,
                held=is_held(facts),
                nameservers=frozenset(facts.nameservers),
                organisation=facts.registrant_organisation,
            )
        if self._confirms and look.verdict.ability is Ability.ABLE:
            look = await self._looker.confirm(look, owner=owner)
        shape = await self.known(name)
        ranks = [one["rank"] for one in shape["resembles"] if one["rank"] is not None]
        seen = _looked(look, min(ranks, default=None))
        if look.verdict.ability is Ability.UNKNOWN and shape["mail"] is not None and shape["mail"]["settled_at"]:
            # What is settled stays so; the failed look only ages it.
            seen = {key: seen[key] for key in ("attempted_at", "last_outcome")}
        return self._compared(
            {
                **shape,
                **seen,
                "registration": None if facts is None else registration_json(facts),
                **({} if look.probed is None else {"probe": probed_json(look.probed)}),
            }
        )

    def _compared(self, shape: JSON) -> JSON:
        """The shape with what it has in common with the owner's names."""
        return {**shape, "own_likeness": list(likeness(shape, self._owner()))}

    async def _with_facts(self, shape: JSON, name: Fqdn, *, registration: bool) -> JSON:
        if not registration or shape["registration"] is not None:
            return shape
        facts = await self._facts(name)
        return self._compared({**shape, "registration": None if facts is None else registration_json(facts)})

    async def _facts(self, name: Fqdn) -> RegistrationFacts | None:
        """None for a suffix, or without a registry; facts of status unknown when it takes too long."""
        domain = self._suffixes.registered_domain(name)
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

    def _unseen(self, name: Fqdn) -> JSON:
        """The shape of a name without a row."""
        return {
            "name": name,
            "unicode": to_unicode(name),
            "registrable_domain": self._suffixes.registrable_domain(name),
            "public_suffix": self._suffixes.public_suffix(name),
            "severity": "info",
            "severity_reasons": [],
            "mail": None,
            "attempted_at": None,
            "last_outcome": None,
            "unconfirmed": False,
            "registration": None,
            "resembles": [],
            "first_seen_at": None,
            "triage": None,
            "triage_note": "",
            "triage_at": None,
            "triage_by": None,
        }


def _looked(look: Look, rank: int | None) -> JSON:
    """What a look says, in the members of a check that it decides."""
    rating = rate(look.verdict, rank=rank)
    at = look.observation.attempted_at
    settled = look.verdict.ability is not Ability.UNKNOWN
    return {
        "severity": rating.severity.value,
        "severity_reasons": list(rating.reasons),
        "mail": mail_json(look.verdict, at if settled else None),
        "attempted_at": time_json(at),
        "last_outcome": SETTLED if settled else obstacle(look.verdict),
    }


def row_json(row: Lookalike) -> JSON:
    """What a row says, as far as the check and lookalike shapes agree; `resembles` is the caller's."""
    state = row.state
    return {
        "name": row.name,
        "unicode": row.unicode,
        "registrable_domain": row.registrable_domain,
        "public_suffix": row.public_suffix,
        "severity": row.severity.value,
        "severity_reasons": list(row.severity_reasons),
        "mail": None if row.verdict is None else mail_json(row.verdict, row.settled_at),
        "attempted_at": time_json(state.attempted_at),
        "last_outcome": state.last_outcome,
        "unconfirmed": state.unconfirmed,
        "registration": None if row.registration is None else registration_json(row.registration),
        "resembles": [],
        "first_seen_at": time_json(row.first_seen_at),
        "triage": row.triage,
        "triage_note": row.triage_note,
        "triage_at": time_json(row.triage_at),
        "triage_by": row.triage_by,
    }


def lookalike_json(row: Lookalike, resembling: Sequence[Resemblance]) -> JSON:
    """The lookalike shape: the check shape without its history, with what it resembles on the surface."""
    return on_the_surface(row_json(row), resembling)


def on_the_surface(shape: JSON, resembling: Sequence[Resemblance]) -> JSON:
    """A check shape without history, with what it resembles on the surface."""
    techniques = dict.fromkeys(technique for one in resembling for technique in one.techniques)
    return {
        **shape,
        "resembles": [resemblance_json(one) for one in resembling],
        "techniques": list(techniques),
        "likelihood": max((one.likelihood for one in resembling), default=0.0),
        "protected": [one.protected for one in resembling],
    }
