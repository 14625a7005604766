"""The list behind the policy service: held in memory, following events and triage within a second."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from watcher.core.blocking.friends import Friends, ListedName
from watcher.core.blocking.selection import is_approved
from watcher.core.blocking.standing import BLOCKED, Silenced, StandingEntry, Standings
from watcher.core.errors import StoreError
from watcher.core.names.protected import Kind
from watcher.core.ports import Clock
from watcher.core.states.lookalike import Triage
from watcher.services.names.own import Ours
from watcher.store import Store, Tx, block_votes, own_names, protected_names, silences, standings
from watcher.store.standings import HeldRow

MakeFriends = Callable[[Iterable[ListedName]], Friends]

_AT_ONCE = 500
_OVERLAP = timedelta(seconds=5)
"""Triage is read again so far back: clocks of several machines differ a little."""
_WHOLE_EVERY = timedelta(minutes=10)
_WAITING = Triage.INVESTIGATING.value
"""The triage under which a name counts while a second person has not agreed to block it."""
_PATIENCE = 5.0
"""Seconds that one reading of the database may take."""

log = logging.getLogger(__name__)


class HeldList:
    """The list of names held against mail. `standings` is always ready to be asked; `refresh` brings it up to date.

    `changed` is called after a change. `approval`: `blocked` counts once a second person has said it too.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        friends: MakeFriends,
        *,
        ours: Ours,
        changed: Callable[[], None],
        approval: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._friends = friends
        self._ours = ours
        self._changed = changed
        self._approval = approval
        self.standings = Standings(friends(()))
        self.loaded = False
        self.protected: tuple[str, ...] = ()
        self.read_at: datetime | None = None
        self._event_id = ""
        self._triaged_at: datetime | None = None
        self._stamp: tuple[object, ...] | None = None
        self._silences_until: datetime | None = None
        self._whole_at: datetime | None = None
        self._refreshing = asyncio.Lock()

    async def follow(self, every: float = 0.5) -> None:
        """Refresh until cancelled. A database that cannot be read leaves the list as it was, and is said once."""
        failing = False
        while True:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self.refresh()
                if failing:
                    log.warning("the list of the policy service is up to date again")
                failing = False
            except (StoreError, TimeoutError, OSError) as error:
                if not failing:
                    log.warning(
                        "the policy service answers from the list it has: %s", str(error) or "the database hangs"
                    )
                failing = True
            except Exception:
                if not failing:
                    log.exception("the policy service answers from the list it has")
                failing = True
            await self._clock.sleep(every)

    async def ensure_fresh(self) -> None:
        """Bring the list up to date unless that was done within the last second. Raises StoreError."""
        async with self._refreshing:
            if self.read_at is None or self._clock.now() - self.read_at > timedelta(seconds=1):
                await self.refresh()

    async def refresh(self) -> None:
        """Bring the list up to date. Raises StoreError."""
        now = self._clock.now()
        if self._whole_at is None or now - self._whole_at >= _WHOLE_EVERY:
            await self._read_whole(now)
        else:
            await self._read_changes()
        self._stamp = await self._read_lists(now)
        self.loaded = True
        self.read_at = now

    async def _read_whole(self, now: datetime) -> None:
        async with self._store.read() as tx:
            at = await standings.find_changed(tx, event_id="\U0010ffff", triaged_at=now)
        entries: dict[str, StandingEntry] = {}
        after = ""
        while True:
            async with self._store.read() as tx:
                rows = await self._in_force(tx, await standings.list_held(tx, after=after, limit=_AT_ONCE))
            if not rows:
                break
            after = max(row.name for row in rows)
            entries.update((row.name, _entry(row)) for row in rows if _is_held(row))
            await asyncio.sleep(0)  # answers come first
        self.standings.entries = entries
        self._event_id, self._triaged_at, self._whole_at = at.event_id, at.triaged_at, now
        self._changed()

    async def _read_changes(self) -> None:
        since = None if self._triaged_at is None else self._triaged_at - _OVERLAP
        async with self._store.read() as tx:
            at = await standings.find_changed(tx, event_id=self._event_id, triaged_at=since)
            rows = await self._in_force(tx, await standings.list_named(tx, sorted(at.names)))
        entries = self.standings.entries
        new = {row.name: _entry(row) for row in rows if _is_held(row)}
        gone = at.names - new.keys()
        if any(entries.get(name) != entry for name, entry in new.items()) or not gone.isdisjoint(entries):
            for name in gone:
                entries.pop(name, None)
            entries.update(new)
            self._changed()
        self._event_id, self._triaged_at = at.event_id, at.triaged_at

    async def _in_force(self, tx: Tx, rows: list[HeldRow]) -> list[HeldRow]:
        """Return the rows as they count: a name that waits for a second person is not blocked yet."""
        blocked = [row.name for row in rows if row.triage == BLOCKED]
        if not self._approval or not blocked:
            return rows
        voters = await block_votes.list_voters(tx, blocked)
        return [
            row._replace(triage=_WAITING)
            if row.triage == BLOCKED and not is_approved(voters.get(row.name, ()), approval=True)
            else row
            for row in rows
        ]

    async def _read_lists(self, now: datetime) -> tuple[object, ...]:
        """Protected names, own names and silences, when they changed or a silence ran out."""
        async with self._store.read() as tx:
            stamp = await standings.list_stamp(tx)
            over = self._silences_until is not None and self._silences_until <= now
            if stamp == self._stamp and not over:
                return stamp
            rows = await protected_names.list_all(tx)
            listed = [ListedName(row.name, since=row.created_at) for row in rows]
            listed += [ListedName(row.name, own=True, since=row.created_at) for row in await own_names.list_all(tx)]
            active = await silences.list_all(tx, active_at=now)
        await self._ours.read()
        friends = await asyncio.to_thread(self._friends, listed)
        entries = self.standings.entries
        self.standings = Standings(
            friends,
            silences=[Silenced(row.scope, row.value) for row in active],
            suffixes=[row.name for row in rows if row.kind == Kind.SUFFIX],
        )
        self.standings.entries = entries
        self.protected = tuple(row.name for row in rows)
        self._silences_until = min((row.until for row in active if row.until is not None), default=None)
        self._changed()
        return stamp


def _is_held(row: HeldRow) -> bool:
    return (row.able or row.triage != "new") and bool(row.protected or row.triage == BLOCKED)


def _entry(row: HeldRow) -> StandingEntry:
    return StandingEntry(row.triage, row.able, row.grade, row.protected, row.techniques, row.explanation)
