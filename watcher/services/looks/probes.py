"""Candidates that the DNS does not know but a registry may: registered and held back, one change away (M06)."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta

from watcher.core.names.names import Fqdn
from watcher.core.names.suffixes import Suffixes
from watcher.core.ports import Clock, Registry
from watcher.core.registration.facts import RegistrationFacts, RegistrationStatus, Worth, own_facts
from watcher.core.slips.candidates import Candidate
from watcher.core.states.mail_state import Origin
from watcher.services.names.own import Ours
from watcher.store import Store, lookalikes, probes, shards
from watcher.store.protected_names import ProtectedRow

EVERY = timedelta(days=1)
_NEARLY = 0.9
"""An answer came later than its question was due: asked this share of a day ago is yesterday."""

Enumerate = Callable[[ProtectedRow, int, int], Iterator[Candidate]]
"""The candidates of a protected name with first <= rank <= last, best first; runs in a thread."""

LookAt = Callable[[Candidate, Origin, RegistrationFacts], Awaitable[object]]
"""The first look at a candidate, recorded with what its registry said."""


class Probes:
    """Asks about the first `most` candidates of each protected name that have no row, once a day each.

    What a registry calls registered is looked at; what that shows to be held becomes a row. `version` is the sweep's:
    a name is probed once a pass over its best candidates has ended, since before that nobody knows what is absent.
    """

    def __init__(
        self,
        *,
        store: Store,
        registry: Registry | None,
        ours: Ours,
        suffixes: Suffixes,
        enumerate_: Enumerate,
        look_at: LookAt,
        version: str,
        most: int,
        clock: Clock,
        names_at_once: int = 8,
    ) -> None:
        self._store = store
        self._registry = registry
        self._ours = ours
        self._suffixes = suffixes
        self._enumerate = enumerate_
        self._look_at = look_at
        self._version = version
        self._most = most
        self._clock = clock
        self._places = asyncio.Semaphore(names_at_once)
        self._due_at: dict[str, datetime] = {}

    async def due(self) -> int:
        """Ask about all that is due; how many registered domains that were."""
        if self._registry is None or not self._most:
            return 0
        now = self._clock.now()
        names = {row.name: row for row in self._ours.protected}
        self._due_at = {name: at for name, at in self._due_at.items() if name in names}
        due = [row for name, row in names.items() if self._due_at.get(name, now) <= now]
        if not due:
            return 0
        taken: set[Fqdn] = set()  # names protected together share most of their domains
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._probe(row, taken)) for row in due]
        async with self._store.write() as tx:
            await probes.remove_old(tx, before=now - 2 * EVERY)
        return sum(task.result() for task in running)

    async def _probe(self, row: ProtectedRow, taken: set[Fqdn]) -> int:
        async with self._places:
            async with self._store.read() as tx:
                first = next(
                    (shard for shard in await shards.list_all(tx, protected=row.name) if shard.tier == 0), None
                )
            absent_since = None if first is None else first.absent_since(self._version)
            if absent_since is None:
                return 0
            self._due_at[row.name] = self._clock.now() + EVERY
            candidates = await asyncio.to_thread(lambda: list(self._enumerate(row, 1, self._most)))
            groups = await self._open(candidates)
            groups = {domain: group for domain, group in groups.items() if domain not in taken}
            taken.update(groups)
            async with asyncio.TaskGroup() as tasks:
                for domain, group in groups.items():
                    tasks.create_task(self._ask(domain, group, Origin(absent_since)))
            return len(groups)

    async def _open(self, candidates: Sequence[Candidate]) -> dict[Fqdn, list[Candidate]]:
        """The candidates without a row by registered domain, where nobody asked about that today."""
        groups: dict[Fqdn, list[Candidate]] = defaultdict(list)
        now = self._clock.now()
        async with self._store.read() as tx:
            known = await lookalikes.find_known(tx, [candidate.name for candidate in candidates])
            for candidate in candidates:
                domain = self._suffixes.registrable_domain(candidate.name)
                if candidate.name not in known and domain is not None:
                    groups[domain].append(candidate)
            asked = await probes.find_asked(tx, list(groups), since=now - EVERY * _NEARLY, now=now)
            asked |= await lookalikes.find_known(tx, list(groups))
        return {domain: group for domain, group in groups.items() if domain not in asked}

    async def _ask(self, domain: Fqdn, group: Sequence[Candidate], origin: Origin) -> None:
        if self._registry is None:
            return
        facts = await self._registry.facts(domain, worth=Worth.PROBE)
        async with self._store.write() as tx:
            await probes.save(tx, [domain], at=self._clock.now())
        if facts.status is RegistrationStatus.REGISTERED and own_facts(facts, domain) is not None:
            speaker = next((candidate for candidate in group if candidate.name == domain), group[0])
            await self._look_at(speaker, origin, facts)
