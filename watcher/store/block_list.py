"""The block list as it was handed out last, and its changes by serial: what transfers and TAXII are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, select

from watcher.store.database import Tx
from watcher.store.tables import block_changes, block_entries
from watcher.store.upsert import chunks, insert_or_update


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """A name that stands on the list, or stood there: `removed_at`.

    `added_at` is unique and rises: nothing that changes later has an earlier one. `modified_at` is when the entry
    changed last, `listed_at` when it came. `description` is for analysts.
    """

    name: str
    description: str
    listed_at: datetime
    modified_at: datetime
    added_at: datetime
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListChange:
    """One name that came to the list, or (not `listed`) left it, at `serial`."""

    serial: int
    name: str
    listed: bool


async def list_entries(tx: Tx, *, after: str = "", limit: int | None = None) -> list[ListedEntry]:
    """Return the entries by name from the one after the name `after`, those that left the list too."""
    query = _query().where(block_entries.c.name > after).order_by(block_entries.c.name)
    return [_entry(row) for row in await tx.execute(query.limit(limit))]


async def list_names(tx: Tx) -> list[str]:
    """Return the names on the list, in order."""
    query = select(block_entries.c.name).where(block_entries.c.removed_at.is_(None)).order_by(block_entries.c.name)
    return list((await tx.execute(query)).scalars())


async def list_added(tx: Tx, *, after: datetime | None, limit: int) -> list[ListedEntry]:
    """Return the entries that changed after `after` (None: all), those that left the list too, the oldest first."""
    query = _query().order_by(block_entries.c.added_at).limit(limit)
    if after is not None:
        query = query.where(block_entries.c.added_at > after)
    return [_entry(row) for row in await tx.execute(query)]


async def find_entries(tx: Tx, names: Sequence[str]) -> dict[str, ListedEntry]:
    """Return the entries of the names that have one."""
    found: dict[str, ListedEntry] = {}
    for some in chunks(list(names)):
        query = _query().where(block_entries.c.name.in_(some))
        found.update({row.name: _entry(row) for row in await tx.execute(query)})
    return found


async def find_last_added(tx: Tx) -> datetime | None:
    """Return the newest `added_at`; None while nothing was ever listed."""
    newest: datetime | None = (await tx.execute(select(func.max(block_entries.c.added_at)))).scalar_one()
    return newest


async def save(tx: Tx, entries: Sequence[ListedEntry]) -> None:
    """Add or overwrite entries."""
    if entries:
        await tx.execute(
            insert_or_update(tx.dialect.name, block_entries),
            [
                {
                    "name": entry.name,
                    "description": entry.description,
                    "listed_at": entry.listed_at,
                    "modified_at": entry.modified_at,
                    "added_at": entry.added_at,
                    "removed_at": entry.removed_at,
                }
                for entry in entries
            ],
        )


async def save_changes(tx: Tx, changes: Sequence[ListChange], *, now: datetime) -> None:
    """Add to the history of the list."""
    if changes:
        await tx.execute(
            insert_or_update(tx.dialect.name, block_changes),
            [{"serial": change.serial, "name": change.name, "listed": change.listed, "at": now} for change in changes],
        )


async def list_changes(tx: Tx, *, after: int, limit: int) -> list[ListChange]:
    """Return what changed after the serial `after`, the oldest first."""
    query = (
        select(block_changes.c.serial, block_changes.c.name, block_changes.c.listed)
        .where(block_changes.c.serial > after)
        .order_by(block_changes.c.serial, block_changes.c.name)
        .limit(limit)
    )
    return [ListChange(row.serial, row.name, row.listed) for row in await tx.execute(query)]


async def remove_changes(tx: Tx, *, before: int) -> None:
    """Forget the history up to the serial `before`, itself included."""
    await tx.execute(delete(block_changes).where(block_changes.c.serial <= before))


async def remove_left(tx: Tx, *, before: datetime) -> None:
    """Forget the names that left the list before that time."""
    await tx.execute(delete(block_entries).where(block_entries.c.removed_at < before))


def _query() -> Select[Any]:
    row = block_entries.c
    return select(row.name, row.description, row.listed_at, row.modified_at, row.added_at, row.removed_at)


def _entry(row: Row[Any]) -> ListedEntry:
    return ListedEntry(row.name, row.description, row.listed_at, row.modified_at, row.added_at, row.removed_at)
