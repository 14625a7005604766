"""Counts of mail to domains, by the day and by keyed hashes of the domains' names."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, func, select, update

from watcher.store.database import Tx
from watcher.store.tables import recipients


async def add(tx: Tx, counts: Mapping[int, int], *, day: datetime) -> None:
    """Add to the counts of a day."""
    for hashed, count in counts.items():
        which = (recipients.c.hash == hashed, recipients.c.day == day)
        change = update(recipients).where(*which).values(count=recipients.c.count + count)
        if (await tx.execute(change)).rowcount == 0:
            await tx.execute(recipients.insert().values(hash=hashed, day=day, count=count))


async def list_frequent(tx: Tx, *, since: datetime, least: int) -> set[int]:
    """Return the hashes that were counted at least so often since then."""
    total = func.sum(recipients.c.count)
    query = (
        select(recipients.c.hash).where(recipients.c.day >= since).group_by(recipients.c.hash).having(total >= least)
    )
    return set((await tx.execute(query)).scalars())


async def remove_before(tx: Tx, day: datetime) -> int:
    """Remove older days; return how many counts there were."""
    return (await tx.execute(delete(recipients).where(recipients.c.day < day))).rowcount
