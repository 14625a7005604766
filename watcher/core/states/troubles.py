"""The state machine of troubles: what is not well with the watch, each by a key, and what is told of it.

1. A trouble is told, as `watch_stale`, when it has lasted for `patience`; one that cannot wait is told at once.
2. Each trouble is told once until it has ended. The event names the new ones first, then those told before.
3. When the last trouble that was told has ended, `watch_recovered` is told once.
4. A clock that was set back makes no trouble last for longer: none began later than now.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.core.events import EventKind
from watcher.core.states.watch_draft import WatchDraft


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble: since when it lasts, and whether it was told."""

    since: datetime
    told: bool = False


Troubles = Mapping[str, Trouble]
"""The current troubles by key: `backlog`, `disk`, `settled.0`, ..."""


def step(
    state: Troubles, found: Mapping[str, str], *, urgent: Collection[str], now: datetime, patience: timedelta
) -> tuple[dict[str, Trouble], tuple[WatchDraft, ...]]:
    """Return the troubles after a look that `found` these, and the events to be recorded. `urgent` ones cannot wait."""
    lasting = {key: state.get(key, Trouble(now)) for key in found}
    lasting = {key: Trouble(min(trouble.since, now), trouble.told) for key, trouble in lasting.items()}
    new = [
        key
        for key, trouble in lasting.items()
        if not trouble.told and (key in urgent or now - trouble.since >= patience)
    ]
    told_before = {key: trouble for key, trouble in state.items() if trouble.told}
    still = [key for key, trouble in lasting.items() if trouble.told]
    after = {key: Trouble(trouble.since, trouble.told or key in new) for key, trouble in lasting.items()}
    if new:
        errors = [found[key] for key in (*new, *still)]
        since = min(lasting[key].since for key in new)
        said = {"conditions": [*new, *still], "reason": "; ".join(errors[:3]), "errors": errors}
        return after, (WatchDraft(EventKind.WATCH_STALE, since, said),)
    if told_before and not still:
        began = min(trouble.since for trouble in told_before.values())
        blind = max(0.0, (now - began).total_seconds())
        return after, (WatchDraft(EventKind.WATCH_RECOVERED, now, {"blind_seconds": blind}),)
    return after, ()
