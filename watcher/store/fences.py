"""Fences: what is written for a leased piece of work is written only while the lease is current.

A claim raises the epoch of its row. Work on the row is done inside `fenced`, and each write transaction that is begun
there looks first whether the epoch still stands. A process that was paused, and whose work was given to another
meanwhile, so writes nothing when it wakes: `LeaseLost` is raised, and the transaction undone.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from watcher.core.errors import LeaseLost
from watcher.store.tables import leases, lookalikes, shards

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ShardFence:
    """The lease on a shard."""

    protected: str
    tier: int
    epoch: int


@dataclass(frozen=True, slots=True)
class LookFence:
    """The claim of a look at a name."""

    name: str
    epoch: int


@dataclass(frozen=True, slots=True)
class WorkFence:
    """The lease on work that one process at a time does."""

    name: str
    epoch: int


Fence = ShardFence | LookFence | WorkFence

_fences: ContextVar[tuple[Fence, ...]] = ContextVar("watcher_fences", default=())


@contextmanager
def fenced(*fences: Fence) -> Iterator[None]:
    """Let what is written inside, also by tasks that begin there, stand only while all of these leases are current."""
    token = _fences.set(fences)
    try:
        yield
    finally:
        _fences.reset(token)


def carried(work: Callable[[AsyncConnection], Awaitable[Result]]) -> Callable[[AsyncConnection], Awaitable[Result]]:
    """Return `work` with the fences of here, for a transaction that somebody else begins."""
    fences = _fences.get()
    if not fences:
        return work

    async def held(tx: AsyncConnection) -> Result:
        await hold(tx, fences)
        return await work(tx)

    return held


async def hold(tx: AsyncConnection, fences: Sequence[Fence] | None = None) -> None:
    """Raise LeaseLost unless all of the leases, by default those of here, are current in this transaction."""
    wanted = _fences.get() if fences is None else fences
    places = [fence for fence in wanted if isinstance(fence, ShardFence)]
    looks = [fence for fence in wanted if isinstance(fence, LookFence)]
    if places:
        current = or_(
            *(
                and_(shards.c.protected == fence.protected, shards.c.tier == fence.tier, shards.c.epoch == fence.epoch)
                for fence in places
            )
        )
        await _expect(tx, select(func.count()).select_from(shards).where(current), len(places))
    if looks:
        current = or_(
            *(and_(lookalikes.c.name == fence.name, lookalikes.c.claim_epoch == fence.epoch) for fence in looks)
        )
        await _expect(tx, select(func.count()).select_from(lookalikes).where(current), len(looks))

    for fence in wanted:
        if isinstance(fence, WorkFence):
            held = (leases.c.name == fence.name) & (leases.c.epoch == fence.epoch)
            await _expect(tx, select(func.count()).select_from(leases).where(held), 1)


async def _expect(tx: AsyncConnection, query: object, count: int) -> None:
    if (await tx.execute(query)).scalar_one() != count:  # type: ignore[call-overload]
        raise LeaseLost
