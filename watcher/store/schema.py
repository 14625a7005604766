"""The schema of this version: its migrations, the revision that a database has, and whether the two agree."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Inspector, UniqueConstraint, inspect

import watcher
from watcher.core.errors import StoreError
from watcher.store.tables import metadata

_SHOWN = 3


def migrations_folder() -> Path:
    """Return where the migrations are: inside an installed wheel, or beside the package in a checkout."""
    package = Path(watcher.__file__).resolve().parent
    for folder in (package / "_migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise StoreError("this installation lacks its migrations; install watcher again")


def head(folder: Path | None = None) -> str:
    """Return the revision of this version's schema."""
    revision = ScriptDirectory(str(folder or migrations_folder())).get_current_head()
    if revision is None:
        raise StoreError("this installation lacks its migrations; install watcher again")
    return revision


def find_revision(connection: Connection, shown: str, folder: Path | None = None) -> str | None:
    """Return the revision of the database behind `connection`; None for an empty one.

    Raises StoreError, which names the database as `shown`, when it is no watcher database or of a newer version.
    """
    folder = folder or migrations_folder()
    known = {script.revision for script in ScriptDirectory(str(folder)).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        if inspect(connection).get_table_names():
            raise StoreError(f"{shown} is not a watcher database; give another one in database_url")
        return None
    if found not in known:
        raise StoreError(
            f"{shown} was made by a newer version of watcher (schema {found}, this version has {head(folder)}); "
            "install that version, or go back to a copy made before its migration"
        )
    return found


def upgrade(connection: Connection, folder: Path | None = None) -> None:
    """Bring the database behind `connection` to the head revision, in the transaction that is open."""
    config = Config()
    config.set_main_option("script_location", str(folder or migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, head(folder))


def check(connection: Connection, shown: str) -> None:
    """Raise StoreError when the tables are not those of the revision that the database says it has."""
    found = list(differences(connection))
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise StoreError(
            f"{shown} says that it has schema {head()}, but {'; '.join(found[:_SHOWN])}{more}: it was changed by hand "
            "or made by an unreleased version; go back to a copy"
        )


def differences(connection: Connection) -> Iterator[str]:
    """Yield each way in which the tables differ from this version's. Tables of others are nobody's business."""
    inspector = inspect(connection)
    columns = inspector.get_multi_columns()
    keys = inspector.get_multi_pk_constraint()
    for table in metadata.sorted_tables:
        found = {column["name"]: column for column in columns.get((None, table.name), ())}
        if not found:
            yield f"the table {table.name} is missing"
            continue
        for column in table.columns:
            if column.name not in found:
                yield f"{table.name}.{column.name} is missing"
                continue
            there = found.pop(column.name)
            if bool(there["nullable"]) != bool(column.nullable):
                yield f"{table.name}.{column.name} may{' not' if column.nullable else ''} be null"
            if there["type"]._type_affinity is not column.type._type_affinity:  # noqa: SLF001 (the only name for it)
                yield f"{table.name}.{column.name} is of type {there['type']}"
        for name in found:
            yield f"{table.name}.{name} is unknown"
        if set(keys[None, table.name]["constrained_columns"]) != set(table.primary_key.columns.keys()):
            yield f"{table.name} has another primary key"
        yield from _index_differences(inspector, table)


def _index_differences(inspector: Inspector, table: Any) -> Iterator[str]:
    unique = {tuple(c.columns.keys()) for c in table.constraints if isinstance(c, UniqueConstraint)}
    there = {tuple(row["column_names"]) for row in inspector.get_unique_constraints(table.name)}
    for names in unique - there:
        yield f"{table.name} lacks that {', '.join(names)} are unique"
    indexes = {str(row["name"]) for row in inspector.get_indexes(table.name)}
    for index in table.indexes:
        if index.name not in indexes:
            yield f"the index {index.name} is missing"
