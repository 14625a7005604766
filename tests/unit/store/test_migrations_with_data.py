"""From every revision, with rows in every table, up to this version: on SQLite and on PostgreSQL; nothing is lost."""

import contextlib
import shutil

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Boolean, DateTime, Float, Integer, LargeBinary, MetaData, create_engine, insert, select
from sqlalchemy.engine import make_url

from tests.fakes.clock import FakeClock
from watcher.store import Store, migrate_database, place_of
from watcher.store.migrate import migrate
from watcher.store.schema import head, migrations_folder, upgrade

REVISIONS = [script.revision for script in reversed(list(ScriptDirectory(str(migrations_folder())).walk_revisions()))]


def folder_up_to(revision, tmp_path):
    """Copy the migrations up to a revision."""
    source, target = migrations_folder(), tmp_path / "migrations"
    (target / "versions").mkdir(parents=True)
    shutil.copy(source / "env.py", target)
    for path in (source / "versions").glob("[0-9]*.py"):
        if path.name[:4] <= revision:
            shutil.copy(path, target / "versions")
    return target


@contextlib.contextmanager
def engine_of(url):
    made = make_url(url)
    engine = create_engine(made.set(drivername="postgresql+psycopg") if made.get_backend_name() != "sqlite" else made)
    try:
        yield engine
    finally:
        engine.dispose()


def value(column, key):
    """Return something for a column, the same for what refers to it."""
    kinds = {
        JSON: {"evidence": []},
        Boolean: True,
        DateTime: FakeClock().now(),
        Float: 0.5,
        Integer: 1,
        LargeBinary: b"bytes",
    }
    kind = next((made for type_, made in kinds.items() if isinstance(column.type, type_)), None)
    text = "01936a6c-0000-7000-8000-000000000000" if key == "id" else f"some {key}"
    return text if kind is None else kind


def fill(url):
    """Put one row into every table, by what the tables say of themselves; return the tables with their rows."""
    with engine_of(url) as engine:
        found = MetaData()
        found.reflect(engine)
        rows = {}
        with engine.begin() as connection:
            for table in found.sorted_tables:
                if table.name == "alembic_version" or table.name.startswith(("procrastinate", "lookalike_words")):
                    continue
                row = {
                    column.name: value(column, "name" if column.foreign_keys else column.name)
                    for column in table.columns
                }
                for column in table.columns:
                    for key in column.foreign_keys:
                        row[column.name] = rows[key.column.table.name][key.column.name]
                connection.execute(insert(table), row)
                rows[table.name] = row
        return rows


@pytest.mark.parametrize("revision", REVISIONS)
async def test_up_from_every_revision_with_rows(url, revision, tmp_path, clock):
    folder = folder_up_to(revision, tmp_path)
    if (path := place_of(url).path) is not None:
        migrate(path, now=clock.now(), folder=folder)
    else:
        with engine_of(url) as engine, engine.begin() as connection:
            upgrade(connection, folder)
    rows = fill(url)
    assert len(rows) > 10
    await migrate_database(url, clock=clock)
    assert place_of(url).find_revision() == head()
    store = await Store.open_existing(url, clock=clock)
    await store.close()
    with engine_of(url) as engine, engine.connect() as connection:
        now = MetaData()
        now.reflect(engine)
        for name, row in rows.items():
            [kept] = connection.execute(select(now.tables[name])).mappings().all()
            for column, before in row.items():
                after = kept[column]
                assert (after.replace(tzinfo=before.tzinfo) if hasattr(before, "tzinfo") else after) == before, (
                    name,
                    column,
                )
