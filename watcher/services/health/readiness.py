"""Is the watch at work? It sees the DNS, writes its database, its jobs run, and nothing is stale.

Each check returns why not, or None. They answer for this moment; the vigil and the wellness check tell people.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from watcher.core.mail.dns import Question, RRType
from watcher.core.ports import Clock, Resolver
from watcher.core.shapes.times import time_json
from watcher.core.shapes.watch import blindness_from_json, troubles_from_json
from watcher.services.health.pulse import Pulse
from watcher.services.health.vigil import BLIND
from watcher.services.health.wellness import TROUBLES
from watcher.services.sweeps.sweep import BlindPasses
from watcher.store import Store, facts

Check = Callable[[], Awaitable[str | None]]

_WRITTEN = "ready.written_at"
_WRITTEN_EVERY = timedelta(seconds=5)
_QUIET, _QUIET_AFTER_ERRORS = timedelta(seconds=60), timedelta(seconds=20)
_STALE = ("backlog", "coverage")
"""Troubles of the watch itself. A registry that fails, a message that waits or a disk that is nearly full is reported,
and no reason to restart: whether the database can be written is tried."""


class Readiness:
    """The checks of one process. `usable`: a resolver is left to ask. `failing`: failing jobs, with the reason."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        resolver: Resolver,
        pulse: Pulse,
        usable: Callable[[], bool],
        blind_passes: Callable[[], BlindPasses | None],
        failing: Callable[[], Mapping[str, str]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._resolver = resolver
        self._pulse = pulse
        self._usable = usable
        self._blind_passes = blind_passes
        self._failing = failing
        self._written_at: datetime | None = None

    @property
    def checks(self) -> Mapping[str, Check]:
        """All of them, by name."""
        return {"database": self.database, "resolver": self.resolver, "jobs": self.jobs, "watch": self.watch}

    async def database(self) -> str | None:
        """Write to the database. Raises StoreError where that fails: the disk is full, somebody holds a lock."""
        now = self._clock.now()
        if self._written_at is None or not timedelta() <= now - self._written_at < _WRITTEN_EVERY:
            async with self._store.write() as tx:
                await facts.save(tx, _WRITTEN, time_json(now), now=now)
            self._written_at = now
        return None

    async def resolver(self) -> str | None:
        """Why the DNS is not seen: asked for a random name when nothing has settled for a while."""
        if not self._usable():
            return "every resolver was refused as dishonest"
        if not self._pulse.beaten:
            return "no resolver has answered yet"
        passes = self._blind_passes()
        if passes is not None:
            return f"passes over candidates see nothing: {passes.reason}"
        quiet = self._clock.now() - self._pulse.last_settled
        if quiet <= (_QUIET_AFTER_ERRORS if self._pulse.errors else _QUIET):
            return None
        (answer,) = await self._resolver.ask([Question(f"w{secrets.token_hex(10)}.com", RRType.MX)])
        if answer.settled:
            return None
        errors = ", ".join(dict.fromkeys([*self._pulse.errors, answer.outcome.value]))
        return f"nothing has settled since {self._pulse.last_settled:%Y-%m-%d %H:%M:%S} UTC ({errors})"

    async def jobs(self) -> str | None:
        """Return the jobs that fail, in words; None where none does."""
        return "; ".join(f"{name} fails: {why}" for name, why in sorted(self._failing().items())) or None

    async def watch(self) -> str | None:
        """Return the conditions that were reported as stale and have not ended; None where there are none."""
        async with self._store.read() as tx:
            blind = blindness_from_json(await facts.find(tx, BLIND))
            troubles = troubles_from_json(await facts.find(tx, TROUBLES))
        stale = [condition.value for condition, _ in blind.told]
        stale += [key for key, trouble in troubles.items() if trouble.told and key.partition(".")[0] in _STALE]
        return f"the watch is stale: {', '.join(stale)}" if stale else None
