"""Silences: what is recorded, but told to nobody, until a time."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, insert, or_, select

from watcher.store.database import Tx
from watcher.store.tables import silences
from watcher.store.upsert import chunks


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """`scope` is name, suffix, technique or protected; `until` None: until it is removed.

    `by_triage`: made by the decision to ignore the name, so that it ends with that decision. `created_by`: who, as far
    as anybody had to say.
    """

    id: str
    scope: str
    value: str
    created_at: datetime
    until: datetime | None = None
    note: str = ""
    by_triage: bool = False
    created_by: str | None = None


async def add(tx: Tx, row: SilenceRow) -> None:
    """Add a silence."""
    await tx.execute(insert(silences), [asdict(row)])


async def list_all(
    tx: Tx, *, active_at: datetime | None = None, after: str = "", limit: int | None = None
) -> list[SilenceRow]:
    """Return the silences, oldest first by their id; with `active_at` only those in force then. `limit` None: all."""
    query = select(silences).where(silences.c.id > after).order_by(silences.c.id).limit(limit)
    if active_at is not None:
        query = query.where(or_(silences.c.until.is_(None), silences.c.until > active_at))
    return [SilenceRow(**row) for row in (await tx.execute(query)).mappings()]


async def find(tx: Tx, silence_id: str) -> SilenceRow | None:
    """Return the silence with that id."""
    row = (await tx.execute(select(silences).where(silences.c.id == silence_id))).mappings().first()
    return None if row is None else SilenceRow(**row)


async def remove(tx: Tx, silence_id: str) -> bool:
    """Remove a silence; False when there is none with that id."""
    return (await tx.execute(delete(silences).where(silences.c.id == silence_id))).rowcount > 0


async def remove_of_triage(tx: Tx, names: Sequence[str]) -> None:
    """Remove the silences that triage made for these names; no error where there are none."""
    for some in chunks(names):
        await tx.execute(delete(silences).where(silences.c.by_triage, silences.c.value.in_(some)))
