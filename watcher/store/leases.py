"""Leases on work that one process at a time does, by name: the timetable, the vigil, summaries."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update

from watcher.store.database import Tx
from watcher.store.moments import lease_time
from watcher.store.tables import leases
from watcher.store.upsert import insert_or_leave


async def claim(tx: Tx, name: str, *, owner: str, now: datetime, lease: timedelta) -> int | None:
    """Lease `name` to `owner`, or renew the lease that it has; return the epoch, None when another holds it."""
    at = await lease_time(tx, now)
    first = [{"name": name, "owner": None, "until": None, "epoch": 0}]
    await tx.execute(insert_or_leave(tx.dialect.name, leases), first)
    free = or_(leases.c.until.is_(None), leases.c.until <= at, leases.c.until > at + lease)
    taken = await tx.execute(
        update(leases)
        .where(leases.c.name == name, free, leases.c.owner.is_distinct_from(owner))
        .values(owner=owner, until=at + lease, epoch=leases.c.epoch + 1)
    )
    if not taken.rowcount:
        kept = update(leases).where(leases.c.name == name, leases.c.owner == owner).values(until=at + lease)
        if not (await tx.execute(kept)).rowcount:
            return None
    return int((await tx.execute(select(leases.c.epoch).where(leases.c.name == name))).scalar_one())


async def renew(tx: Tx, name: str, *, owner: str, now: datetime, lease: timedelta) -> bool:
    """Hold the lease that `owner` has for another term; False where it has none any more."""
    at = await lease_time(tx, now)
    ours = (leases.c.name == name) & (leases.c.owner == owner)
    return bool((await tx.execute(update(leases).where(ours).values(until=at + lease))).rowcount)


async def release(tx: Tx, owner: str, name: str | None = None) -> None:
    """End all leases of `owner`, or the one on `name`."""
    ended = update(leases).where(leases.c.owner == owner)
    if name is not None:
        ended = ended.where(leases.c.name == name)
    await tx.execute(ended.values(owner=None, until=None))


async def remove_old(tx: Tx, *, before: datetime) -> None:
    """Forget names whose lease ended before then."""
    await tx.execute(delete(leases).where(leases.c.until < before))
