"""The way each policy service is, kept in the database, so that the watch tells of one that is behind or fell silent.

A policy service that is dead or behind stops no mail, so nobody would notice it otherwise.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from watcher.core.errors import StoreError
from watcher.core.ports import Clock
from watcher.core.shapes.times import time_from_json, time_json
from watcher.store import Store, facts

_KEY = "policy_service."
SILENT_AFTER = timedelta(minutes=2)
FORGOTTEN_AFTER = timedelta(days=7)
"""A service that was silent for so long is not expected any more."""
_PATIENCE = 10.0


class PolicyReports:
    """Notes how one policy service is. `place` names it; `trouble` says what is wrong with it, None when it is well."""

    def __init__(self, store: Store, clock: Clock, *, place: str, trouble: Callable[[], Awaitable[str | None]]) -> None:
        self._store = store
        self._clock = clock
        self._place = place
        self._trouble = trouble

    async def run(self, every: float = 20.0) -> None:
        """Report until cancelled. A database that cannot be written is tried again."""
        while True:
            await self._clock.sleep(every)
            with suppress(StoreError, TimeoutError, OSError):
                async with asyncio.timeout(_PATIENCE):
                    await self.report()

    async def report(self) -> None:
        """Note how the service is now. Raises StoreError."""
        now = self._clock.now()
        said = {"at": time_json(now), "trouble": await self._trouble()}
        async with self._store.write() as tx:
            await facts.save(tx, _KEY + self._place, said, now=now)

    async def end(self) -> None:
        """Take the service off: it was stopped, and is not missed."""
        with suppress(StoreError, TimeoutError, OSError):
            async with asyncio.timeout(_PATIENCE), self._store.write() as tx:
                await facts.remove(tx, _KEY + self._place)


async def find_policy_troubles(store: Store, clock: Clock) -> dict[str, str]:
    """Return what is wrong with the policy services, by key, each in one line."""
    now = clock.now()
    async with store.read() as tx:
        reports = await facts.find_starting(tx, _KEY)
    troubles = {}
    for key, said in reports.items():
        place, at = key.removeprefix(_KEY), time_from_json(said["at"])
        silent = timedelta() if at is None else now - at
        if silent > FORGOTTEN_AFTER:
            continue
        if silent > SILENT_AFTER:
            troubles[key] = f"the policy service {place} is silent since {at:%Y-%m-%d %H:%M} UTC: mail may pass unasked"
        elif said["trouble"] is not None:
            troubles[key] = f"{said['trouble']} ({place})"
    return troubles
