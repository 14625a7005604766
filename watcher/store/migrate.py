"""Bring a SQLite database to this version's schema by itself, after a copy; refuse one made by a newer version.

Two processes may try at once: the second waits for the first and finds nothing left to do.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from watcher.core.errors import StoreError
from watcher.store import schema
from watcher.store.sqlite import backup_file, failure, listen, make_private

KEPT_COPIES = 2


def check(path: Path) -> None:
    """Raise StoreError unless the file is a database of this version, and its tables are as they should be."""
    with _opened(path) as connection:
        if schema.find_revision(connection, str(path)) != schema.head():
            raise StoreError(f"the database {path} is of an older version; run `watcher migrate`")
        schema.check(connection, str(path))


def find_revision(path: Path) -> str | None:
    """Return the schema revision of an existing database file; None for an empty one.

    Raises StoreError when it cannot be read or is no watcher database.
    """
    with _opened(path) as connection:
        return schema.find_revision(connection, str(path))


def migrate(path: Path, *, now: datetime, folder: Path | None = None) -> str | None:
    """Bring the database at `path` to the head revision, creating it where it is missing; idempotent.

    Returns the path of the copy made before, as text, or None when none was needed. The last two copies are kept.
    Raises StoreError: made by a newer version, no watcher database, unreadable, locked.
    """
    goal = schema.head(folder)
    before = None
    if path.exists():
        with _opened(path) as connection:
            before = schema.find_revision(connection, str(path), folder)
    if before == goal:
        _log_ahead(path)
        return None
    copy = None if before is None else _copy(path, before, now)
    with _opened(path, create=True) as connection:
        driver = connection.connection.driver_connection
        if driver is not None:  # outside of any transaction, or SQLite ignores it
            driver.execute("PRAGMA journal_mode=WAL").close()
        with connection.begin():
            if schema.find_revision(connection, str(path), folder) != goal:
                schema.upgrade(connection, folder)
    return None if copy is None else str(copy)


def _log_ahead(path: Path) -> None:
    """Put a database into WAL mode that is not: a restored copy, in which readers would lock out the writer.

    Where somebody has it open the mode stays, and the next start sets it.
    """
    with _opened(path) as connection, suppress(sqlite3.OperationalError):
        driver = connection.connection.driver_connection
        if driver is not None and driver.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            driver.execute("PRAGMA journal_mode=WAL").close()


@contextmanager
def _opened(path: Path, *, create: bool = False) -> Iterator[Connection]:
    if create:
        make_private(path)
    uri = f"{path.resolve().as_uri()}?mode={'rwc' if create else 'rw'}"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
    listen(engine, writes=create)
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        raise failure(path, error) from error
    finally:
        engine.dispose()


def _copy(path: Path, revision: str, now: datetime) -> Path:
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    copy = path.with_name(f"{path.name}.{revision}.{stamp}.bak")
    backup_file(path, copy)
    copies = sorted(path.parent.glob(f"{_escaped(path.name)}.*.bak"), key=lambda found: found.name.rsplit(".", 2)[-2])
    for old in copies[:-KEPT_COPIES]:
        old.unlink(missing_ok=True)
    return copy


def _escaped(name: str) -> str:
    return "".join(f"[{character}]" if character in "[]*?" else character for character in name)
