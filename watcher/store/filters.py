"""Saved filters of the list of lookalikes, by name."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select

from watcher.store.database import Tx
from watcher.store.tables import filters
from watcher.store.upsert import insert_or_update


@dataclass(frozen=True, slots=True)
class FilterRow:
    """One filter; `query` is the query string of the list, without `?`."""

    name: str
    query: str
    created_at: datetime
    created_by: str | None = None


async def save(tx: Tx, row: FilterRow) -> None:
    """Add a filter, or overwrite the one of that name."""
    await tx.execute(insert_or_update(tx.dialect.name, filters), [asdict(row)])


async def list_all(tx: Tx) -> list[FilterRow]:
    """Return the filters by name."""
    return [FilterRow(**row) for row in (await tx.execute(select(filters).order_by(filters.c.name))).mappings()]


async def remove(tx: Tx, name: str) -> bool:
    """Remove a filter; False when there is none of that name."""
    return (await tx.execute(delete(filters).where(filters.c.name == name))).rowcount > 0
