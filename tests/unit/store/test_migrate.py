"""Migrations: made by themselves after a copy, never over a newer schema, and equal to the tables."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from watcher.core.errors import StoreError
from watcher.store import Store, migrate_database
from watcher.store.migrate import migrate
from watcher.store.schema import head, migrations_folder
from watcher.store.sqlite import backup_file
from watcher.store.tables import metadata

ON_SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_one_head():
    assert ScriptDirectory(str(migrations_folder())).get_heads() == [head()]


def test_the_migrations_make_the_tables(tmp_path):
    migrate(tmp_path / "watcher.db", now=NOW)
    engine = create_engine(f"sqlite:///{tmp_path}/watcher.db")
    with engine.connect() as connection:
        words = "lookalike_words"  # the tables of the full-text index are SQLite's own
        ours = {"include_name": lambda name, kind, _: kind != "table" or not str(name).startswith(words)}
        context = MigrationContext.configure(connection, opts={"compare_type": True, **ours})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def make_older(path, revision="0000"):
    """Pretend that the database was made by an earlier version, whose tables are gone since."""
    with closing(sqlite3.connect(path)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if not table.startswith("lookalike_words_"):  # these go with their table
                database.execute(f"DROP TABLE {table}")
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        if revision is not None:
            database.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        database.commit()


@ON_SQLITE
async def test_a_newer_schema_is_refused_and_untouched(tmp_path, clock, url):
    migrate(tmp_path / "watcher.db", now=NOW)
    make_older(tmp_path / "watcher.db", "9999")
    content = (tmp_path / "watcher.db").read_bytes()
    for open_ in (Store.open_or_create, Store.open_existing):
        with pytest.raises(StoreError, match=r"newer version of watcher \(schema 9999.*install that version"):
            await open_(url, clock=clock)
    assert (tmp_path / "watcher.db").read_bytes() == content
    assert not list(tmp_path.glob("*.bak"))


@ON_SQLITE
async def test_nothing_to_do_makes_no_copy(url, clock, tmp_path):
    assert await migrate_database(url, clock=clock) is None
    assert await migrate_database(url, clock=clock) is None
    assert [path.name for path in tmp_path.iterdir()] == ["watcher.db"]


@ON_SQLITE
async def test_an_older_one_is_not_opened_without_migration(url, clock, tmp_path):
    (tmp_path / "watcher.db").touch()
    with pytest.raises(StoreError, match="run `watcher migrate`"):
        await Store.open_existing(url, clock=clock)


class TestFromAnOlderSchema:
    """With a second migration of the test's own, until there is a real one."""

    @pytest.fixture
    def folder(self, tmp_path):
        """A folder of migrations with one more than the real ones."""
        source, target = migrations_folder(), tmp_path / "migrations"
        (target / "versions").mkdir(parents=True)
        for path in (source / "env.py", *(source / "versions").glob("*.py")):
            (target / path.relative_to(source)).write_text(path.read_text())
        newest = target / "versions" / "test_next.py"
        newest.write_text(
            f"from alembic import op\nimport sqlalchemy as sa\nrevision = 'next'\ndown_revision = {head()!r}\n"
            "branch_labels = depends_on = None\n"
            "def upgrade():\n    op.create_table('more', sa.Column('a', sa.Text()))\n    broken()\n"
            "def broken():\n    pass\n"
        )
        return target

    def test_a_copy_is_kept_and_only_the_last_two(self, tmp_path, folder):
        path = tmp_path / "watcher.db"
        for day in range(4):
            path.unlink(missing_ok=True)
            migrate(path, now=NOW)
            copy = migrate(path, now=NOW + timedelta(days=day), folder=folder)
            assert copy == str(tmp_path / f"watcher.db.{head()}.2026110{1 + day}T120000Z.bak")
        copies = sorted(tmp_path.glob("watcher.db.*.bak"))
        assert [one.name.split(".")[3] for one in copies] == ["20261103T120000Z", "20261104T120000Z"]
        with closing(sqlite3.connect(copies[-1])) as copied, closing(sqlite3.connect(path)) as migrated:
            assert copied.execute("SELECT version_num FROM alembic_version").fetchall() == [(head(),)]
            assert migrated.execute("SELECT version_num FROM alembic_version").fetchall() == [("next",)]

    def test_one_that_fails_changes_nothing(self, tmp_path, folder):
        path = tmp_path / "watcher.db"
        migrate(path, now=NOW)
        newest = folder / "versions" / "test_next.py"
        newest.write_text(newest.read_text().replace("    pass\n", "    op.execute('SELECT a FROM nowhere')\n"))
        with pytest.raises(StoreError, match="no such table: nowhere"):
            migrate(path, now=NOW, folder=folder)
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(head(),)]
            assert database.execute("SELECT 1 FROM sqlite_master WHERE name = 'more'").fetchall() == []


CHANGES_BY_HAND = {
    "a column more": ("ALTER TABLE own ADD COLUMN colour TEXT", "own.colour is unknown"),
    "a column less": ("ALTER TABLE own DROP COLUMN note", "own.note is missing"),
    "another name": ("ALTER TABLE own RENAME COLUMN note TO remark", "own.note is missing"),
    "an index less": ("DROP INDEX ix_events_at", "the index ix_events_at is missing"),
    "a table less": ("DROP TABLE probes", "the table probes is missing"),
}


@pytest.mark.parametrize(("change", "why"), CHANGES_BY_HAND.values(), ids=CHANGES_BY_HAND.keys())
async def test_tables_that_differ_from_their_revision_are_refused(url, clock, change, why):
    """A revision that was edited in place says that nothing is to be done: only a comparison shows it."""
    store = await Store.open_or_create(url, clock=clock)
    async with store.write() as tx:
        await tx.exec_driver_sql(change)
    await store.close()
    for open_ in (Store.open_or_create, Store.open_existing):
        with pytest.raises(StoreError, match=why) as raised:
            await open_(url, clock=clock)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("ALTER TABLE own ALTER COLUMN note DROP NOT NULL", "own.note may be null"),
        (
            "ALTER TABLE own ALTER COLUMN by_triage DROP DEFAULT, ALTER COLUMN by_triage TYPE text",
            "own.by_triage is of",
        ),
        ("ALTER TABLE probes DROP CONSTRAINT pk_probes", "probes has another primary key"),
        ("ALTER TABLE deliveries DROP CONSTRAINT uq_deliveries_alert_id_channel", "alert_id, channel are unique"),
    ],
)
async def test_what_only_postgresql_changes_in_place_is_refused_too(url, clock, change, why):
    store = await Store.open_or_create(url, clock=clock)
    async with store.write() as tx:
        await tx.exec_driver_sql(change)
    await store.close()
    with pytest.raises(StoreError, match=why):
        await Store.open_existing(url, clock=clock)


def test_a_restored_copy_is_put_into_wal_mode(tmp_path):
    """Else the first long read locks the writer out."""
    path, copy = tmp_path / "watcher.db", tmp_path / "copy.db"
    migrate(path, now=NOW)
    backup_file(path, copy)
    with closing(sqlite3.connect(copy)) as restored:
        assert restored.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    migrate(copy, now=NOW)
    with closing(sqlite3.connect(copy)) as restored:
        assert restored.execute("PRAGMA journal_mode").fetchone() == ("wal",)
