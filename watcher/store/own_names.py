"""The names that are ours: no page for their mail, watched for loss and change."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from watcher.store.database import Tx
from watcher.store.tables import own
from watcher.store.upsert import chunks, insert_or_leave


@dataclass(frozen=True, slots=True)
class OwnRow:
    """One own name with a note; `by_triage`: there by the decision that it is ours, so that it goes with that."""

    name: str
    created_at: datetime
    note: str = ""
    by_triage: bool = False


async def add(tx: Tx, rows: Sequence[OwnRow]) -> int:
    """Add the rows; one that is there already stays as it is, but is not triage's any more. How many were new."""
    before = await count(tx)
    if rows:
        await tx.execute(insert_or_leave(tx.dialect.name, own), [asdict(row) for row in rows])
    for some in chunks([row.name for row in rows if not row.by_triage]):
        await tx.execute(update(own).where(own.c.by_triage, own.c.name.in_(some)).values(by_triage=False))
    return await count(tx) - before


async def list_all(tx: Tx, *, after: str = "", limit: int | None = None) -> list[OwnRow]:
    """Return all own names by name, from the one after `after`."""
    query = select(own).where(own.c.name > after).order_by(own.c.name).limit(limit)
    return [OwnRow(row.name, row.created_at, row.note, row.by_triage) for row in await tx.execute(query)]


async def find(tx: Tx, name: str) -> OwnRow | None:
    """Return the row of `name`."""
    row = (await tx.execute(select(own).where(own.c.name == name))).first()
    return None if row is None else OwnRow(row.name, row.created_at, row.note, row.by_triage)


async def count(tx: Tx) -> int:
    """Return the number of own names."""
    return int((await tx.execute(select(func.count()).select_from(own))).scalar_one())


async def find_known(tx: Tx, names: Sequence[str]) -> set[str]:
    """Return those of `names` that are ours."""
    known: set[str] = set()
    for some in chunks(names):
        known.update((await tx.execute(select(own.c.name).where(own.c.name.in_(some)))).scalars())
    return known


async def change(tx: Tx, name: str, *, note: str) -> bool:
    """Set the note; False when the name is not on the list."""
    return (await tx.execute(update(own).where(own.c.name == name).values(note=note))).rowcount > 0


async def remove(tx: Tx, names: Sequence[str]) -> set[str]:
    """Remove the names; which of them were on the list."""
    known = await find_known(tx, names)
    for some in chunks(sorted(known)):
        await tx.execute(delete(own).where(own.c.name.in_(some)))
    return known


async def remove_of_triage(tx: Tx, names: Sequence[str]) -> set[str]:
    """Remove those of the names that triage put on the list; which they were."""
    known: set[str] = set()
    for some in chunks(names):
        query = select(own.c.name).where(own.c.by_triage, own.c.name.in_(some))
        known.update((await tx.execute(query)).scalars())
    return await remove(tx, sorted(known))
