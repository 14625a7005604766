"""The watch over confusable suffixes: whether they answer for any name, and whose nameservers they stand on.

Watched are the suffixes among the candidates of protected suffixes (`.ml` for `.mil`), and every suffix that was seen
to answer for names nobody registered. Their apex records are rows like any other candidate's. A change is told when
looks some minutes apart agree: two for a beginning, three for an end.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from watcher.core import nameservers as core_nameservers
from watcher.core.alerts import group_key
from watcher.core.dns import Answer, Question, RRType
from watcher.core.events import Event, EventKind
from watcher.core.names import Fqdn
from watcher.core.nameservers import SIGHTINGS, Seen
from watcher.core.ports import Clock, Resolver
from watcher.core.risk import Severity
from watcher.core.shapes import JSON, mail_brief_json
from watcher.core.verdict import Ability, Basis, Owner, Verdict
from watcher.services.drafting import Subject, plain_event
from watcher.services.examine import Look
from watcher.services.own_looks import AGAIN
from watcher.store import Store, Tx, events, facts, lookalikes, nameservers, resemblances

EVERY = timedelta(hours=1)
_WILDCARD, _SEEN = "suffix_wildcard:", "suffix_seen:"
_LOSSES = 3


class Looker(Protocol):
    """What is needed of `examine.Examiner`."""

    async def look(self, name: Fqdn, *, fresh: bool = False, owner: Owner | None = None) -> Look:
        """The observation and the verdict."""
        ...


class SuffixWatch:
    """Looks at each watched suffix every `every`, by a random label that nobody can have registered or foreseen."""

    def __init__(
        self,
        *,
        store: Store,
        looker: Looker,
        resolver: Resolver,
        clock: Clock,
        random_label: Callable[[], str],
        every: timedelta = EVERY,
        again: timedelta = AGAIN,
    ) -> None:
        self._store = store
        self._looker = looker
        self._resolver = resolver
        self._clock = clock
        self._random_label = random_label
        self._every = every
        self._again = min(again, every)

    async def due(self, limit: int = 20) -> int:
        """Look at the suffixes that are due; how many that were."""
        async with self._store.read() as tx:
            watched = await self._watched(tx)
            due = await nameservers.due(
                tx, [_key(name) for name in watched], now=self._clock.now(), limit=limit, most=2 * self._every
            )
        names = [name for name in watched if _key(name) in set(due)]
        async with asyncio.TaskGroup() as looks:
            for name in names:
                looks.create_task(self._look(name))
        return len(names)

    async def _watched(self, tx: Tx) -> list[str]:
        wild = [key.removeprefix(_WILDCARD) for key in await facts.starting(tx, _WILDCARD)]
        return sorted({*await lookalikes.suffixes(tx), *wild})

    async def _look(self, suffix: str) -> None:
        look = await self._looker.look(Fqdn(f"{self._random_label()}.{suffix}"), fresh=True)
        (listing,) = await self._resolver.ask([Question(suffix, RRType.NS)])
        now = self._clock.now()
        async with self._store.write() as tx:
            known = (await resemblances.of(tx, [suffix]))[suffix]
            subject = Subject(suffix, None, known)
            told = []
            state = (await nameservers.of(tx, _key(suffix))).state
            first = state.names is None
            hosts = core_nameservers.listed(listing)
            if hosts:  # a suffix without any is one we could not see
                before = state.names
                state, changed, _ = core_nameservers.step(state, Seen(hosts, {}))
                if changed:
                    told.append(self._nameservers(subject, listing, before or (), hosts))
            open_question = hosts is None or state.other is not None
            if look.verdict.ability is Ability.UNKNOWN:
                open_question = True
            else:
                news, pending = await self._wildcard(tx, subject, look.verdict, first=first)
                told += news
                open_question = open_question or pending
            wait = self._again if open_question else self._every
            await nameservers.save(tx, _key(suffix), state, now=now, wait=wait)
            await events.add(tx, told, group=group_key, now=now)

    def _nameservers(self, subject: Subject, listing: Answer, before: tuple[str, ...], after: tuple[str, ...]) -> Event:
        return plain_event(
            self._store.ids(),
            EventKind.NAMESERVERS_CHANGED,
            subject,
            Verdict(Ability.UNKNOWN, Basis.LOOKUP_FAILED, evidence=(listing,)),
            at=self._clock.now(),
            before={"nameservers": list(before)},
            after={"nameservers": list(after)},
            severity=Severity.MEDIUM,
        )

    async def _wildcard(self, tx: Tx, subject: Subject, verdict: Verdict, *, first: bool) -> tuple[list[Event], bool]:
        """The event where a wildcard began, changed or ended; whether a difference waits to be seen again."""
        now, key = self._clock.now(), _WILDCARD + subject.name
        stands: JSON = await facts.get(tx, key) or {}
        seen = _told(verdict) if verdict.basis is Basis.REGISTRY_WILDCARD else {}
        waiting: JSON = await facts.get(tx, _SEEN + subject.name) or {"points": None, "times": 0, "baseline": first}
        points = sorted(_points(seen))
        if points == sorted(_points(stands)):
            await facts.remove(tx, _SEEN + subject.name)
            return [], False
        times = waiting["times"] + 1 if waiting["points"] == points else 1
        if times < (SIGHTINGS if seen else _LOSSES):
            await facts.put(tx, _SEEN + subject.name, {**waiting, "points": points, "times": times}, now=now)
            return [], True
        await facts.remove(tx, _SEEN + subject.name)
        if seen:
            await facts.put(tx, key, seen, now=now)
        else:
            await facts.remove(tx, key)
        baseline = waiting["baseline"] and not stands
        event = plain_event(
            self._store.ids(),
            EventKind.MAIL_FOUND_ABLE if baseline else EventKind.SUFFIX_WILDCARD_CHANGED,
            subject,
            verdict,
            at=now,
            before=stands,
            after={**seen, "baseline": True} if baseline else seen,
            severity=Severity.MEDIUM,
        )
        return [event], False


def _key(suffix: str) -> str:
    return f".{suffix}"


def _told(verdict: Verdict) -> JSON:
    """The brief of a wildcard: what it points at, without the random name that was asked for."""
    brief = mail_brief_json(verdict)
    brief["exchanges"] = [{**one, "host": "*"} if one["preference"] == 0 else one for one in brief["exchanges"]]
    return brief


def _points(brief: Mapping[str, Any]) -> set[str]:
    """What a wildcard leads to: its exchanges, or the addresses where it names none."""
    found: set[str] = set()
    for one in brief.get("exchanges", ()):
        implicit = one["preference"] == 0
        found.update(one["addresses"] if implicit else [one["host"]])
    return found
