"""Move a whole database into another, table by table; repeatable until it is complete, and then without effect.

The target is a mirror of the source afterwards: rows that went from the source meanwhile go there too. So it must be
empty before the first move, and nobody may work on it before the last one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, func, select, tuple_

from watcher.core.errors import StoreError
from watcher.store import facts, workers
from watcher.store.database import Store
from watcher.store.tables import leases, metadata
from watcher.store.tables import workers as worker_rows
from watcher.store.upsert import insert_or_update

_BATCH = 500
_OF_THIS_DATABASE = frozenset({leases, worker_rows})
_FREE = {"lease_owner": None, "leased_until": None, "claimed_by": None, "claimed_until": None}
_MOVED_FROM, _INSTANCE = "moved_from", "moving.source"


async def move(source: Store, target: Store, *, now: datetime) -> dict[str, int]:
    """Make `target` hold what `source` holds; return how many rows of each table it has now.

    Raises StoreError when somebody works on the target, or it holds what did not come from this source.
    """
    await _agree(source, target, now=now)
    counts = {}
    for table in metadata.sorted_tables:
        if table not in _OF_THIS_DATABASE:
            counts[table.name] = await _mirror(source, target, table)
    return counts


async def _agree(source: Store, target: Store, *, now: datetime) -> None:
    """Mark both as belonging together, or raise StoreError."""
    async with target.read() as tx:
        at_work = await workers.list_live(tx, now=now)
        before = await facts.find(tx, _MOVED_FROM)
        filled = [
            table.name
            for table in metadata.sorted_tables
            if table not in _OF_THIS_DATABASE and (await tx.execute(select(table).limit(1))).first() is not None
        ]
    if at_work:
        raise StoreError(f"{len(at_work)} processes work on {target.place.shown}; stop them before rows move there")
    async with source.write() as tx:
        name = await facts.find(tx, _INSTANCE) or source.ids()
        await facts.save(tx, _INSTANCE, name, now=now)
    if filled and before != name:
        raise StoreError(
            f"{target.place.shown} is not empty, and its rows are not of {source.place.shown}; give an empty database"
        )
    async with target.write() as tx:
        await facts.save(tx, _MOVED_FROM, name, now=now)


async def _mirror(source: Store, target: Store, table: Table) -> int:
    keys = list(table.primary_key.columns)
    key = tuple_(*keys)
    last: Sequence[Any] | None = None
    while True:
        query = select(table).order_by(*keys).limit(_BATCH)
        async with source.read() as tx:
            found = (await tx.execute(query if last is None else query.where(key > tuple_(*last)))).mappings().all()
        rows = [_clean(row) for row in found]
        places = [tuple(row[column.name] for column in keys) for row in rows]
        async with target.write() as tx:
            gone = delete(table)
            if last is not None:
                gone = gone.where(key > tuple_(*last))
            if len(rows) == _BATCH:
                gone = gone.where(key <= tuple_(*places[-1]))
            if places:
                gone = gone.where(key.not_in(places))
            if table.name == "facts":
                gone = gone.where(table.c.key != _MOVED_FROM)
            await tx.execute(gone)
            if rows:
                await tx.execute(insert_or_update(tx.dialect.name, table), rows)
        if len(rows) < _BATCH:
            async with target.read() as tx:
                return int((await tx.execute(select(func.count()).select_from(table))).scalar_one())
        last = places[-1]


def _clean(row: Any) -> dict[str, Any]:
    """Return the row without what holds only for its database; PostgreSQL has no text with a NUL."""
    values = {name: value.replace("\0", "\ufffd") if isinstance(value, str) else value for name, value in row.items()}
    return values | {name: value for name, value in _FREE.items() if name in values}
