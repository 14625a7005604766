"""Counts of mail that the policy service stopped or marked, by the hour; nothing of any sender."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import RowMapping, delete, func, or_, select, update

from watcher.core.blocking.answer import STOPPING
from watcher.core.mail.mail_to import Stopped
from watcher.store.database import Tx
from watcher.store.tables import refusals, written
from watcher.store.upsert import chunks


class RefusalKey(NamedTuple):
    """The key of one count."""

    domain: str
    protected: str
    hour: datetime
    action: str


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """A count, and how many of it events told of."""

    key: RefusalKey
    count: int
    told: int


async def add(tx: Tx, counts: Mapping[RefusalKey, int]) -> None:
    """Add to the counts."""
    for key, count in counts.items():
        here = refusals.c
        which = (here.domain == key.domain, here.protected == key.protected, here.hour == key.hour)
        change = update(refusals).where(*which, here.action == key.action).values(count=here.count + count)
        if (await tx.execute(change)).rowcount == 0:
            await tx.execute(refusals.insert().values(**key._asdict(), count=count))


async def list_untold(tx: Tx) -> list[RefusalRow]:
    """Return the counts that no event told of, or told of less, in the order of their hours."""
    query = select(refusals).where(refusals.c.told < refusals.c.count).order_by(refusals.c.hour, refusals.c.domain)
    return [_row(row) for row in (await tx.execute(query)).mappings()]


async def mark_told(tx: Tx, rows: Sequence[RefusalRow]) -> None:
    """Note that events told of the counts."""
    for row in rows:
        here = refusals.c
        which = (here.domain == row.key.domain, here.protected == row.key.protected, here.hour == row.key.hour)
        await tx.execute(update(refusals).where(*which, here.action == row.key.action).values(told=row.count))


async def list_stopped(tx: Tx, domains: Sequence[str]) -> dict[str, Stopped]:
    """Return for those of the domains to which mail was held, deferred, refused or asked about how often that was."""
    here = refusals.c
    found = {}
    for some in chunks(domains):
        query = (
            select(
                here.domain,
                func.sum(here.count).label("times"),
                func.min(here.hour, type_=here.hour.type).label("first_hour"),
                func.max(here.hour, type_=here.hour.type).label("last_hour"),
            )
            .where(here.domain.in_(some), here.action.in_([action.value for action in STOPPING]))
            .group_by(here.domain)
        )
        for row in await tx.execute(query):
            found[row.domain] = Stopped(int(row.times), row.first_hour, row.last_hour)
    return found


async def is_there_mail(tx: Tx, domain: str) -> bool:
    """Return whether any mail to the domain was logged or counted here; a few microseconds."""
    logged = select(written.c.domain).where(written.c.domain == domain).exists()
    counted = select(refusals.c.domain).where(refusals.c.domain == domain).exists()
    return bool((await tx.execute(select(or_(logged, counted)))).scalar_one())


async def remove_before(tx: Tx, hour: datetime) -> int:
    """Remove older counts; return how many there were."""
    return (await tx.execute(delete(refusals).where(refusals.c.hour < hour))).rowcount


def _row(row: RowMapping) -> RefusalRow:
    return RefusalRow(RefusalKey(*(row[name] for name in RefusalKey._fields)), row["count"], row["told"])
