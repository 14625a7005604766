"""The block list that is handed out under the settings: what changed, under which serial, told to whoever transfers it.

A list that is transferred must never seem older than what a resolver holds. The serial is therefore the time in
seconds, or one more than the last where that is greater; and it rises at every start, since the database may be a copy
from yesterday.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watcher.core.ports import Clock
from watcher.exports.stix import described
from watcher.services.blocking.block_lists import BlockLists
from watcher.store import Store, Tx, block_list, facts
from watcher.store.block_candidates import BlockInputs, find_inputs
from watcher.store.block_list import ListChange, ListedEntry

FACT = "block_list"
STEP = timedelta(microseconds=64)
"""Between two entries: each makes several objects of TAXII, and each object has a time of its own."""
_LOOK_ANYWAY = timedelta(minutes=1)  # severity and grades change without an event
_REMEMBERED = timedelta(days=180)  # what left the list: long enough for every client to hear of it
_MOST_SERIALS = 200
_MOST_CHANGES = 100_000
_SERIALS = 1 << 32

Told = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ZoneState:
    """The names on the list at `serial`, in order."""

    serial: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between the lists of two serials."""

    old: int
    new: int
    removed: tuple[str, ...]
    added: tuple[str, ...]


class Publisher:
    """Keeps the list that is handed out in step with what is decided; several processes may do so at once."""

    def __init__(self, store: Store, lists: BlockLists, clock: Clock) -> None:
        self._store = store
        self._lists = lists
        self._clock = clock
        self._inputs: BlockInputs | None = None
        self._looked_at: datetime | None = None
        self._seen: int | None = None
        self._told: list[Told] = []

    def tell(self, told: Told) -> None:
        """Call `told` whenever the names on the list changed."""
        self._told.append(told)

    async def begin(self, shape: str = "") -> None:
        """Raise the serial, and bring the list up to date.

        `shape` describes everything but the names that a transferred zone is made from: after another one the history
        is of no use.
        """
        async with self._store.write() as tx:
            fact = await facts.find(tx, FACT) or {}
            await self._raise_serial(tx, forget=fact.get("shape", "") != shape, shape=shape)
        await self.refresh()

    async def refresh(self) -> bool:
        """Bring the list up to date where something changed, and tell of a new serial; whether there is one.

        Cheap when nothing changed. Another process may have brought the list up to date.
        """
        await self._update()
        async with self._store.read() as tx:
            serials = await _serials(tx)
        if not serials or serials[-1] == self._seen:
            return False
        self._seen = serials[-1]
        for told in self._told:
            await told()
        return True

    async def _update(self) -> None:
        now = self._clock.now()
        inputs = await self._lists.inputs()
        if self._looked_at is not None and inputs == self._inputs and now - self._looked_at < _LOOK_ANYWAY:
            return
        wanted = {entry.name: described(entry) async for page in self._lists.pages(self._lists.rules) for entry in page}
        async with self._store.write() as tx:
            if await find_inputs(tx) != inputs:  # decided otherwise meanwhile: the next call sees it
                return
            await self._save(tx, wanted, now)
        self._inputs, self._looked_at = inputs, now

    async def state(self) -> ZoneState:
        """Return the list as it is handed out."""
        async with self._store.read() as tx:
            serials = await _serials(tx)
            return ZoneState(serials[-1] if serials else 1, tuple(await block_list.list_names(tx)))

    async def serial(self) -> int:
        """Return the serial of the list as it is handed out."""
        async with self._store.read() as tx:
            serials = await _serials(tx)
        return serials[-1] if serials else 1

    async def difference(self, old: int) -> Difference | None:
        """Return what changed since the serial `old`; None where that serial is not one of ours, or long ago."""
        async with self._store.read() as tx:
            serials = await _serials(tx)
            if old not in serials:
                return None
            changes = await block_list.list_changes(tx, after=old, limit=_MOST_CHANGES + 1)
        if len(changes) > _MOST_CHANGES:
            return None
        return _difference(old, serials[-1], changes)

    async def _save(self, tx: Tx, wanted: dict[str, str], now: datetime) -> None:
        known = {entry.name: entry for entry in await block_list.list_entries(tx)}
        at = max(now, (await block_list.find_last_added(tx) or now) + STEP)
        came = [name for name in wanted if name not in known or known[name].removed_at is not None]
        left = [entry for entry in known.values() if entry.removed_at is None and entry.name not in wanted]
        other = [
            known[name]
            for name, description in wanted.items()
            if name in known and known[name].removed_at is None and known[name].description != description
        ]
        rows: list[ListedEntry] = []
        for name in sorted(came):
            listed_at = known[name].listed_at if name in known else now
            rows.append(ListedEntry(name, wanted[name], listed_at, now, at))
        rows += [replace(entry, description=wanted[entry.name], modified_at=now, added_at=at) for entry in other]
        rows += [replace(entry, modified_at=now, removed_at=now, added_at=at) for entry in left]
        await block_list.remove_left(tx, before=now - _REMEMBERED)
        await block_list.save(tx, [replace(row, added_at=at + place * STEP) for place, row in enumerate(rows)])
        if not came and not left:
            return
        serial = await self._raise_serial(tx)
        changes = [ListChange(serial, name, listed=True) for name in came]
        changes += [ListChange(serial, entry.name, listed=False) for entry in left]
        await block_list.save_changes(tx, changes, now=now)

    async def _raise_serial(self, tx: Tx, *, forget: bool = False, shape: str | None = None) -> int:
        now = self._clock.now()
        fact = await facts.find(tx, FACT) or {}
        serials = await _serials(tx)
        serial = next_serial(serials[-1] if serials else 0, now)
        serials = [serial] if forget else [*serials, serial][-_MOST_SERIALS:]
        kept = fact.get("shape", "") if shape is None else shape
        await facts.save(tx, FACT, {"serials": serials, "shape": kept}, now=now)
        await block_list.remove_changes(tx, before=serials[0])
        return serial


def next_serial(last: int, now: datetime) -> int:
    """Return a serial that is later than `last` (RFC 1982): the time in seconds, or one more than the last."""
    seconds = int(now.timestamp()) % _SERIALS
    after = (last + 1) % _SERIALS
    return seconds if is_later(seconds, last) else after or 1


def is_later(serial: int, other: int) -> bool:
    """Return whether `serial` comes after `other` in the circle of 32-bit serials (RFC 1982 3.2)."""
    return serial != other and (serial - other) % _SERIALS < _SERIALS // 2


async def _serials(tx: Tx) -> list[int]:
    fact = await facts.find(tx, FACT)
    return [] if fact is None else [int(serial) for serial in fact["serials"]]


def _difference(old: int, new: int, changes: list[ListChange]) -> Difference:
    """Return the net effect: what came and left again, or left and came again, changed nothing."""
    before: dict[str, bool] = {}
    after: dict[str, bool] = {}
    for change in changes:
        before.setdefault(change.name, not change.listed)
        after[change.name] = change.listed
    moved = [name for name in sorted(after) if before[name] != after[name]]
    return Difference(
        old,
        new,
        removed=tuple(name for name in moved if not after[name]),
        added=tuple(name for name in moved if after[name]),
    )
