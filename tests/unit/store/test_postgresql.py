"""PostgreSQL: schemas of other versions are refused in one line, one writer at a time in all processes."""

import asyncio

import pytest

from tests.fakes.clock import FakeClock
from watcher.core.errors import StoreError
from watcher.core.events import Event, EventKind
from watcher.core.mail.risk import Severity
from watcher.store import Store, backup, event_log, facts, migrate_database, place_of
from watcher.store.schema import head


@pytest.fixture
def url(postgres):
    made = postgres.database()
    yield made
    postgres.drop(made)


async def refusals(url, clock):
    said = set()
    for open_ in (Store.open_or_create, Store.open_existing):
        with pytest.raises(StoreError) as raised:
            await open_(url, clock=clock)
        said.add(str(raised.value))
    [line] = said
    assert "\n" not in line
    return line


async def set_revision(url, clock, revision):
    store = await Store.open_or_create(url, clock=clock)
    async with store.write() as tx:
        await tx.exec_driver_sql("UPDATE alembic_version SET version_num = %s", (revision,))
    await store.close()


async def test_a_newer_schema_is_refused(url, clock):
    await set_revision(url, clock, "9999")
    assert f"was made by a newer version of watcher (schema 9999, this version has {head()})" in await refusals(
        url, clock
    )
    with pytest.raises(StoreError, match="newer version"):
        await migrate_database(url, clock=clock)


async def test_an_older_schema_is_refused_and_not_migrated_by_a_service(url, clock):
    """Several machines run: when the tables change is for a person to say."""
    await set_revision(url, clock, "0001")
    line = await refusals(url, clock)
    assert f"older version (schema 0001, this version needs {head()}); run `watcher migrate`" in line


async def test_an_empty_one_is_not_opened_without_being_made(url, clock):
    with pytest.raises(StoreError, match="is empty; run `watcher migrate`"):
        await Store.open_existing(url, clock=clock)


async def test_many_migrate_at_once(url, clock):
    assert await asyncio.gather(*(migrate_database(url, clock=clock) for _ in range(4))) == [None] * 4
    assert place_of(url).find_revision() == head()


async def test_the_password_is_in_no_message(clock):
    with pytest.raises(StoreError) as raised:
        await Store.open_or_create("postgresql://watcher:s3cret@127.0.0.1:1/watcher", clock=clock)
    assert "s3cret" not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "see that the server runs" in str(raised.value)


async def test_a_database_that_is_not_there(postgres, clock):
    nowhere = postgres.database() + "_not"
    with pytest.raises(StoreError, match="does not exist"):
        await Store.open_or_create(nowhere, clock=clock)


async def test_a_copy_is_for_its_own_tools(url, clock, tmp_path):
    with pytest.raises(StoreError, match="pg_dump"):
        await backup(url, tmp_path / "copy")


async def test_names_sort_by_their_bytes_whatever_the_locale(url, clock):
    store = await Store.open_or_create(url, clock=clock)
    async with store.read() as tx:
        query = (
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'text' "
            "AND collation_name IS DISTINCT FROM 'C' AND table_name !~ '^(alembic|procrastinate)'"
        )
        assert (await tx.exec_driver_sql(query)).scalar_one() == 0
    await store.close()


async def test_ids_of_two_processes_are_committed_in_their_order(url):
    """The clock of one is an hour behind."""
    ahead, behind = FakeClock(), FakeClock()
    await ahead.advance(3600)
    one, other = [await Store.open_or_create(url, clock=clock) for clock in (ahead, behind)]
    made = []
    for store, clock in [(one, ahead), (other, behind)] * 3:
        async with store.write() as tx:
            made.append(store.ids())
            event = Event(made[-1], EventKind.WATCH_STALE, Severity.MEDIUM, (), "", None, (), clock.now())
            await event_log.add(tx, [event], now=clock.now())
    assert made == sorted(set(made))
    await asyncio.gather(one.close(), other.close())


async def test_a_server_that_restarts_is_used_again(postgres, url, clock):
    store = await Store.open_or_create(url, clock=clock)
    async with store.write() as tx:
        await facts.save(tx, "a", 1, now=clock.now())

    async def cut_off():
        async with store.write() as tx:
            await facts.save(tx, "a", 2, now=clock.now())
            postgres.stop()
            postgres.start()
            await facts.save(tx, "b", 2, now=clock.now())

    with pytest.raises(StoreError):
        await cut_off()
    async with store.write() as tx:
        assert await facts.find(tx, "a") == 1
        assert await facts.find(tx, "b") is None
        await facts.save(tx, "a", 3, now=clock.now())
    [found] = await store.write_all([lambda tx: facts.find(tx, "a")])
    assert found == 3
    await store.close()


async def test_who_stands_still_in_a_transaction_is_cut_off(url, clock):
    """A process that is paused while it writes must not hold up the others for long, nor write when it wakes."""
    paused, other = [await Store.open_or_create(url, clock=clock) for _ in range(2)]

    async def write_late():
        async with paused.write() as tx:
            await tx.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '200ms'")
            await facts.save(tx, "a", "late", now=clock.now())
            async with other.write() as fresh:
                await facts.save(fresh, "a", "in time", now=clock.now())
            await facts.save(tx, "a", "later still", now=clock.now())

    with pytest.raises(StoreError, match="stood still for too long"):
        await write_late()
    async with other.read() as tx:
        assert await facts.find(tx, "a") == "in time"
    await asyncio.gather(paused.close(), other.close())
