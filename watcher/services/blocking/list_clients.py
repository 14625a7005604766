"""The clients that fetch block lists: each fetch is noted, but written at most once a minute for each client."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from watcher.core.errors import StoreError
from watcher.core.ports import Clock
from watcher.store import Store, list_clients
from watcher.store.list_clients import ListClient

ZONE_TRANSFER = "rpz_transfer"
"""The kind of those that transfer the zone."""
_WRITTEN_EVERY = timedelta(minutes=1)
_REMEMBERED = 2_000
_ADDRESS, _SERIAL = 64, 40

log = logging.getLogger(__name__)


class ListClients:
    """Notes who fetched what."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._written: dict[tuple[str, str, str], tuple[datetime, str]] = {}

    async def note(self, kind: str, holder: str | None, address: str, serial: str | None) -> None:
        """Note a fetch of the list `kind` as it is at `serial`, also one that found nothing new.

        `serial` None: the client only asked which one there is. What cannot be written is left out: the gear has its
        list, and that counts more.
        """
        now = self._clock.now()
        key = (kind, holder or "", address[:_ADDRESS])
        before = self._written.get(key)
        if before is not None:
            serial = before[1] if serial is None else serial
            if before[1] == serial and timedelta() <= now - before[0] < _WRITTEN_EVERY:
                return
        try:
            serial = await self._save(key, serial, now)
        except StoreError as error:
            log.warning("a client of the block list is not noted: %s", error)
            return
        if serial is None:
            return
        if len(self._written) >= _REMEMBERED:
            self._written.clear()
        self._written[key] = (now, serial)

    async def _save(self, key: tuple[str, str, str], serial: str | None, now: datetime) -> str | None:
        """Write the fetch; return the serial that the client has, None where it never fetched anything."""
        async with self._store.write() as tx:
            known = await list_clients.find(tx, *key)
            if serial is None and known is None:
                return None
            if known is not None and serial in {None, known.serial}:
                await list_clients.save(tx, replace(known, fetched_at=now))
                return known.serial
            assert serial is not None  # noqa: S101 (it is known, or given)
            await list_clients.save(tx, ListClient(*key, now, serial[:_SERIAL], now))
            return serial[:_SERIAL]

    async def note_zone(self, asker: str, address: str, serial: int | None) -> None:
        """Note a client of the zone; `asker` is the key it signs with."""
        await self.note(ZONE_TRANSFER, asker, address, None if serial is None else str(serial))

    async def list_all(self) -> list[ListClient]:
        """Return the clients, the newest fetch first."""
        async with self._store.read() as tx:
            return await list_clients.list_all(tx)
