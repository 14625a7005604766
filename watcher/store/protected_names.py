"""The protected names."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, func, select, update

from watcher.core.events import Event, Ownership
from watcher.store.database import Tx
from watcher.store.tables import lookalikes, protected, resemblances
from watcher.store.upsert import chunks, insert_or_leave


@dataclass(frozen=True, slots=True)
class ProtectedRow:
    """`name` is A-labels, a suffix without its leading dot; `kind` is domain, host or suffix."""

    name: str
    kind: str
    created_at: datetime
    owner: str | None = None
    tags: tuple[str, ...] = ()


async def add(tx: Tx, rows: Sequence[ProtectedRow]) -> int:
    """Add the rows; one that is there already stays as it is. How many were new."""
    before = await count(tx)
    if rows:
        values = [{**asdict(row), "tags": list(row.tags)} for row in rows]
        await tx.execute(insert_or_leave(tx.dialect.name, protected), values)
    return await count(tx) - before


async def list_all(tx: Tx, *, after: str = "", limit: int | None = None) -> list[ProtectedRow]:
    """Return all protected names by name, from the one after `after`."""
    query = select(protected).where(protected.c.name > after).order_by(protected.c.name).limit(limit)
    return [_row(row) for row in (await tx.execute(query)).mappings()]


async def find(tx: Tx, name: str) -> ProtectedRow | None:
    """Return the row of `name`."""
    row = (await tx.execute(select(protected).where(protected.c.name == name))).mappings().first()
    return None if row is None else _row(row)


async def find_all(tx: Tx, names: Sequence[str]) -> dict[str, ProtectedRow]:
    """Return those of `names` that are protected."""
    found: dict[str, ProtectedRow] = {}
    for some in chunks(list(dict.fromkeys(names))):
        rows = (await tx.execute(select(protected).where(protected.c.name.in_(some)))).mappings()
        found.update((row["name"], _row(row)) for row in rows)
    return found


async def find_ownership(tx: Tx, names: Sequence[str]) -> dict[str, Ownership]:
    """Return the owner and tags of those of `names` that have any."""
    rows = await find_all(tx, names) if names else {}
    return {name: Ownership(name, row.owner, row.tags) for name, row in rows.items() if row.owner or row.tags}


async def with_ownership(tx: Tx, events: Sequence[Event]) -> list[Event]:
    """Return the events with the owner and tags of their protected names, as they are now."""
    known = await find_ownership(tx, [name for event in events for name in event.protected])
    return [
        replace(event, ownership=tuple(known[name] for name in event.protected if name in known)) for event in events
    ]


async def count(tx: Tx) -> int:
    """Return the number of protected names."""
    return int((await tx.execute(select(func.count()).select_from(protected))).scalar_one())


async def find_known(tx: Tx, names: Sequence[str]) -> set[str]:
    """Return those of `names` that are protected."""
    known: set[str] = set()
    for some in chunks(names):
        known.update((await tx.execute(select(protected.c.name).where(protected.c.name.in_(some)))).scalars())
    return known


async def change(tx: Tx, name: str, **fields: Any) -> bool:
    """Set `owner` or `tags` (a list); False when the name is not protected."""
    unknown = fields.keys() - {"owner", "tags"}
    if unknown:
        message = f"cannot change {sorted(unknown)}"
        raise TypeError(message)
    done = await tx.execute(update(protected).where(protected.c.name == name).values(**fields))
    return done.rowcount > 0


async def remove(tx: Tx, names: Sequence[str]) -> set[str]:
    """Remove the names with their shards and resemblances, and the lookalikes that then resemble nothing.

    Which of them were protected. Events stay. Own and protected names that are watched as such stay too.
    """
    known = await find_known(tx, names)
    for some in chunks(sorted(known)):
        await tx.execute(delete(resemblances).where(resemblances.c.protected.in_(some)))
        await tx.execute(delete(protected).where(protected.c.name.in_(some)))
    if known:
        resembling = select(resemblances.c.name).where(resemblances.c.name == lookalikes.c.name)
        await tx.execute(delete(lookalikes).where(lookalikes.c.relation == "lookalike", ~resembling.exists()))
    return known


def _row(row: RowMapping) -> ProtectedRow:
    return ProtectedRow(row["name"], row["kind"], row["created_at"], row["owner"], tuple(row["tags"]))
