"""Reads that take microseconds, done at once on the event loop's own thread.

A trip to the driver's thread and back costs more than finding a few rows by their key, and requests of the API find
little else. A SQLite file in WAL mode is read without waiting for any writer. Nothing long may be read here.
"""

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import StaticPool, create_engine
from sqlalchemy.engine import URL, Engine
from sqlalchemy.ext.asyncio import AsyncConnection

from watcher.store.at_once import at_once
from watcher.store.sqlite import failure, listen

Result = TypeVar("Result")


class Glance:
    """One connection for short reads, opened when first used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine: Engine | None = None
        self._plain: sqlite3.Connection | None = None

    def read(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """Return the result of `work` on a snapshot. Raises DBAPIError."""
        if self._engine is None:
            url = URL.create("sqlite", database=str(self._path))
            made = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
            listen(made)
            self._engine = made
        with self._engine.connect() as connection:
            return at_once(connection, work)

    def version(self) -> int:
        """Return a number that changes with every commit of anybody else's connection. Raises StoreError."""
        try:
            if self._plain is None:
                self._plain = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            number: int = self._plain.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise failure(self._path, error) from error
        return number

    def close(self) -> None:
        """Close the connection."""
        if self._engine is not None:
            self._engine.dispose()
        if self._plain is not None:
            self._plain.close()
