"""The state machine of blindness: whether the watch sees the DNS, and what is told of it.

| condition | holds when |
|---|---|
| `nothing_settles` | no answer of any kind has settled for longer than `stale_after` |
| `canary_missing` | the operator's canary was not seen able for longer than `stale_after` |
| `passes_blind` | passes over candidates have been blind for longer than `stale_after` |

1. A condition that begins is told once: `watch_stale`, with every condition that holds, since when, and why.
2. A condition ends when what it misses was seen within half of `stale_after`, so that it does not flap.
3. When the last one has ended, `watch_recovered` is told once, with how long the watch was blind.
4. Before anything was seen at all, nothing is known to be well again: a restart ends no blindness.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.core.events import EventKind
from watcher.core.states.watch_draft import WatchDraft


class Condition(StrEnum):
    """Why the watch is blind."""

    NOTHING_SETTLES = "nothing_settles"
    CANARY_MISSING = "canary_missing"
    PASSES_BLIND = "passes_blind"


@dataclass(frozen=True, slots=True)
class Blindness:
    """The conditions that were told and have not ended, each with the moment it counts from."""

    told: tuple[tuple[Condition, datetime], ...] = ()

    @property
    def since(self) -> datetime | None:
        """Since when the watch is blind; None where it sees."""
        return min((since for _, since in self.told), default=None)


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at the watch: when each thing was seen last, `None` where never since the start, and what came instead.

    `settled_at` and `canary_at` fall back to `started_at`, or to what an earlier process saw. `passes_at` is `now`
    while passes see something, else when they began to be blind.
    """

    now: datetime
    settled_at: datetime
    has_settled: bool
    errors: tuple[str, ...] = ()
    canary: str | None = None
    canary_at: datetime | None = None
    canary_said: str = ""
    passes_at: datetime | None = None
    passes_said: str = ""


def step(state: Blindness, sight: Sight, stale_after: timedelta) -> tuple[Blindness, tuple[WatchDraft, ...]]:
    """Return the blindness after a look at the watch, and the events to be recorded; a repeated look adds none."""
    known = dict(state.told)
    holding: dict[Condition, datetime] = {}
    for condition, seen_at, has_seen in _seen(sight):
        ended = has_seen and sight.now - seen_at <= stale_after / 2
        if sight.now - seen_at > stale_after or (condition in known and not ended):
            holding[condition] = min(known.get(condition, seen_at), sight.now)
    after = Blindness(tuple(sorted(holding.items())))
    if holding.keys() - known.keys():
        return after, (_stale(after, sight),)
    if known and not holding:
        began = state.since or sight.now
        blind = max(0.0, (sight.now - began).total_seconds())
        return after, (WatchDraft(EventKind.WATCH_RECOVERED, sight.now, {"blind_seconds": blind}),)
    return after, ()


def _seen(sight: Sight) -> list[tuple[Condition, datetime, bool]]:
    found = [(Condition.NOTHING_SETTLES, sight.settled_at, sight.has_settled)]
    if sight.canary is not None and sight.canary_at is not None:
        found.append((Condition.CANARY_MISSING, sight.canary_at, not sight.canary_said))
    if sight.passes_at is not None:
        found.append((Condition.PASSES_BLIND, sight.passes_at, not sight.passes_said))
    return found


def _stale(blindness: Blindness, sight: Sight) -> WatchDraft:
    errors = [said for said in (sight.canary_said, sight.passes_said) if said]
    return WatchDraft(
        EventKind.WATCH_STALE,
        blindness.since or sight.now,
        {
            "conditions": [condition.value for condition, _ in blindness.told],
            "reason": "; ".join(_words(condition, since, sight) for condition, since in blindness.told),
            "errors": [*errors, *sight.errors],
        },
        blind=True,
    )


def _words(condition: Condition, since: datetime, sight: Sight) -> str:
    at = f"{since:%Y-%m-%d %H:%M} UTC"
    match condition:
        case Condition.NOTHING_SETTLES:
            errors = ", ".join(sight.errors[:3])
            return f"nothing has settled since {at}" + (f" ({errors})" if errors else "")
        case Condition.CANARY_MISSING:
            seen = "" if sight.now - sight.settled_at > sight.now - since else "; other names are seen"
            return (
                f"the canary {sight.canary} was not seen able since {at}"
                + (f" ({sight.canary_said})" if sight.canary_said else "")
                + seen
            )
        case Condition.PASSES_BLIND:
            return f"passes over candidates have seen nothing since {at}" + (
                f" ({sight.passes_said})" if sight.passes_said else ""
            )
