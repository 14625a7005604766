"""The vigil: is the watcher itself well? "We could not look" becomes an event, so that silence is never blindness."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watcher.core.errors import DishonestResolver
from watcher.core.events import EventKind
from watcher.core.mail.dns import Question, RRType
from watcher.core.mail.verdict import Ability, Verdict
from watcher.core.ports import Clock, Resolver
from watcher.core.shapes.times import time_from_json, time_json
from watcher.core.shapes.watch import blindness_from_json, blindness_json
from watcher.core.states.blindness import Sight, step
from watcher.core.states.watch_draft import WatchDraft
from watcher.services.health.pulse import Pulse
from watcher.services.looks.drafting import watch_event
from watcher.services.sweeps.sweep import BlindPasses
from watcher.store import Store, Tx, event_log, facts, protected_names

BLIND = "vigil.blind"
REFUSED = "vigil.refused"
_SEEN = "vigil.seen"


@dataclass(frozen=True, slots=True)
class Canary:
    """A name of the operator's that must always be seen able; `look` judges it now."""

    name: str
    look: Callable[[], Awaitable[Verdict]]


class Vigil:
    """Told of the DNS by the pulse, it asks itself when nothing else does, and records what it finds.

    `check` does what `core.blindness` says; what was told survives a restart. A process that lives for one pass
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
        blind_passes: Callable[[], BlindPasses | None] = lambda: None,
    ) -> None:
        self._store = store
        self._resolver = resolver
        self._pulse = pulse
        self._clock = clock
        self._stale_after = stale_after
        self._canary = canary
        self._blind_passes = blind_passes
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
        if self._clock.now() - self._pulse.last_settled > self._stale_after / 2:
            await self._ask()
        said = "" if self._canary is None else await self._look_at_canary(self._canary)
        now, passes = self._clock.now(), self._blind_passes()
        sight = Sight(
            now,
            settled_at=self._pulse.last_settled,
            has_settled=self._pulse.beaten,
            errors=tuple(dict.fromkeys(self._pulse.errors)),
            canary=None if self._canary is None else self._canary.name,
            canary_at=self._canary_seen or self._canary_before or self._pulse.started,
            canary_said=said,
            passes_at=now if passes is None else passes.since,
            passes_said="" if passes is None else passes.reason,
        )
        async with self._store.write() as tx:
            if not await protected_names.count(tx):
                return
            before = blindness_from_json(await facts.find(tx, BLIND))
            after, drafts = step(before, sight, self._stale_after)
            if after != before:
                await facts.save(tx, BLIND, blindness_json(after), now=now)
            await self._tell(tx, drafts, now)

    async def refused(self, found: Sequence[DishonestResolver]) -> None:
        """Record each resolver that newly fails the honesty check; forget those that pass it again."""
        now = self._clock.now()
        async with self._store.write() as tx:
            known = set(await facts.find(tx, REFUSED) or ())
            new = [error for error in found if error.resolver not in known]
            await facts.save(tx, REFUSED, sorted(error.resolver for error in found), now=now)
            refused = EventKind.RESOLVER_REFUSED
            said = [{"resolver": error.resolver, "why": error.why} for error in new]
            await self._tell(tx, [WatchDraft(refused, None, after) for after in said], now)

    async def _ask(self) -> None:
        """Nothing was due, or nothing came back: one cheap question tells the two apart."""
        await self._resolver.ask((Question(".", RRType.NS),))

    async def _look_at_canary(self, canary: Canary) -> str:
        """Return the verdict on the canary in words where it is not able; empty where it is."""
        verdict = await canary.look()
        if verdict.ability is Ability.ABLE:
            self._canary_seen = self._clock.now()
            return ""
        return f"{canary.name} is {verdict.ability.value}: {verdict.basis.value}"

    async def _tell(self, tx: Tx, drafts: Sequence[WatchDraft], now: datetime) -> None:
        told = [replace(watch_event(draft, now), id=self._store.ids()) for draft in drafts]
        await event_log.add(tx, told, now=now)
