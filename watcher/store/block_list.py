"""The block list as it was handed out last, and its changes by serial: what transfers and TAXII are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, delete, func, select

from watcher.store.database import Tx
from watcher.store.tables import block_changes, block_entries, block_exchanges
from watcher.store.upsert import chunks, insert_or_update


class TakenBy(NamedTuple):
    """A host that takes the mail of a name, or did and `left`."""

    host: str
    left: bool = False


class ZoneName(NamedTuple):
    """A name of the zone, and the protected name that its text names; empty: none."""

    name: str
    protected: str = ""


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """A name that stands on the list, or stood there: `removed_at`.

    `added_at` is unique and rises: nothing that changes later has an earlier one. `modified_at` is when the entry
    changed last, `listed_at` when it came. `description` is for analysts. `protected` is what the name resembled when
    it came: the text of the zone stays as it is while the history of the zone lasts.
    """

    name: str
    description: str
    listed_at: datetime
    modified_at: datetime
    added_at: datetime
    removed_at: datetime | None = None
    protected: str = ""
    exchanges: tuple[TakenBy, ...] = ()


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


async def list_names(tx: Tx) -> list[ZoneName]:
    """Return the names on the list, in order."""
    row = block_entries.c
    query = select(row.name, row.protected).where(row.removed_at.is_(None)).order_by(row.name)
    return [ZoneName(found.name, found.protected) for found in await tx.execute(query)]


async def find_protected(tx: Tx, names: Sequence[str]) -> dict[str, str]:
    """Return what each of the names resembled when it came to the list; also of those that left it."""
    row = block_entries.c
    found: dict[str, str] = {}
    for some in chunks(list(names)):
        query = select(row.name, row.protected).where(row.name.in_(some))
        found.update({entry.name: entry.protected for entry in await tx.execute(query)})
    return found


async def list_exchanges(tx: Tx, *, after: datetime | None, limit: int) -> list[tuple[datetime, str]]:
    """Return the exchanges of listed names that came after `after` (None: all) with their times, the oldest first."""
    row = block_exchanges.c
    query = select(row.added_at, row.host).order_by(row.added_at).limit(limit)
    if after is not None:
        query = query.where(row.added_at > after)
    return [(found.added_at, found.host) for found in await tx.execute(query)]


async def find_exchanges(tx: Tx, hosts: Sequence[str]) -> set[str]:
    """Return those of the hosts that are known as exchanges."""
    found: set[str] = set()
    for some in chunks(list(hosts)):
        query = select(block_exchanges.c.host).where(block_exchanges.c.host.in_(some))
        found.update((await tx.execute(query)).scalars())
    return found


async def save_exchanges(tx: Tx, hosts: Sequence[tuple[datetime, str]]) -> None:
    """Add exchanges with their times."""
    if hosts:
        await tx.execute(
            insert_or_update(tx.dialect.name, block_exchanges), [{"host": host, "added_at": at} for at, host in hosts]
        )


async def remove_exchanges(tx: Tx, hosts: Sequence[str]) -> None:
    """Forget exchanges."""
    for some in chunks(list(hosts)):
        await tx.execute(delete(block_exchanges).where(block_exchanges.c.host.in_(some)))


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
    """Return the newest `added_at` of an entry or an exchange; None while nothing was ever listed."""
    newest: list[datetime] = []
    for table in (block_entries, block_exchanges):
        at = (await tx.execute(select(func.max(table.c.added_at, type_=table.c.added_at.type)))).scalar_one()
        newest += [] if at is None else [at]
    return max(newest, default=None)


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
                    "protected": entry.protected,
                    "exchanges": [[host, left] for host, left in entry.exchanges],
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
    return select(
        row.name,
        row.description,
        row.listed_at,
        row.modified_at,
        row.added_at,
        row.removed_at,
        row.protected,
        row.exchanges,
    )


def _entry(row: Row[Any]) -> ListedEntry:
    exchanges = tuple(TakenBy(str(host), bool(left)) for host, left in row.exchanges or ())
    return ListedEntry(
        row.name,
        row.description,
        row.listed_at,
        row.modified_at,
        row.added_at,
        row.removed_at,
        row.protected,
        exchanges,
    )
