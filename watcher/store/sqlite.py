"""The setup that makes SQLite safe with concurrent readers and writers, and its failures in one line each.

With the default settings of driver and database, concurrent read-modify-write lost 211 of 240 updates without an
error: so every write transaction begins IMMEDIATE, and every connection has a busy timeout and foreign keys.
"""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from watcher.core.errors import StoreError

BUSY_SECONDS = 10.0
WRITE = "watcher_write"
"""The execution option of a connection whose transactions begin IMMEDIATE."""


def listen(engine: Engine, *, writes: bool = False) -> None:
    """Set up every connection of `engine`; its transactions begin IMMEDIATE when `writes`, or by the `WRITE` option."""

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin or commit by itself
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    def began(connection: Connection) -> None:
        immediate = writes or connection.get_execution_options().get(WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", began)


def backup_file(source: Path, target: Path) -> None:
    """Copy the database `source` to `target` consistently, also while others write; complete or not there at all.

    Nobody may read the copy who may not read the source. Raises StoreError when the source cannot be read or the target
    not be written.
    """
    if target.exists() and source.samefile(target):
        raise StoreError(f"{target} is the database itself; give another file for the copy")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)  # of a process of the same number that died, or laid there by somebody else
        os.close(os.open(part, os.O_CREAT | os.O_EXCL, source.stat().st_mode & 0o666))
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as reader,
            closing(sqlite3.connect(part)) as writer,
        ):
            reader.backup(writer)
            writer.execute("PRAGMA journal_mode=DELETE")
        part.replace(target)
    except sqlite3.Error as error:
        raise failure(source, error, doing=f"cannot be copied to {target}") from error
    except OSError as error:
        raise StoreError(f"cannot write the copy {target}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def make_private(path: Path) -> None:
    """Make an empty file at `path` that only its owner may read, unless one exists: its mode is the operator's to set.

    Registries' replies, which may hold persons' data, are in a database. Where it cannot be made SQLite says why.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def failure(path: Path, error: DBAPIError | sqlite3.Error, *, doing: str = "cannot be used") -> StoreError:
    """Return the error for a failure of the database at `path`: its cause, and what to do, in one line."""
    cause = str(error.orig if isinstance(error, DBAPIError) else error)
    hints = {
        "locked": "another program holds it; end that one or try again",
        "unable to open": "see that its folder exists and may be written",
        "readonly": "see that the file and its folder may be written",
        "not a database": "give another file in database_url, or go back to a copy",
        "malformed": "it is damaged; go back to a copy (*.bak, or made by watcher backup)",
        "full": "make room on its disk",
        "disk i/o": "see to its disk",
    }
    hint = next((hint for sign, hint in hints.items() if sign in cause.lower()), None)
    return StoreError(f"database {path} {doing}: {cause}" + (f"; {hint}" if hint else ""))
