"""The attendance of this process among those that share a database: its beat, its part of the resolvers' rates.

A process that is not heard of for `LEASE` counts as dead: what it had leased goes to others, and so does its part of
the rates. It stops asking by itself a little before that, also when it was paused meanwhile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from watcher.core.ports import Clock
from watcher.core.states.workers import Worker, share
from watcher.store import Store, shards, workers
from watcher.store.moments import lease_time
from watcher.store.shards import Holder
from watcher.store.workers import Beat

LEASE = timedelta(seconds=30)
EVERY = timedelta(seconds=5)
_EARLY = timedelta(seconds=3)


class Rated(Protocol):
    """A server whose pace can be limited for a time."""

    name: str

    def lend(self, part: float, *, until: datetime) -> None:
        """Ask at most this part of the rate, and nothing after `until`."""
        ...


class Attendance:
    """Beats for this process, which is `kind` (serve or worker). `doing` and `sees_dns` are asked at each beat."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        beat: Beat,
        *,
        doing: Callable[[], str],
        sees_dns: Callable[[], bool],
        servers: Sequence[Rated] = (),
    ) -> None:
        self._store = store
        self._clock = clock
        self._beat = beat
        self._doing = doing
        self._sees_dns = sees_dns
        self._servers = servers
        self._parts: dict[str, float] = {}
        self._grows: set[str] = set()
        self._joined_at: datetime | None = None
        self._lent_until: datetime | None = None
        self.live = 1
        """Processes alive, this one included, at the last beat."""
        self.me: Worker | None = None

    async def beat(self) -> None:
        """Say that this process lives, and adjust its part of each resolver's rate."""
        begun = self._clock.now()
        beat = Beat(
            id=self._beat.id,
            kind=self._beat.kind,
            host=self._beat.host,
            version=self._beat.version,
            doing=self._doing(),
            resolvers=tuple(server.name for server in self._servers),
            sees_dns=self._sees_dns(),
        )
        async with self._store.write() as tx:
            me = await workers.save_beat(tx, beat, now=begun, lease=LEASE)
            await workers.remove_old(tx, now=begun)
            live = await workers.list_live(tx, now=begun)
        self.me, self.live = me, max(1, len(live))
        if self._joined_at is None or self._lent_until is None or begun >= self._lent_until:
            self._joined_at = me.beat_at  # the others may have taken its part meanwhile
            self._parts.clear()
        self._lent_until = begun + LEASE - _EARLY
        for server in self._servers:
            server.lend(self._part(server.name, me, live, self._joined_at), until=self._lent_until)

    async def end(self) -> None:
        """Leave in good order."""
        async with self._store.write() as tx:
            await workers.end(tx, self._beat.id)

    def _part(self, resolver: str, me: Worker, live: Sequence[Worker], joined_at: datetime) -> float:
        """Return this process's part: less at once, more only when two beats in a row say so."""
        part, before = share(resolver, me, live, joined_at), self._parts.get(resolver, 0.0)
        if part > before > 0 and resolver not in self._grows:
            self._grows.add(resolver)
            return before
        self._grows.discard(resolver)
        self._parts[resolver] = part
        return part


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """A process, and whether it counts as alive."""

    worker: Worker
    alive: bool


async def list_workers(store: Store, clock: Clock) -> tuple[datetime, list[SeenWorker]]:
    """Return the database's time and all processes of the last day, by their ids."""
    async with store.read() as tx:
        at = await lease_time(tx, clock.now())
        every = await workers.list_all(tx)
    return at, [SeenWorker(worker, worker.until > at) for worker in sorted(every, key=lambda worker: worker.id)]


async def find_troubles(store: Store, clock: Clock) -> dict[str, str]:
    """Return what is wrong with the processes and their leases, each in one line."""
    now = clock.now()
    holder = Holder("", LEASE)
    async with store.read() as tx:
        every = await workers.list_all(tx)
        live = {worker.id for worker in await workers.list_live(tx, now=now)}
        aside = await shards.count_set_aside(tx, now=now)
        stale = await shards.count_stale(tx, holder=holder, now=now)
    troubles = {}
    gone = [worker for worker in every if worker.id not in live]
    if gone:
        shown = ", ".join(f"{worker.kind} on {worker.host}" for worker in gone[:3])
        troubles["workers"] = f"{len(gone)} processes ended without saying so, or do not reach the database: {shown}"
    blind = [worker for worker in every if worker.id in live and not worker.sees_dns]
    if blind:
        shown = ", ".join(f"{worker.kind} on {worker.host}" for worker in blind[:3])
        troubles["blind_workers"] = f"{len(blind)} processes reach the database but not the DNS: {shown}"
    wrong = [worker for worker in every if worker.id in live and worker.clock_is_wrong]
    if wrong:
        shown = ", ".join(f"{worker.host} by {worker.skew_seconds:+.0f} s" for worker in wrong[:3])
        troubles["clocks"] = f"clocks differ from the database's, and their processes do no work: {shown}"
    if aside:
        troubles["set_aside"] = f"{aside} shards are set aside for an hour: several processes died over them"
    if stale:
        troubles["leases"] = f"{stale} leases ended long ago, and nobody has taken their work over"
    return troubles
