"""A PostgreSQL database: its connections, its one writer at a time, its migrations, its failures in one line each.

Services read, decide and write in one transaction, as they do on SQLite. So all processes take turns to write: each
write transaction begins with an advisory lock, which ends with it. A process that stops in the middle of one is cut
off by the server after `IDLE_SECONDS`, so that it holds up nobody for longer.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from watcher.core.errors import StoreAway, StoreError
from watcher.store import schema

WRITING, MIGRATING = 0x77617463_00000001, 0x77617463_00000002
"""Keys of the advisory locks: for a write transaction, for a migration."""

IDLE_SECONDS = 10
_LOCK_SECONDS, _STATEMENT_SECONDS, _CONNECT_SECONDS = 20, 60, 10
_SESSION = {
    "timezone": "UTC",
    "lock_timeout": f"{_LOCK_SECONDS}s",
    "statement_timeout": f"{_STATEMENT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
}
_CONNECTING = {
    "connect_timeout": _CONNECT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # a cut line is an error after 20 s, not after a quarter of an hour
}


class PostgresServer:
    """One database of a PostgreSQL server."""

    path: Path | None = None

    def __init__(self, url: URL) -> None:
        self.url = url.set(drivername="postgresql+psycopg")
        named = {"application_name": "watcher"} if "application_name" not in url.query else {}
        self._connecting = _CONNECTING | named
        self.shown = url.set(drivername="postgresql").render_as_string(hide_password=True)

    def exists(self) -> bool:
        """Return whether a watcher database is there. Raises StoreError when the server cannot be used."""
        return self.find_revision() is not None

    def find_revision(self) -> str | None:
        """Return the revision of its schema; None while it is empty."""
        with self._connected() as connection:
            return schema.find_revision(connection, self.shown)

    def free_bytes(self) -> int | None:
        """Return None: the disk is the server's."""
        return None

    def prepare(self, *, now: datetime) -> None:  # noqa: ARG002 (a file's copy needs it)
        """Make the tables of an empty database. Raises StoreError for one of another version."""
        with self._migrating() as connection:
            if schema.find_revision(connection, self.shown) is None:
                _upgrade(connection, None)
        self.check()

    def migrate(self, *, now: datetime, folder: Path | None = None) -> str | None:  # noqa: ARG002 (as above)
        """Bring the database to the head revision; None, as no copy is made: that is for pg_dump. Idempotent."""
        with self._migrating() as connection:
            if schema.find_revision(connection, self.shown, folder) != schema.head(folder):
                _upgrade(connection, folder)
        return None

    def check(self) -> None:
        """Raise StoreError unless the database is there, of this version, and its tables are as they should be."""
        with self._connected() as connection:
            found = schema.find_revision(connection, self.shown)
            if found is None:
                raise StoreError(f"{self.shown} is empty; run `watcher migrate`, or start `watcher serve`")
            if found != schema.head():
                raise StoreError(
                    f"{self.shown} is of an older version (schema {found}, this version needs {schema.head()}); "
                    "run `watcher migrate`"
                )
            schema.check(connection, self.shown)

    def engines(self) -> tuple[AsyncEngine, Engine]:
        """Return new pools of connections, one for the event loop, one for threads."""
        options: dict[str, Any] = {"connect_args": self._connecting, "pool_pre_ping": True}
        loop = create_async_engine(self.url, pool_size=4, max_overflow=8, **options)
        direct = create_engine(self.url, pool_size=1, **options)
        for engine in (loop.sync_engine, direct):
            event.listen(engine, "connect", _set_up)
        return loop, direct

    async def begin_reading(self, tx: AsyncConnection) -> None:
        """Make the transaction a snapshot."""
        await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))

    async def begin_writing(self, tx: AsyncConnection) -> None:
        """Wait until no other process writes. Raises an OperationalError when that takes too long."""
        await tx.execute(text(f"SELECT pg_advisory_xact_lock({WRITING})"))

    def backup(self, file: Path) -> None:
        """Raise StoreError: PostgreSQL has its own tools for it."""
        raise StoreError(f"{self.shown} is copied with PostgreSQL's own tools: pg_dump --format=custom --file={file}")

    def failure(self, error: DBAPIError) -> StoreError:
        """Return what went wrong, and what to do, in one line."""
        state = getattr(error.orig, "sqlstate", None) or ""
        lines = str(error.orig).strip().splitlines()
        cause = re.sub(r"\s+", " ", lines[0] if lines else type(error.orig).__name__)
        hint = next((hint for start, hint in _HINTS.items() if state.startswith(start)), None)
        if not state and hint is None:
            hint = "see that the server runs and can be reached from here"
        passing = state.startswith(_PASSING) if state else "FATAL" not in cause or bool(_RESTARTING.search(cause))
        kind = StoreAway if passing else StoreError
        return kind(f"database {self.shown} cannot be used: {cause}" + (f"; {hint}" if hint else ""))

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = create_engine(self.url, poolclass=NullPool, connect_args=self._connecting)
        event.listen(engine, "connect", _set_up)
        try:
            with engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise self.failure(error) from error
        finally:
            engine.dispose()

    @contextmanager
    def _migrating(self) -> Iterator[Connection]:
        """Give a transaction in which nobody else migrates, and nobody writes."""
        with self._connected() as connection, connection.begin():
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = '60s'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATING})"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITING})"))
            yield connection


_HINTS = {
    "28": "see user and password in database_url",
    "3D": "create the database, or give another one in database_url",
    "42501": "the user of database_url needs the right to create tables there",
    "53100": "make room on its disk",
    "53300": "raise max_connections, or run fewer processes",
    "55P03": "another process holds it; look at pg_stat_activity",
    "57P": "it stops or starts; wait for it",
    "25P03": "this process stood still for too long",
}

_PASSING = ("08", "53300", "57P")
"""The states in which another try a little later may succeed: no connection, too many of them, the server restarts."""
_RESTARTING = re.compile(r"starting up|shutting down|recovery|accepting connections|too many|connection slots")
"""The same while connecting, where a refusal has no state."""


def _set_up(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in _SESSION.items())
        )
    connection.commit()


def _upgrade(connection: Connection, folder: Path | None) -> None:
    """Bring the tables to the head revision; names sort by their bytes, as on SQLite, whatever the locale."""
    schema.upgrade(connection, folder)
    if not inspect(connection).has_table("procrastinate_jobs"):
        driver = connection.connection.driver_connection
        if driver is not None:
            driver.execute(SchemaManager.get_schema())
    query = text(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND data_type = 'text' AND coalesce(collation_name, '') <> 'C' AND table_name NOT LIKE 'procrastinate%' "
        "AND table_name <> 'alembic_version' ORDER BY 1, 2"
    )
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(query).all():
        columns.setdefault(table, []).append(column)
    for table, names in columns.items():
        changes = ", ".join(f'ALTER COLUMN "{name}" TYPE text COLLATE "C"' for name in names)
        connection.execute(text(f'ALTER TABLE "{table}" {changes}'))
