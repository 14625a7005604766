"""Insert-or-update and insert-or-leave, spelled alike for SQLite and PostgreSQL."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

Item = TypeVar("Item")

CHUNK = 500
"""Values bound to one statement: well below what any SQLite build takes."""


@cache
def insert_or_leave(dialect: str, table: Table) -> Insert:
    """INSERT that leaves rows whose primary key is there as they are."""
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


@cache
def insert_or_update(dialect: str, table: Table, *, keep: frozenset[str] = frozenset()) -> Insert:
    """INSERT that overwrites every column but the primary key and those in `keep` where the row is there.

    A table whose columns are all kept, or all of the key, has nothing to overwrite.
    """
    keys = [column.name for column in table.primary_key]
    changing = [c.name for c in table.c if c.name not in keys and c.name not in keep]
    if not changing:
        return insert_or_leave(dialect, table)
    if dialect == "postgresql":
        insert = postgresql.insert(table)
        return insert.on_conflict_do_update(
            index_elements=keys, set_={name: insert.excluded[name] for name in changing}
        )
    lite = sqlite.insert(table)
    return lite.on_conflict_do_update(index_elements=keys, set_={name: lite.excluded[name] for name in changing})


def chunks(items: Sequence[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    """Yield `items` in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
