"""When a registry was last asked about a candidate that the DNS does not know: once a day is enough."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from watcher.store.database import Tx
from watcher.store.tables import probes
from watcher.store.upsert import chunks, insert_or_update


async def find_asked(tx: Tx, domains: Sequence[str], *, since: datetime, now: datetime) -> set[str]:
    """Return those of `domains` asked about from `since` to `now`; later times predate a clock that was set back."""
    known: set[str] = set()
    for some in chunks(domains):
        query = select(probes.c.domain).where(probes.c.domain.in_(some), probes.c.asked_at.between(since, now))
        known.update((await tx.execute(query)).scalars())
    return known


async def save(tx: Tx, domains: Sequence[str], *, at: datetime) -> None:
    """Note that the domains were asked about at `at`."""
    if domains:
        rows = [{"domain": domain, "asked_at": at} for domain in domains]
        await tx.execute(insert_or_update(tx.dialect.name, probes), rows)


async def remove_old(tx: Tx, *, before: datetime) -> int:
    """Drop what was asked before `before`; how many that were."""
    return (await tx.execute(delete(probes).where(probes.c.asked_at < before))).rowcount
