"""The things that need a person now: troubles of the watch, refused resolvers, channels that accept nothing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.core.ports import Clock
from watcher.core.shapes.watch import CHANNEL_STATE, channel_state_from_json
from watcher.services.health.vigil import REFUSED
from watcher.store import Store, facts


@dataclass(frozen=True, slots=True)
class Needed:
    """One thing that needs a person: what it concerns, and one sentence without a final stop."""

    what: str
    why: str


class Attention:
    """Gathers what needs a person. `troubles` gives those of the watch; `channels` are the configured ones."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        troubles: Callable[[datetime], Awaitable[Mapping[str, str]]],
        channels: Sequence[str],
    ) -> None:
        self._store = store
        self._clock = clock
        self._troubles = troubles
        self._channels = tuple(channels)

    async def list_needed(self) -> list[Needed]:
        """Return it as it is now."""
        async with self._store.read() as tx:
            refused = await facts.find(tx, REFUSED) or ()
            states = await facts.find_starting(tx, CHANNEL_STATE)
        found = [
            Needed(f"resolver {resolver}", "it is not honest, so nothing is asked of it; name an unfiltered one")
            for resolver in refused
        ]
        for name in self._channels:
            state = channel_state_from_json(states.get(CHANNEL_STATE + name))
            if state.told_at is not None:
                found.append(Needed(f"channel {name}", f"it refuses what is sent since {_at(state.told_at)}"))
            elif state.since is not None:
                found.append(Needed(f"channel {name}", f"it has accepted nothing since {_at(state.since)}"))
        troubles = await self._troubles(self._clock.now())
        return [*found, *(Needed(key.replace(".", " "), why) for key, why in troubles.items())]


def _at(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
