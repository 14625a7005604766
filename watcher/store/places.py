"""The place of a database: a SQLite file or a PostgreSQL server, by its URL, with the differences between the two."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from watcher.core.errors import ConfigurationError, StoreError
from watcher.store import migrate
from watcher.store.postgresql import PostgresServer
from watcher.store.sqlite import backup_file, failure, listen


class Place(Protocol):
    """The differences between the kinds of databases. Every method but `engines` raises StoreError."""

    shown: str
    """The place for messages, without a password."""
    path: Path | None
    """The file, where it is one."""

    def exists(self) -> bool:
        """Return whether a watcher database is there."""
        ...

    def find_revision(self) -> str | None:
        """Return the revision of its schema; None where there is no database."""
        ...

    def free_bytes(self) -> int | None:
        """Return what is left on its disk; None where that is another machine's."""
        ...

    def prepare(self, *, now: datetime) -> None:
        """Make the database where it is missing; bring it to this version where that is safe."""
        ...

    def migrate(self, *, now: datetime) -> str | None:
        """Bring it to this version, creating it where it is missing; return the path of the copy made before."""
        ...

    def check(self) -> None:
        """Raise StoreError unless it is there, of this version, and its tables are as they should be."""
        ...

    def engines(self) -> tuple[AsyncEngine, Engine]:
        """Return new pools of connections, one for the event loop, one for threads."""
        ...

    async def begin_reading(self, tx: AsyncConnection) -> None:
        """Make the transaction a snapshot."""
        ...

    async def begin_writing(self, tx: AsyncConnection) -> None:
        """Wait until no other process writes."""
        ...

    def backup(self, file: Path) -> None:
        """Write a consistent copy, also while the service runs."""
        ...

    def failure(self, error: DBAPIError) -> StoreError:
        """Return what went wrong, and what to do, in one line."""
        ...


class SqliteFile:
    """A SQLite database in a file."""

    def __init__(self, path: Path) -> None:
        self.path: Path | None = path
        self._path = path
        self.shown = str(path)

    def exists(self) -> bool:
        """Return whether the file is there."""
        return self._path.is_file()

    def find_revision(self) -> str | None:
        """Return the revision of its schema; None where there is no database."""
        return migrate.find_revision(self._path) if self.exists() else None

    def free_bytes(self) -> int | None:
        """Return what is left on its disk."""
        return shutil.disk_usage(self._path.parent).free

    def prepare(self, *, now: datetime) -> None:
        """Make or migrate it, after a copy."""
        self.migrate(now=now)
        migrate.check(self._path)

    def migrate(self, *, now: datetime) -> str | None:
        """Make or migrate it, after a copy, whose path is returned."""
        if not self._path.parent.is_dir():
            raise StoreError(
                f"the folder of the database {self._path} does not exist; create it or change database_url"
            )
        return migrate.migrate(self._path, now=now)

    def check(self) -> None:
        """Raise StoreError unless it is there, of this version, and its tables are as they should be."""
        if not self.exists():
            raise StoreError(
                f"there is no database at {self._path}; `watcher protect add NAME` or `watcher serve` makes one"
            )
        migrate.check(self._path)

    def engines(self) -> tuple[AsyncEngine, Engine]:
        """Return new pools of connections, one for the event loop, one for threads."""
        file = str(self._path)
        loop = create_async_engine(URL.create("sqlite+aiosqlite", database=file), pool_size=4, max_overflow=8)
        listen(loop.sync_engine)
        direct = create_engine(URL.create("sqlite", database=file), pool_size=1)
        listen(direct, writes=True)
        return loop, direct

    async def begin_reading(self, tx: AsyncConnection) -> None:
        """Do nothing: SQLite's transactions are snapshots."""

    async def begin_writing(self, tx: AsyncConnection) -> None:
        """Do nothing: `BEGIN IMMEDIATE` has waited."""

    def backup(self, file: Path) -> None:
        """Write a consistent copy; `file` appears complete or not at all."""
        if not self.exists():
            self.check()
        backup_file(self._path, file)

    def failure(self, error: DBAPIError) -> StoreError:
        """Return what went wrong, and what to do, in one line."""
        return failure(self._path, error)


def place_of(url: str) -> Place:
    """Return the place that a database URL names. Raises ConfigurationError for what this version cannot use."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # of a wrong port, with what stands there, which may be of the password
        raise ConfigurationError(
            "database_url", "not a URL; write sqlite:///watcher.db or postgresql://USER@HOST/DATABASE"
        ) from None
    if parsed.get_backend_name() in {"postgresql", "postgres"}:
        if parsed.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
            raise ConfigurationError("database_url", f"{parsed.drivername} is not supported; write postgresql://")
        if not parsed.database:
            raise ConfigurationError("database_url", "name the database: postgresql://USER@HOST/DATABASE")
        return PostgresServer(parsed)
    if parsed.get_backend_name() != "sqlite":
        raise ConfigurationError(
            "database_url", f"{parsed.get_backend_name()} is not supported; write sqlite:///FILE or postgresql://..."
        )
    if parsed.host:
        raise ConfigurationError("database_url", "three slashes before a relative path, four before an absolute one")
    if parsed.database in {None, "", ":memory:"} or parsed.query:
        raise ConfigurationError("database_url", "name a file and nothing else: sqlite:///watcher.db")
    return SqliteFile(Path(str(parsed.database)))
