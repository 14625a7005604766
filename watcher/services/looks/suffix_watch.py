"""The watch over confusable suffixes: whether they answer for any name, and whose nameservers they stand on.

Watched are the suffixes among the candidates of protected suffixes (`.ml` for `.mil`), and every suffix that was seen
to answer for names nobody registered. Their apex records are rows like any other candidate's. A change is told when
looks some minutes apart agree: two for a beginning, by another resolver where there is one, three for an end.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from watcher.core.events import Event, EventKind
from watcher.core.mail import nameservers as core_nameservers
from watcher.core.mail.dns import Answer, Question, RRType
from watcher.core.mail.look import Look
from watcher.core.mail.nameservers import Seen
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Basis, Verdict
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock, Resolver
from watcher.core.shapes.mail import mail_brief_json
from watcher.core.states.mail_state import sighted
from watcher.core.states.subject import Subject
from watcher.core.states.suffix import SuffixDraft, is_wildcard, step
from watcher.services.looks import suffix_sightings
from watcher.services.looks.drafting import plain_event
from watcher.services.looks.examine import Looker, LookOptions
from watcher.services.looks.own_looks import AGAIN
from watcher.store import Store, Tx, event_log, lookalikes, nameservers, protected_names, resemblances

EVERY = timedelta(hours=1)
_MOST_AT_ONCE = 2
"""More unrelated suffixes than this do not begin to answer for any name at once: a resolver lies."""


class SuffixWatch:
    """Looks at each watched suffix every `every`, by a random label that nobody can have registered or foreseen.

    `honest` checks all resolvers now: whether none of them lies. Where one does, what it said is not kept.
    """

    def __init__(
        self,
        *,
        store: Store,
        looker: Looker,
        resolver: Resolver,
        clock: Clock,
        random_label: Callable[[], str],
        honest: Callable[[], Awaitable[bool]],
        every: timedelta = EVERY,
        again: timedelta = AGAIN,
    ) -> None:
        self._store = store
        self._looker = looker
        self._resolver = resolver
        self._clock = clock
        self._random_label = random_label
        self._honest = honest
        self._every = every
        self._again = min(again, every)

    async def due(self, limit: int = 20) -> int:
        """Look at the suffixes that are due; how many that were."""
        async with self._store.read() as tx:
            kept, new = await suffix_sightings.watched(tx)
            watched = sorted({*await lookalikes.list_suffixes(tx), *kept})
            keys = [_key(name) for name in watched]
            now = self._clock.now()
            due = set(await nameservers.list_due(tx, keys, now=now, limit=len(keys), most=2 * self._every))
        names = [*new, *(name for name in watched if _key(name) in due and name not in new)][:limit]
        async with asyncio.TaskGroup() as tasks:
            looks = [tasks.create_task(self._see(name)) for name in names]
        seen = [look.result() for look in looks]
        began = [item for item in seen if item.begins]
        if len({item.suffix.rpartition(".")[2] for item in began}) > _MOST_AT_ONCE and not await self._honest():
            await self._forget([item.suffix for item in began])
            seen = [item for item in seen if not item.begins]
        for item in seen:
            await self._record(item)
        return len(names)

    async def _see(self, suffix: str) -> "_Seen":
        async with self._store.read() as tx:
            state = await suffix_sightings.find(tx, suffix)
        look = await self._looker.look(
            Fqdn(f"{self._random_label()}.{suffix}"), LookOptions(fresh=True, avoid=state.resolvers)
        )
        (listing,) = await self._resolver.ask([Question(suffix, RRType.NS)])
        return _Seen(suffix, look, listing, begins=is_wildcard(look.verdict) and state.stands is None)

    async def _forget(self, suffixes: list[str]) -> None:
        """A resolver lied: what it made of suffixes is not kept."""
        async with self._store.write() as tx:
            for suffix in suffixes:
                await suffix_sightings.forget_waiting(tx, suffix, now=self._clock.now())

    async def _record(self, seen: "_Seen") -> None:
        suffix, verdict, now = seen.suffix, seen.look.verdict, self._clock.now()
        async with self._store.write() as tx:
            subject = await self._subject(tx, suffix)
            told = []
            state = (await nameservers.find(tx, _key(suffix))).state
            first = state.names is None
            hosts = core_nameservers.listed(seen.listing)
            if hosts:  # a suffix without any is one we could not see
                stood = state
                state, changed, _ = core_nameservers.step(state, Seen(hosts, {}, (seen.listing,)))
                if changed:
                    told.append(self._nameservers(subject, (*stood.shown, seen.listing), stood.names or (), hosts))
            open_question = hosts is None or state.other is not None
            if verdict.ability is Ability.UNKNOWN:
                open_question = True
            else:
                news, pending = await self._wildcard(tx, subject, seen.look, first=first)
                told += news
                open_question = open_question or pending
            wait = self._again if open_question else self._every
            await nameservers.save(tx, _key(suffix), state, now=now, wait=wait)
            named = [replace(event, id=self._store.ids()) for event in told]
            await event_log.add(tx, named, now=now)

    async def _subject(self, tx: Tx, suffix: str) -> Subject:
        """The suffix; explained only where it resembles a protected suffix itself, not by names met under it."""
        known = (await resemblances.find_all(tx, [suffix]))[suffix]
        names = (await suffix_sightings.find(tx, suffix)).protected
        still = await protected_names.find_known(tx, names)
        return Subject(suffix, None, known, protected=tuple(name for name in names if name in still))

    def _nameservers(
        self, subject: Subject, evidence: tuple[Answer, ...], before: tuple[str, ...], after: tuple[str, ...]
    ) -> Event:
        return plain_event(
            EventKind.NAMESERVERS_CHANGED,
            subject,
            Verdict(Ability.UNKNOWN, Basis.LOOKUP_FAILED, evidence=evidence),
            at=self._clock.now(),
            before={"nameservers": list(before)},
            after={"nameservers": list(after)},
            severity=Severity.MEDIUM,
        )

    async def _wildcard(self, tx: Tx, subject: Subject, look: Look, *, first: bool) -> tuple[list[Event], bool]:
        """The event where a wildcard began, changed or ended; whether a difference waits to be seen again."""
        now, name, verdict = self._clock.now(), subject.name, look.verdict
        heard = sighted(look.observation.name, verdict, look.observation.attempted_at).resolvers
        before = await suffix_sightings.find(tx, name)
        state, drafts = step(before, verdict, heard, first=first)
        if drafts and state.stands is not None:
            state = replace(state, protected=subject.protected)
        await suffix_sightings.save(tx, name, state, now=now)
        return [self._event(subject, draft, verdict) for draft in drafts], state.waiting is not None

    def _event(self, subject: Subject, draft: SuffixDraft, verdict: Verdict) -> Event:
        after = {} if draft.after is None else mail_brief_json(draft.after)
        if draft.kind is EventKind.MAIL_FOUND_ABLE:
            after["baseline"] = True
        return plain_event(
            draft.kind,
            subject,
            replace(verdict, evidence=draft.evidence),
            at=self._clock.now(),
            before={} if draft.before is None else mail_brief_json(draft.before),
            after=after,
            severity=Severity.MEDIUM,
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """Take one look at a suffix. `begins`: it answers for any name, and did not as far as is known."""

    suffix: str
    look: Look
    listing: Answer
    begins: bool


def _key(suffix: str) -> str:
    return f".{suffix}"
