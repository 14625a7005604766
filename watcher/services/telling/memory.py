"""The memory of a channel: in the database, to outlast a restart, or only as long as the process lives."""

from watcher.core.ports import Clock
from watcher.store import Store, facts

_PREFIX = "channel_memory:"


class StoredMemory:
    """Keeps it in `store`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def get(self, key: str) -> str | None:
        """Return the value put there last; None for nothing. Raises StoreError."""
        async with self._store.read() as tx:
            value = await facts.find(tx, _PREFIX + key)
        return None if value is None else str(value)

    async def put(self, key: str, value: str | None) -> None:
        """Keep it; None: forget. Raises StoreError."""
        async with self._store.write() as tx:
            if value is None:
                await facts.remove(tx, _PREFIX + key)
            else:
                await facts.save(tx, _PREFIX + key, value, now=self._clock.now())


class ShortMemory:
    """Keeps it as long as the process lives: for commands that send one message and end."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        """Return the value put there last; None for nothing."""
        return self._kept.get(key)

    async def put(self, key: str, value: str | None) -> None:
        """Keep it; None: forget."""
        if value is None:
            self._kept.pop(key, None)
        else:
            self._kept[key] = value
