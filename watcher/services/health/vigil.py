"""The vigil: is the watcher itself well? "We could not look" becomes an event, so that silence is never blindness."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from watcher.core.errors import DishonestResolver
from watcher.core.events import Event, EventKind
from watcher.core.mail.dns import Question, RRType
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Verdict
from watcher.core.ports import Clock, Resolver
from watcher.core.shapes import time_from_json, time_json
from watcher.services.health.pulse import Pulse
from watcher.store import Store, event_log, facts, protected_names

_STALE = "vigil.stale"
_REFUSED = "vigil.refused"
_SEEN = "vigil.seen"


@dataclass(frozen=True, slots=True)
class Canary:
    """A name of the operator's that must always be seen able; `look` judges it now."""

    name: str
    look: Callable[[], Awaitable[Verdict]]


class Vigil:
    """Told of the DNS by the pulse, it asks itself when nothing else does, and records what it finds.

    `check` raises `watch_stale` once when no answer has settled for `stale_after` (or the canary was not seen able for
    as long) and `watch_recovered` once when that is over; both survive a restart. A process that lives for one pass
    only calls `once` at its end.
    """

    def __init__(
        self,
        *,
        store: Store,
        resolver: Resolver,
        pulse: Pulse,
        clock: Clock,
        stale_after: timedelta,
        canary: Canary | None = None,
    ) -> None:
        self._store = store
        self._resolver = resolver
        self._pulse = pulse
        self._clock = clock
        self._stale_after = stale_after
        self._canary = canary
        self._canary_seen: datetime | None = None
        self._canary_before: datetime | None = None  # by an earlier process

    async def once(self) -> None:
        """The same with the memory of earlier processes: how long nothing was seen counts from what they saw last."""
        if not self._pulse.beaten:
            await self._ask()
        async with self._store.read() as tx:
            kept = await facts.find(tx, _SEEN) or {}
        before = {key: time_from_json(at) for key, at in kept.items()}
        if not self._pulse.beaten:
            self._pulse.last_settled = before.get("answer") or self._pulse.started
        self._canary_before = before.get("canary")
        await self.check()
        canary = self._canary_seen or self._canary_before or self._pulse.started
        seen = {"answer": time_json(self._pulse.last_settled), "canary": time_json(canary)}
        async with self._store.write() as tx:
            await facts.save(tx, _SEEN, seen, now=self._clock.now())

    async def check(self) -> None:
        """One look at the watch itself."""
        now = self._clock.now()
        if now - self._pulse.last_settled > self._stale_after / 2:
            await self._ask()
        seen = self._pulse.last_settled
        trouble = list(dict.fromkeys(self._pulse.errors)) if self._pulse.errors else []
        if self._canary is not None:
            seen, trouble = await self._with_canary(self._canary, seen, trouble)
        now = self._clock.now()
        async with self._store.read() as tx:
            if not await protected_names.count(tx):
                return
            stale_since = time_from_json(await facts.find(tx, _STALE))
        if stale_since is None and now - seen > self._stale_after:
            await self._record(EventKind.WATCH_STALE, now, {"since": time_json(seen), "errors": trouble}, stale=seen)
        elif stale_since is not None and self._sees() and now - seen <= self._stale_after / 2:
            blind = (now - stale_since).total_seconds()
            await self._record(EventKind.WATCH_RECOVERED, now, {"since": time_json(now), "blind_seconds": blind})

    async def refused(self, found: Sequence[DishonestResolver]) -> None:
        """Record each resolver that newly fails the honesty check; forget those that pass it again."""
        now = self._clock.now()
        async with self._store.write() as tx:
            known = set(await facts.find(tx, _REFUSED) or ())
            new = [error for error in found if error.resolver not in known]
            await facts.save(tx, _REFUSED, sorted(error.resolver for error in found), now=now)
            recorded = [
                self._event(EventKind.RESOLVER_REFUSED, now, {"resolver": error.resolver, "why": error.why})
                for error in new
            ]
            await event_log.add(tx, recorded, now=now)

    async def _ask(self) -> None:
        """Nothing was due, or nothing came back: one cheap question tells the two apart."""
        await self._resolver.ask((Question(".", RRType.NS),))

    async def _with_canary(self, canary: Canary, seen: datetime, trouble: list[str]) -> tuple[datetime, list[str]]:
        verdict = await canary.look()
        if verdict.ability is Ability.ABLE:
            self._canary_seen = self._clock.now()
        else:
            trouble = [f"the canary {canary.name} is {verdict.ability.value} ({verdict.basis.value})", *trouble]
        return min(seen, self._canary_seen or self._canary_before or self._pulse.started), trouble

    def _sees(self) -> bool:
        """Whether anything was seen since the start; before that nothing is known to be well again."""
        return self._pulse.beaten and (self._canary is None or self._canary_seen is not None)

    async def _record(
        self, kind: EventKind, now: datetime, after: dict[str, Any], stale: datetime | None = None
    ) -> None:
        async with self._store.write() as tx:
            if stale is None:
                await facts.remove(tx, _STALE)
            else:
                await facts.save(tx, _STALE, time_json(stale), now=now)
            await event_log.add(tx, [self._event(kind, now, after)], now=now)

    def _event(self, kind: EventKind, now: datetime, after: dict[str, Any]) -> Event:
        return watch_event(self._store.ids(), kind, now, after)


def watch_event(event_id: str, kind: EventKind, now: datetime, after: dict[str, Any]) -> Event:
    """An event of the watch itself."""
    return Event(
        id=event_id,
        kind=kind,
        severity=Severity.MEDIUM,
        severity_reasons=("the watch itself is affected",),
        name="",
        registrable_domain=None,
        protected=(),
        at=now,
        source="watch",
        after=after,
    )
