"""Registrations that are due: the registries asked, the worthiest names first, and what they say recorded."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from watcher.core.mail.verdict import Ability, Basis
from watcher.core.names.names import Fqdn
from watcher.core.names.suffixes import Suffixes
from watcher.core.ports import Clock, Registry
from watcher.core.registration.facts import RegistrationFacts, Worth, is_held, is_registered, own_facts
from watcher.core.states.lookalike import LOOKALIKE, Lookalike
from watcher.services.looks.watch import Watch
from watcher.store import Store, lookalikes, raw_replies

LEASE = timedelta(minutes=5)
"""The time for which a row belongs to its taker; a crash delays its question by that much at most."""
REPLIES_KEPT = timedelta(days=30)
"""The time for which registries' replies about able names are kept as they came."""
NEWNESS = timedelta(days=3)
"""A name first seen less long ago is asked about before those that have been known for longer."""
EACH = 20
"""Rows of one suffix that are taken up at once: few, so that a worthier one that comes meanwhile waits for few."""

_LOOK_FOR_MORE = 1.0

LookAgain = Callable[[Fqdn], Awaitable[None]]
"""A look right now at a name that has a row, recorded with all that follows."""


class Registrations:
    """Asks about what is due and hands the facts to the watch. Without a registry there is nothing to ask."""

    def __init__(
        self,
        *,
        store: Store,
        registry: Registry | None,
        watch: Watch,
        suffixes: Suffixes,
        clock: Clock,
        look_again: LookAgain,
    ) -> None:
        self._store = store
        self._registry = registry
        self._watch = watch
        self._suffixes = suffixes
        self._clock = clock
        self._look_again = look_again

    async def due(self) -> int:
        """Ask about all that is due, also what becomes due meanwhile; how many rows that were.

        Suffixes wait for nobody but themselves: one whose registry is slow has its rows in its own turn.
        """
        asked = 0
        running: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                for suffix, rows in (await self._claimed(running)).items():
                    running[suffix] = tasks.create_task(self._ask_about(rows))
                    asked += len(rows)
                if not running:
                    return asked
                await asyncio.wait(running.values(), timeout=_LOOK_FOR_MORE, return_when=asyncio.FIRST_COMPLETED)
                running = {suffix: task for suffix, task in running.items() if not task.done()}

    async def forget(self) -> int:
        """Drop the replies that were kept long enough; how many that were."""
        async with self._store.write() as tx:
            return await raw_replies.remove_old(tx, before=self._clock.now() - REPLIES_KEPT)

    async def _claimed(self, busy: Mapping[str, object]) -> Mapping[str, Sequence[Lookalike]]:
        """The rows to ask about now, by suffix."""
        if self._registry is None:
            return {}
        async with self._store.write() as tx:
            rows = await lookalikes.claim_registrations(
                tx, now=self._clock.now(), each=EACH, lease=LEASE, newness=NEWNESS, busy=tuple(busy)
            )
        by_suffix: dict[str, list[Lookalike]] = defaultdict(list)
        for row in rows:
            by_suffix[row.public_suffix].append(row)
        return by_suffix

    async def _ask_about(self, rows: Sequence[Lookalike]) -> None:
        """Return one question for each registered domain of the rows."""
        by_domain: dict[Fqdn, list[Lookalike]] = defaultdict(list)
        nobodys: list[str] = []
        for row in rows:
            domain = self._suffixes.registrable_domain(row.name)
            if domain is None:
                nobodys.append(row.name)
            else:
                by_domain[domain].append(row)
        if nobodys:  # suffixes: no registry answers for them
            async with self._store.write() as tx:
                await lookalikes.stop_asking(tx, nobodys)
        async with asyncio.TaskGroup() as tasks:
            for domain, those in by_domain.items():
                tasks.create_task(self._ask(domain, those))

    async def _ask(self, domain: Fqdn, rows: Sequence[Lookalike]) -> None:
        if self._registry is None:
            return
        now = self._clock.now()
        facts = await self._registry.facts(
            domain,
            worth=max(worth_of(row, now) for row in rows),
            since=max((row.registration_next_at for row in rows if row.registration_next_at), default=None),
        )
        for row in _speakers(rows):
            await self._record(row, facts)

    async def record(self, name: Fqdn, facts: RegistrationFacts) -> None:
        """Record facts that were asked for elsewhere; nothing for a name without a row."""
        async with self._store.read() as tx:
            row = await lookalikes.find(tx, name)
        if row is not None:
            await self._record(row, facts)

    async def _record(self, row: Lookalike, facts: RegistrationFacts) -> None:
        before = _arming(row, row.registration)
        recorded = await self._watch.record_registration(Fqdn(row.name), facts)
        if recorded.row is not None and _arming(row, facts) != before:
            await self._look_again(Fqdn(row.name))  # a hold arms a name (M06): judged with it at once


def _arming(row: Lookalike, facts: RegistrationFacts | None) -> tuple[bool, bool]:
    """Return whether a hold arms the name, and whether its registration does: that of a name not in the DNS."""
    known = own_facts(facts, row.registrable_domain)
    absent = row.verdict is not None and row.verdict.basis is Basis.NO_SUCH_NAME
    return known is not None and is_held(known), absent and is_registered(known)


def worth_of(row: Lookalike, now: datetime) -> Worth:
    """Return the worth of a question about the row's registration."""
    if row.relation != LOOKALIKE or (row.verdict is not None and row.verdict.ability is Ability.ABLE):
        return Worth.ABLE
    new = row.first_seen_at is not None and now - row.first_seen_at < NEWNESS
    return Worth.NEW if new or row.registration is None else Worth.KNOWN


def _speakers(rows: Sequence[Lookalike]) -> list[Lookalike]:
    """Return one row of each registrable domain: what is recorded for it is recorded for all of them."""
    return list({row.registrable_domain or row.name: row for row in rows}.values())
