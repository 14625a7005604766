"""The block list that is handed out under the settings: what changed, under which serial, told to whoever transfers it.

A list that is transferred must never seem older than what a resolver holds. The serial is therefore the time in
seconds, or one more than the last where that is greater; and it rises at every start, since the database may be a copy
from yesterday.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from watcher.core.blocking.selection import BlockEntry
from watcher.core.ports import Clock
from watcher.exports.form import protected_of
from watcher.exports.stix import MOST_EXCHANGES, described, told_exchanges
from watcher.services.blocking.block_lists import BlockLists
from watcher.store import Store, Tx, block_list, facts
from watcher.store.block_candidates import BlockInputs, find_inputs
from watcher.store.block_list import ListChange, ListedEntry, TakenBy, ZoneName

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
    names: tuple[ZoneName, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between the lists of two serials."""

    old: int
    new: int
    removed: tuple[ZoneName, ...]
    added: tuple[ZoneName, ...]


class _Told(NamedTuple):
    """The parts of an entry that clients are told."""

    description: str
    protected: str
    exchanges: tuple[str, ...]


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
            forgets = fact.get("shape", "") != shape
            await self._raise_serial(tx, forget=forgets, shape=shape)
        await self.refresh(anew=forgets)

    async def refresh(self, *, anew: bool = False) -> bool:
        """Bring the list up to date where something changed, and tell of a new serial; whether there is one.

        Cheap when nothing changed. Another process may have brought the list up to date. `anew`: the zone has no
        history, so its texts may change too.
        """
        await self._update(anew=anew)
        async with self._store.read() as tx:
            serials = await _serials(tx)
        if not serials or serials[-1] == self._seen:
            return False
        self._seen = serials[-1]
        for told in self._told:
            await told()
        return True

    async def _update(self, *, anew: bool) -> None:
        now = self._clock.now()
        inputs = await self._lists.inputs()
        fresh = self._looked_at is not None and now - self._looked_at < _LOOK_ANYWAY
        if fresh and inputs == self._inputs and not anew:
            return
        wanted = {entry.name: _told(entry) async for page in self._lists.pages(self._lists.rules) for entry in page}
        async with self._store.write() as tx:
            if await find_inputs(tx) != inputs:  # decided otherwise meanwhile: the next call sees it
                return
            await self._save(tx, wanted, now, anew=anew)
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
            protected = await block_list.find_protected(tx, sorted({change.name for change in changes}))
        return _difference(old, serials[-1], changes, protected)

    async def _save(self, tx: Tx, wanted: dict[str, _Told], now: datetime, *, anew: bool) -> None:
        known = {entry.name: entry for entry in await block_list.list_entries(tx)}
        last = await block_list.find_last_added(tx)
        at = now if last is None else max(now, last + STEP)
        came = [name for name in wanted if name not in known or known[name].removed_at is not None]
        left = [entry for entry in known.values() if entry.removed_at is None and entry.name not in wanted]
        rows: list[ListedEntry] = []
        for name in sorted(came):
            before, told = known.get(name), wanted[name]
            listed_at = now if before is None else before.listed_at
            protected = told.protected if before is None else before.protected
            exchanges = _taken_by(told.exchanges, () if before is None else before.exchanges)
            rows.append(ListedEntry(name, told.description, listed_at, now, at, None, protected, exchanges))
        for name, told in wanted.items():
            before = known.get(name)
            if before is None or before.removed_at is not None:
                continue
            exchanges = _taken_by(told.exchanges, before.exchanges)
            protected = told.protected if anew else before.protected
            if (told.description, exchanges, protected) != (before.description, before.exchanges, before.protected):
                rows.append(ListedEntry(name, told.description, before.listed_at, now, at, None, protected, exchanges))
        rows += [replace(entry, modified_at=now, removed_at=now) for entry in left]
        await self._forget(tx, known, now - _REMEMBERED)
        await block_list.remove_exchanges(tx, came)  # a listed name is an object of its own
        at = await self._save_exchanges(tx, rows, at, listed=known.keys() | wanted.keys())
        await block_list.save(tx, [replace(row, added_at=at + place * STEP) for place, row in enumerate(rows)])
        if not came and not left:
            return
        serial = await self._raise_serial(tx)
        changes = [ListChange(serial, name, listed=True) for name in came]
        changes += [ListChange(serial, entry.name, listed=False) for entry in left]
        await block_list.save_changes(tx, changes, now=now)

    async def _forget(self, tx: Tx, known: dict[str, ListedEntry], before: datetime) -> None:
        """Forget the names that left the list before that time, and exchanges that were theirs alone."""
        old = [entry for entry in known.values() if entry.removed_at is not None and entry.removed_at < before]
        if not old:
            return
        for entry in old:
            known.pop(entry.name)
        used = {host for entry in known.values() for host, _ in entry.exchanges}
        await block_list.remove_exchanges(tx, sorted({host for entry in old for host, _ in entry.exchanges} - used))
        await block_list.remove_left(tx, before=before)

    async def _save_exchanges(
        self, tx: Tx, rows: list[ListedEntry], at: datetime, *, listed: Collection[str]
    ) -> datetime:
        """Give new exchanges their times, before the names that they belong to; return the next time."""
        hosts = sorted({host for row in rows for host, _ in row.exchanges})
        known = await block_list.find_exchanges(tx, hosts)
        new = [host for host in hosts if host not in known and host not in listed]
        await block_list.save_exchanges(tx, [(at + place * STEP, host) for place, host in enumerate(new)])
        return at + len(new) * STEP

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


def _difference(old: int, new: int, changes: list[ListChange], protected: dict[str, str]) -> Difference:
    """Return the net effect: what came and left again, or left and came again, changed nothing."""
    before: dict[str, bool] = {}
    after: dict[str, bool] = {}
    for change in changes:
        before.setdefault(change.name, not change.listed)
        after[change.name] = change.listed
    moved = [ZoneName(name, protected.get(name, "")) for name in sorted(after) if before[name] != after[name]]
    return Difference(
        old,
        new,
        removed=tuple(row for row in moved if not after[row.name]),
        added=tuple(row for row in moved if after[row.name]),
    )


def _told(entry: BlockEntry) -> _Told:
    return _Told(described(entry), protected_of(entry), told_exchanges(entry.name, entry.exchanges))


def _taken_by(hosts: tuple[str, ...], before: tuple[TakenBy, ...]) -> tuple[TakenBy, ...]:
    """Return the exchanges of now, and those that left since they were told, so many and no more."""
    gone = [TakenBy(host, left=True) for host, _ in before if host not in hosts]
    return (*(TakenBy(host) for host in hosts), *gone[:MOST_EXCHANGES])
