"""The one door to the database: open it, then read or write inside a transaction.

    store = await Store.open_or_create(url, clock=clock)     # or open_existing
    async with store.write() as tx:                           # one at a time, in all processes; commits at the end
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
from typing import Any, Self, TypeVar

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from watcher.core.errors import StoreAway
from watcher.core.ports import Clock
from watcher.store import fences
from watcher.store.at_once import at_once
from watcher.store.glance import Glance
from watcher.store.ids import TimeOrderedIds
from watcher.store.places import Place, place_of
from watcher.store.sqlite import WRITE

Result = TypeVar("Result")
Tx = AsyncConnection
"""A transaction, as `Store.read` and `Store.write` hand it out."""


class StorePatience:
    """Waits for a database whose server cannot be reached. `say` is told once, in one line; `pause` ends a wait."""

    def __init__(self, say: Callable[[str], None], pause: Callable[[], Awaitable[object]]) -> None:
        self._say = say
        self._pause = pause

    async def until_done(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do `work` again until the server is there. Raises for what no waiting mends, and what `pause` raises."""
        said = False
        while True:
            try:
                return await work()
            except StoreAway as error:
                if not said:
                    self._say(f"{error.why}; waiting for it")
                    said = True
            await self._pause()


class Store:
    """An open database of this version's schema; made by `open_or_create` or `open_existing`, ended by `close`.

    `ids` makes the time-ordered ids of events, alerts and deliveries: call `store.ids()` inside a write transaction,
    so that ids are committed in their order. They stay later than every event's, also when the clock was set back.
    """

    def __init__(self, place: Place, engine: AsyncEngine, direct: Engine, ids: TimeOrderedIds) -> None:
        self.place = place
        self.ids = ids
        self._engine = engine
        self._direct = direct
        self._writer = asyncio.Lock()
        self._glance = None if place.path is None else Glance(place.path)

    @classmethod
    async def open_or_create(cls, url: str, *, clock: Clock) -> Self:
        """Open the database at `url`, created where missing; a SQLite file is migrated (after a copy) where old.

        Raises ConfigurationError for a URL this version cannot use, StoreError for a database that cannot be used.
        """
        place = place_of(url)
        await asyncio.to_thread(place.prepare, now=clock.now())
        return await cls._opened(place, clock)

    open = open_or_create

    @classmethod
    async def open_existing(cls, url: str, *, clock: Clock) -> Self:
        """Open the database at `url`, which must be there and be of this version; nothing is created or migrated.

        Raises ConfigurationError, or StoreError that says what to do.
        """
        place = place_of(url)
        await asyncio.to_thread(place.check)
        return await cls._opened(place, clock)

    @classmethod
    async def open_patiently(cls, url: str, patience: StorePatience, *, clock: Clock) -> Self:
        """Open the database at `url` as `open_or_create` does, and wait while its server cannot be reached."""
        return await patience.until_done(lambda: cls.open_or_create(url, clock=clock))

    @classmethod
    async def _opened(cls, place: Place, clock: Clock) -> Self:
        store = cls(place, *place.engines(), TimeOrderedIds(clock))
        try:
            async with store.read() as tx:
                await store._follow(tx)
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def shared(self) -> bool:
        """Return whether other machines may use it too."""
        return self.place.path is None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """Give a snapshot of the database; what is written inside is undone."""
        try:
            async with self._engine.connect() as connection:
                await self.place.begin_reading(connection)
                yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self.place.failure(error) from error

    async def glance(self, work: Callable[[Tx], Awaitable[Result]]) -> Result:
        """Return the result of a short read: a few rows by their key. A file is read at once, without a thread."""
        if self._glance is None:
            async with self.read() as tx:
                return await work(tx)
        try:
            return self._glance.read(work)
        except DBAPIError as error:
            raise self.place.failure(error) from error

    def version(self) -> int | None:
        """Return a number that changes with every commit, also of other processes; None where that is not known.

        What was read under another number may be old.
        """
        return None if self._glance is None else self._glance.version()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """Be the only writer until the end, when all is committed; an exception undoes all of it.

        Raises StoreError when the database cannot be written (another process holds it too long, disk full).
        """
        try:
            async with self._writer, self._engine.connect() as plain:
                connection = await plain.execution_options(**{WRITE: True})
                async with connection.begin():
                    await self._begin_writing(connection)
                    await fences.hold(connection)
                    yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self.place.failure(error) from error

    async def _begin_writing(self, tx: Tx) -> None:
        if self.shared:
            await self.place.begin_writing(tx)
            await self._follow(tx)

    async def _follow(self, tx: Tx) -> None:
        """Make only ids that are later than those of all processes."""
        self.ids.follow((await tx.execute(text("SELECT max(id) FROM events"))).scalar_one())

    async def write_all(self, works: Sequence[Callable[[Tx], Awaitable[Any]]]) -> list[Any]:
        """Run `works` in one write transaction, return their results; quicker than `write` for many statements.

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
                at_once(connection, self._begin_writing)
                return [at_once(connection, work) for work in works]
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self.place.failure(error) from error

    async def close(self) -> None:
        """Close every connection; the store is of no use after it."""
        self._direct.dispose()
        if self._glance is not None:
            self._glance.close()
        await self._engine.dispose()


async def find_revision(store: Store) -> str | None:
    """Return the revision of the schema as the database says it now: another version may have migrated it since."""
    async with store.read() as tx:
        found: str | None = (await tx.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
        return found


async def migrate_database(url: str, *, clock: Clock) -> str | None:
    """Bring the database at `url` to this version, creating it where missing; return the path of the copy made before.

    Raises StoreError.
    """
    return await asyncio.to_thread(place_of(url).migrate, now=clock.now())


async def backup(url: str, file: Path) -> None:
    """Write a consistent copy of the database at `url`, also while the service runs.

    Raises StoreError when there is no database, or the copy cannot be written.
    """
    await asyncio.to_thread(place_of(url).backup, file)
