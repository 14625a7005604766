"""The parts that several processes on one database need of each other."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from watcher import __version__
from watcher.core.errors import StoreError

if TYPE_CHECKING:
    from watcher.bootstrap.network import Network
    from watcher.core.ports import Clock
    from watcher.engines.local import Job
    from watcher.engines.procrastinate import Carrier
    from watcher.services.health.attendance import Attendance
    from watcher.store import Store
    from watcher.store.shards import Holder

ALONE_FOR = timedelta(minutes=1)
"""The time after a process's last beat from which another process may do its jobs."""


@dataclass(slots=True)
class Company:
    """This process among those that share the database. Without others everything is its own."""

    store: "Store"
    clock: "Clock"
    owner: str
    attendance: "Attendance | None"
    doing: set[str] = field(default_factory=set)
    """The jobs that run now."""

    @property
    def holder(self) -> "Holder | None":
        """Return the holder that leases shards; None where there is nobody to share them with."""
        from watcher.services.health.attendance import LEASE
        from watcher.store.shards import Holder

        return Holder(self.owner, LEASE) if self.store.shared else None

    def live(self) -> int:
        """Return the number of processes that share the work."""
        return 1 if self.attendance is None else self.attendance.live

    def alone(self, name: str, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        """Return `work` as a job of one process at a time, whose writes stand only while that is this one."""
        if self.attendance is None:
            return work

        async def lead() -> None:
            async with self.hold(name, give_back=False) as held:
                if held:
                    await work()

        return lead

    @asynccontextmanager
    async def hold(self, name: str, *, give_back: bool = True) -> AsyncIterator[bool]:
        """Lease the work of that name while the context lasts; False where another process has it.

        What is written inside stands only while the lease is this process's. Without `give_back` it is kept until it
        runs out, so that the same process does the work next time.
        """
        from watcher.store import leases
        from watcher.store.fences import WorkFence, fenced

        if self.attendance is None:
            yield True
            return
        epoch = await self._claim(name)
        if epoch is None:
            yield False
            return
        renewing = asyncio.create_task(self._renew(name))
        try:
            with fenced(WorkFence(name, epoch)):
                yield True
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            if give_back:
                with suppress(StoreError):
                    async with self.store.write() as tx:
                        await leases.release(tx, self.owner, name)

    async def _claim(self, name: str) -> int | None:
        from watcher.store import leases

        async with self.store.write() as tx:
            return await leases.claim(tx, name, owner=self.owner, now=self.clock.now(), lease=ALONE_FOR)

    async def _renew(self, name: str) -> None:
        """Renew the lease for as long as the work lasts; a lease that was lost is not taken back."""
        from watcher.store import leases

        while True:
            await self.clock.sleep(ALONE_FOR.total_seconds() / 3)
            with suppress(StoreError):
                async with self.store.write() as tx:
                    await leases.renew(tx, name, owner=self.owner, now=self.clock.now(), lease=ALONE_FOR)

    def noted(self, name: str, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        """Return `work` so that the others see when it is being done."""
        if self.attendance is None:
            return work

        async def do() -> None:
            self.doing.add(name)
            try:
                await work()
            finally:
                self.doing.discard(name)

        return do

    async def leave(self) -> None:
        """Hand back in good order what this process has."""
        from watcher.store import leases, lookalikes

        if self.attendance is None:
            return
        async with self.store.write() as tx:
            await leases.release(tx, self.owner)
            await lookalikes.release(tx, [self.owner])
        await self.attendance.end()


def join_company(store: "Store", net: "Network", clock: "Clock", *, kind: str) -> Company:
    """Return this process among the others; alone where the database is a file."""
    from watcher.services.health.attendance import Attendance
    from watcher.services.lease_owner import this_process
    from watcher.store.workers import Beat

    made = Company(store, clock, this_process(), None)
    if store.shared:
        made.attendance = Attendance(
            store,
            clock,
            Beat(made.owner, kind, socket.gethostname(), __version__, "", (), sees_dns=True),
            doing=lambda: ", ".join(sorted(made.doing)),
            sees_dns=lambda: bool(net.careful.usable),
            servers=(*net.careful.lanes, *(() if net.suffix_servers is None else (net.suffix_servers,))),
        )
    return made


def make_carrier(company: Company, jobs: "list[Job]", concurrency: int) -> "Carrier | None":
    """Return what carries shared jobs between processes; None where there is one process."""
    from watcher.engines.procrastinate import Carrier
    from watcher.store import leases
    from watcher.store.postgresql import PostgresServer

    if company.attendance is None:
        return None

    async def leads() -> bool:
        async with company.store.write() as tx:
            now = company.clock.now()
            return await leases.claim(tx, "timetable", owner=company.owner, now=now, lease=ALONE_FOR) is not None

    place = company.store.place
    assert isinstance(place, PostgresServer)  # noqa: S101 (the only kind that is shared)
    return Carrier(place.url, jobs, leads=leads, live=company.live, clock=company.clock, concurrency=concurrency)
