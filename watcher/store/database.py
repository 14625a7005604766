"""The one door to the database: open it, then read or write inside a transaction.

    store = await Store.open_or_create(url, clock=clock)     # or open_existing
    async with store.write() as tx:                           # BEGIN IMMEDIATE, commits at the end, one at a time
        await protected_names.add(tx, rows, now=clock.now())
    async with store.read() as tx:                            # a consistent snapshot that blocks nobody
        rows = await protected_names.list_all(tx)
    await store.close()

The queries are functions in the sibling modules, which take the transaction first. An exception inside `write` undoes
everything in it. Inside `write`, wait for nothing but the database: all other writers wait for you, also one that you
open inside yourself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from watcher.core.errors import ConfigurationError, StoreError
from watcher.core.ports import Clock
from watcher.store.at_once import at_once
from watcher.store.ids import TimeOrderedIds
from watcher.store.migrate import head, migrate, revision_of
from watcher.store.sqlite import WRITE, backup_file, failure, listen

Tx = AsyncConnection
"""A transaction, as `Store.read` and `Store.write` hand it out."""


class Store:
    """An open database of this version's schema; made by `open_or_create` or `open_existing`, ended by `close`.

    `ids` makes the time-ordered ids of events, alerts and deliveries: call `store.ids()` inside a write transaction,
    so that ids are committed in their order. They stay later than every event's, also when the clock was set back.
    """

    def __init__(self, path: Path, engine: AsyncEngine, direct: Engine, ids: TimeOrderedIds) -> None:
        self.path = path
        self.ids = ids
        self._engine = engine
        self._direct = direct
        self._writer = asyncio.Lock()

    @classmethod
    async def open_or_create(cls, url: str, *, clock: Clock) -> Self:
        """The database at `url`, created where missing, migrated (after a copy) where old.

        Raises ConfigurationError for a URL this version cannot use, StoreError for a database that cannot be used.
        """
        path = sqlite_path(url)
        if not path.parent.is_dir():
            raise StoreError(f"the folder of the database {path} does not exist; create it or change database_url")
        await asyncio.to_thread(migrate, path, now=clock.now())
        return await cls._opened(path, clock)

    open = open_or_create

    @classmethod
    async def open_existing(cls, url: str, *, clock: Clock) -> Self:
        """The database at `url`, which must be there and be of this version; nothing is created or migrated.

        Raises ConfigurationError, or StoreError that says what to do.
        """
        path = sqlite_path(url)
        if not path.is_file():
            raise _none_at(path)
        found = await asyncio.to_thread(revision_of, path)
        if found != head():
            raise StoreError(f"the database {path} is of an older version; run `watcher migrate`")
        return await cls._opened(path, clock)

    @classmethod
    async def _opened(cls, path: Path, clock: Clock) -> Self:
        engine = create_async_engine(URL.create("sqlite+aiosqlite", database=str(path)), pool_size=4, max_overflow=8)
        listen(engine.sync_engine)
        direct = create_engine(URL.create("sqlite", database=str(path)), pool_size=1)
        listen(direct, writes=True)
        store = cls(path, engine, direct, TimeOrderedIds(clock))
        try:
            async with store.read() as tx:
                last = (await tx.execute(text("SELECT max(id) FROM events"))).scalar_one()
        except BaseException:
            await store.close()
            raise
        store.ids.follow(last)
        return store

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A snapshot of the database; what is written inside is undone."""
        try:
            async with self._engine.connect() as connection:
                yield connection
        except IntegrityError:
            raise
        except DatabaseError as error:
            raise failure(self.path, error) from error

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """The only writer of this process until the end, when all is committed; an exception undoes all of it.

        Raises StoreError when the database cannot be written (another process holds it too long, disk full).
        """
        try:
            async with self._writer, self._engine.connect() as plain:
                connection = await plain.execution_options(**{WRITE: True})
                async with connection.begin():
                    yield connection
        except IntegrityError:
            raise
        except DatabaseError as error:
            raise failure(self.path, error) from error

    async def write_all(self, works: Sequence[Callable[[Tx], Awaitable[Any]]]) -> list[Any]:
        """What each of `works` returns, all done in one write transaction; quicker than `write` for many statements.

        It is done in a thread, while nobody else writes. They may wait for nothing but the transaction. When the caller
        is cancelled meanwhile, the transaction ends first: it may be committed all the same.
        """
        async with self._writer:
            done = asyncio.ensure_future(asyncio.to_thread(self._write_all, works))
            try:
                return await asyncio.shield(done)
            except asyncio.CancelledError:
                while not done.done():  # cancelled once more, others still may not write
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait([done])
                done.exception()  # that it failed is not what the caller waits for any more
                raise

    def _write_all(self, works: Sequence[Callable[[Tx], Awaitable[Any]]]) -> list[Any]:
        try:
            with self._direct.begin() as connection:
                return [at_once(connection, work) for work in works]
        except IntegrityError:
            raise
        except DatabaseError as error:
            raise failure(self.path, error) from error

    async def close(self) -> None:
        """Close every connection; the store is of no use after it."""
        self._direct.dispose()
        await self._engine.dispose()


def sqlite_path(url: str) -> Path:
    """The file a database URL names. Raises ConfigurationError for what this version cannot use."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # of a wrong port, with what stands there, which may be of the password
        raise ConfigurationError("database_url", "not a URL; write sqlite:///watcher.db") from None
    if parsed.get_backend_name() in {"postgresql", "postgres"}:
        raise ConfigurationError("database_url", "this version supports SQLite only; write sqlite:///watcher.db")
    if parsed.get_backend_name() != "sqlite":
        raise ConfigurationError("database_url", f"{parsed.get_backend_name()} is not supported; write sqlite:///FILE")
    if parsed.host:
        raise ConfigurationError("database_url", "three slashes before a relative path, four before an absolute one")
    if parsed.database in {None, "", ":memory:"} or parsed.query:
        raise ConfigurationError("database_url", "name a file and nothing else: sqlite:///watcher.db")
    return Path(str(parsed.database))


async def migrate_database(url: str, *, clock: Clock) -> str | None:
    """Bring the database at `url` to this version, creating it where missing; the path of the copy made before."""
    path = sqlite_path(url)
    if not path.parent.is_dir():
        raise StoreError(f"the folder of the database {path} does not exist; create it or change database_url")
    return await asyncio.to_thread(migrate, path, now=clock.now())


async def backup(url: str, file: Path) -> None:
    """A consistent copy of the database at `url`, also while the service runs; `file` appears complete or not at all.

    Raises StoreError when there is no database, or the copy cannot be written.
    """
    path = sqlite_path(url)
    if not path.is_file():
        raise _none_at(path)
    await asyncio.to_thread(backup_file, path, file)


def _none_at(path: Path) -> StoreError:
    return StoreError(f"there is no database at {path}; `watcher protect add NAME` or `watcher serve` makes one")
