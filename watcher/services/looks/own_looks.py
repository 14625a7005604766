"""Looks at what is ours: the own and the protected names themselves, and the nameservers they stand on.

Each has a row of its own relation, looked at hourly like any other row once it is there. Exchanges are judged with the
row; the nameservers of its domain are looked at here.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

from watcher.core.events import EventKind
from watcher.core.mail import nameservers as core_nameservers
from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.mail.nameservers import Seen
from watcher.core.mail.reading import denies_subtree
from watcher.core.mail.verdict import Ability, Basis, Verdict
from watcher.core.names.names import Fqdn
from watcher.core.names.protected import Kind
from watcher.core.names.suffixes import Suffixes
from watcher.core.ports import Clock, Resolver
from watcher.core.states.lookalike import OWN, PROTECTED, Relation
from watcher.core.states.subject import Subject
from watcher.services.looks.drafting import plain_event
from watcher.services.looks.examine import Looker, LookOptions
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.store import Store, Tx, event_log, lookalikes, nameservers
from watcher.store.lookalikes import Wanted

EVERY = timedelta(hours=1)
AGAIN = timedelta(minutes=5)
"""Between looks that must say the same before anything is told."""


class OwnLooks:
    """Keeps the rows of own and protected names, and watches their nameservers."""

    def __init__(
        self,
        *,
        store: Store,
        ours: Ours,
        looker: Looker,
        resolver: Resolver,
        watch: Watch,
        suffixes: Suffixes,
        clock: Clock,
        every: timedelta = EVERY,
        again: timedelta = AGAIN,
    ) -> None:
        self._store = store
        self._ours = ours
        self._looker = looker
        self._resolver = resolver
        self._watch = watch
        self._suffixes = suffixes
        self._clock = clock
        self._every = every
        self._again = min(again, every)

    async def due(self, limit: int = 20) -> int:
        """First looks at names without a row, and looks at nameservers that are due; how many looks that were."""
        wanted: dict[str, Relation] = {name: OWN for name in self._ours.own if not self._suffixes.is_suffix(name)}
        wanted |= {row.name: PROTECTED for row in self._ours.protected if row.kind != Kind.SUFFIX}
        domains = sorted({self._suffixes.registered_domain(name) or name for name in wanted})
        new, due = await self._due(wanted, domains, limit)
        async with asyncio.TaskGroup() as looks:
            for name in new:
                looks.create_task(self._first(Fqdn(name), wanted[name]))
            for domain in due:
                relation = PROTECTED if any(wanted.get(name) == PROTECTED for name in self._under(domain)) else OWN
                looks.create_task(self._nameservers(domain, relation))
        return len(new) + len(due)

    def _under(self, domain: str) -> list[str]:
        ours = (*(row.name for row in self._ours.protected), *self._ours.own)
        return [name for name in ours if self._suffixes.registered_domain(name) == domain]

    async def _due(self, wanted: dict[str, Relation], domains: list[str], limit: int) -> tuple[list[str], list[str]]:
        async with self._store.read() as tx:
            known = await lookalikes.find_known(tx, list(wanted))
            kept = [
                row.name for kind in (OWN, PROTECTED) for row in await lookalikes.list_all(tx, Wanted(relation=kind))
            ]
            now = self._clock.now()
            due = await nameservers.list_due(tx, domains, now=now, limit=limit, most=2 * self._every)
        gone = [name for name in kept if name not in wanted]
        if gone:
            async with self._store.write() as tx:
                await lookalikes.remove(tx, gone)
        return [name for name in wanted if name not in known][:limit], due

    async def _first(self, name: Fqdn, relation: Relation) -> None:
        look = await self._looker.look(name, LookOptions(fresh=True, owner=self._ours.owner))
        await self._watch.record(look, relation=relation)

    async def _nameservers(self, domain: str, relation: Relation) -> None:
        """Look at the nameservers of a domain of ours: trouble, or others, are told after two that say the same."""
        seen = await self._see(domain)
        now = self._clock.now()
        async with self._store.write() as tx:
            before = (await nameservers.find(tx, domain)).state
            if seen is None:
                await nameservers.save(tx, domain, before, now=now, wait=self._again)
                return
            state, changed, worse = core_nameservers.step(before, seen)
            wait = self._again if state.trouble is not None or state.other is not None else self._every
            await nameservers.save(tx, domain, state, now=now, wait=wait)
            if not worse and (not changed or await self._registry_tells(tx, domain)):
                return
            theirs = self._under(domain)
            subject = Subject(domain if domain in theirs else theirs[0], domain, ours=relation)
            both = Verdict(Ability.UNKNOWN, Basis.LOOKUP_FAILED, evidence=(*before.shown, *seen.evidence))
            event = plain_event(
                EventKind.OWN_MAIL_AT_RISK if worse else EventKind.NAMESERVERS_CHANGED,
                subject,
                both,
                at=now,
                before={"nameservers": list(before.names or ())},
                after={"nameservers": list(seen.names), "troubled": dict(seen.trouble)},
            )
            await event_log.add(tx, [replace(event, id=self._store.ids())], now=now)

    async def _registry_tells(self, tx: Tx, domain: str) -> bool:
        """Return whether its registry lists nameservers: then a change of them is told by what the registry says."""
        rows = await lookalikes.list_of_domain(tx, domain)
        return any(row.registration is not None and row.registration.nameservers for row in rows)

    async def _see(self, domain: str) -> Seen | None:
        """None where an answer that decides is missing."""
        (listing,) = await self._resolver.ask([Question(domain, RRType.NS)])
        hosts = core_nameservers.listed(listing)
        if hosts is None:
            return None
        addresses = await self._resolver.ask(core_nameservers.questions(hosts)) if hosts else ()
        trouble = core_nameservers.trouble_of(hosts, addresses)
        if trouble is None:
            return None
        if not hosts:
            trouble = {domain: "no nameserver is listed for it"}
        parents = {host: self._suffixes.registered_domain(host) for host in trouble}
        asked = [
            Question(parent, RRType.MX) for parent in dict.fromkeys(parents.values()) if parent not in {None, domain}
        ]
        answers = await self._resolver.ask(asked) if asked else ()
        free = {answer.question.name for answer in answers if denies_subtree(answer, answer.question.name)}
        for host in trouble:
            if parents[host] in free:
                trouble[host] = f"it stands under {parents[host]}, which nobody has registered: anyone can take it over"
        gone = listing.outcome is Outcome.NXDOMAIN
        return Seen(hosts, {domain: "it does not exist"} if gone else trouble, (listing, *addresses, *answers))
