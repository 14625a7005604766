"""The events that are reported at once on the terminal that started the service, whatever the channels do."""

from collections.abc import Sequence
from dataclasses import replace

from watcher.core.events import Event
from watcher.core.telling.alerts import AlertPolicy, DecisionKind, Silence, SilenceScope, decide
from watcher.store import Store, event_log, protected_names, silences

NAME = "terminal"
_MOST = 500


class Terminal:
    """Hands out each event that is told at once, in order, from the moment of `begin` on.

    Where no channel is configured nothing is delivered; it is handed out here all the same.
    """

    def __init__(self, store: Store, policy: AlertPolicy) -> None:
        self._store = store
        self._policy = policy if policy.channels else replace(policy, channels=(NAME,), routes=())
        self._last: str | None = None

    async def begin(self) -> None:
        """Begin after what is recorded now."""
        async with self._store.read() as tx:
            self._last = await event_log.find_last_id(tx)

    async def new(self) -> Sequence[Event]:
        """Return the events since the last call that are told at once."""
        async with self._store.read() as tx:
            found = await event_log.list_all(tx, after=self._last, limit=_MOST)
            in_force = [
                Silence(row.id, SilenceScope(row.scope), row.value, row.until) for row in await silences.list_all(tx)
            ]
            owned = await protected_names.with_ownership(tx, found)
        if not found:
            return []
        self._last = found[-1].id
        return [event for event in owned if decide(event, self._policy, in_force).kind is DecisionKind.PAGE]
