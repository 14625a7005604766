"""Bring a SQLite database to this version's schema by itself, after a copy; refuse one made by a newer version.

Two processes may try at once: the second waits for the first and finds nothing left to do.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

import watcher
from watcher.core.errors import StoreError
from watcher.store.sqlite import backup_file, failure, listen, make_private

KEPT_COPIES = 2


def migrations_folder() -> Path:
    """Where the migrations are: inside an installed wheel, or beside the package in a checkout."""
    package = Path(watcher.__file__).resolve().parent
    for folder in (package / "_migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise StoreError("this installation lacks its migrations; install watcher again")


def head(folder: Path | None = None) -> str:
    """The revision of this version's schema."""
    revision = ScriptDirectory(str(folder or migrations_folder())).get_current_head()
    if revision is None:
        raise StoreError("this installation lacks its migrations; install watcher again")
    return revision


def revision_of(path: Path) -> str | None:
    """The schema revision of an existing database file; None for an empty one.

    Raises StoreError when it cannot be read or is no watcher database.
    """
    with _opened(path) as connection:
        return _revision(connection, path, migrations_folder())


def migrate(path: Path, *, now: datetime, folder: Path | None = None) -> str | None:
    """Bring the database at `path` to the head revision, creating it where it is missing; idempotent.

    Returns the path of the copy made before, as text, or None when none was needed. The last two copies are kept.
    Raises StoreError: made by a newer version, no watcher database, unreadable, locked.
    """
    folder = folder or migrations_folder()
    goal = head(folder)
    before = None
    if path.exists():
        with _opened(path) as connection:
            before = _revision(connection, path, folder)
    if before == goal:
        return None
    copy = None if before is None else _copy(path, before, now)
    with _opened(path, create=True) as connection:
        driver = connection.connection.driver_connection
        if driver is not None:  # outside of any transaction, or SQLite ignores it
            driver.execute("PRAGMA journal_mode=WAL").close()
        with connection.begin():
            if _revision(connection, path, folder) != goal:
                config = Config()
                config.set_main_option("script_location", str(folder).replace("%", "%%"))
                config.attributes["connection"] = connection
                command.upgrade(config, goal)
    return None if copy is None else str(copy)


@contextmanager
def _opened(path: Path, *, create: bool = False) -> Iterator[Connection]:
    if create:
        make_private(path)
    uri = f"{path.resolve().as_uri()}?mode={'rwc' if create else 'rw'}"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
    listen(engine, writes=True)
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        raise failure(path, error) from error
    finally:
        engine.dispose()


def _revision(connection: Connection, path: Path, folder: Path) -> str | None:
    known = {script.revision for script in ScriptDirectory(str(folder)).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        if inspect(connection).get_table_names():
            raise StoreError(f"{path} is not a watcher database; give another file in database_url")
        return None
    if found not in known:
        raise StoreError(
            f"{path} was made by a newer version of watcher (schema {found}, this version has {head(folder)}); "
            "install that version, or go back to a copy made before its migration"
        )
    return found


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
