"""The door to the database: nothing is lost by writers side by side, killed or cancelled; failures are one line."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from tests.fakes.clock import FakeClock
from watcher.core.errors import ConfigurationError, StoreError
from watcher.core.events import Event, EventKind
from watcher.core.mail.risk import Severity
from watcher.store import Store, backup, event_log, facts, protected_names
from watcher.store.protected_names import ProtectedRow

ON_SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


def row(name, clock):
    return ProtectedRow(name, "domain", clock.now())


@ON_SQLITE
async def test_it_is_set_up_for_readers_and_a_writer(store):
    async with store.read() as tx:
        found = [(await tx.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]
        assert found == ["wal", 1]
        assert (await tx.exec_driver_sql("PRAGMA foreign_keys")).scalar() == 1
        assert (await tx.exec_driver_sql("PRAGMA busy_timeout")).scalar() == 10_000


async def add_one(store, clock, times):
    for _ in range(times):
        async with store.write() as tx:
            value = await facts.find(tx, "count") or 0
            await asyncio.sleep(0)
            await facts.save(tx, "count", value + 1, now=clock.now())


async def test_concurrent_read_modify_write_loses_nothing(store, clock):
    await asyncio.gather(*(add_one(store, clock, 20) for _ in range(12)))
    async with store.read() as tx:
        assert await facts.find(tx, "count") == 240


COUNT_UP = """
import asyncio, sys
from tests.fakes.clock import FakeClock
from watcher.store import Store, facts
async def main():
    clock = FakeClock()
    store = await Store.open_or_create(sys.argv[1], clock=clock)
    try:
        for _ in range(40):
            async with store.write() as tx:
                await facts.save(tx, "count", (await facts.find(tx, "count") or 0) + 1, now=clock.now())
    finally:
        await store.close()
asyncio.run(main())
"""


def test_processes_side_by_side_lose_nothing_and_create_it_once(url, clock):
    processes = [subprocess.Popen([sys.executable, "-c", COUNT_UP, url], cwd=Path.cwd()) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]

    async def counted():
        store = await Store.open_existing(url, clock=clock)
        async with store.read() as tx:
            count = await facts.find(tx, "count")
        await store.close()
        return count

    assert asyncio.run(counted()) == 120


async def test_a_reader_sees_a_snapshot(store, clock):
    async with store.read() as reader:
        assert await protected_names.count(reader) == 0
        async with store.write() as tx:
            await protected_names.add(tx, [row("army.mil", clock)])
        assert await protected_names.count(reader) == 0
    async with store.read() as reader:
        assert await protected_names.count(reader) == 1


async def test_an_exception_undoes_everything(store, clock):
    async def fail():
        async with store.write() as tx:
            await protected_names.add(tx, [row("army.mil", clock)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with store.write() as tx:
        assert await protected_names.count(tx) == 0


async def test_a_broken_rule_of_the_tables_is_an_integrity_error(store):
    async with store.write() as tx:
        with pytest.raises(IntegrityError):
            await tx.exec_driver_sql(
                "INSERT INTO outbox (event_id, group_key, created_at) VALUES ('x', '', '2026-11-01')"
            )


async def test_a_cancelled_writer_lets_the_next_one_in(store, clock):
    inside = asyncio.Event()

    async def hold():
        async with store.write() as tx:
            await protected_names.add(tx, [row("army.mil", clock)])
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.write() as tx:
        assert await protected_names.count(tx) == 0


KILLED = """
import asyncio, os, sys
from tests.fakes.clock import FakeClock
from watcher.store import Store, facts
async def main():
    clock = FakeClock()
    store = await Store.open_or_create(sys.argv[1], clock=clock)
    done = 0
    while True:
        async with store.write() as tx:
            await facts.save(tx, "one", done, now=clock.now())
            await facts.save(tx, "two", done, now=clock.now())
        done += 1
        print(done, flush=True)
asyncio.run(main())
"""


@pytest.mark.parametrize("rounds", [3, 17, 40])
async def test_killed_between_statements_it_keeps_all_or_nothing(url, clock, rounds):
    process = subprocess.Popen([sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, text=True)
    with process.stdout:
        committed = [int(process.stdout.readline()) for _ in range(rounds)][-1]
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    store = await Store.open_existing(url, clock=clock)
    async with store.read() as tx:
        one, two = await facts.find(tx, "one"), await facts.find(tx, "two")
    await store.close()
    assert one == two
    assert one >= committed - 1


async def test_ids_are_in_order_even_when_the_clock_is_set_back(store, clock):
    ids = [store.ids() for _ in range(5000)]
    await clock.advance(5)
    ids.append(store.ids())
    clock._now -= (clock._now - FakeClock().now()) * 2
    ids.append(store.ids())
    assert ids == sorted(set(ids))
    assert all(len(one) == 36 and one[14] == "7" for one in ids)


@ON_SQLITE
async def test_there_is_none_here(url, clock):
    with pytest.raises(StoreError, match="there is no database at"):
        await Store.open_existing(url, clock=clock)
    with pytest.raises(StoreError, match="there is no database at"):
        await backup(url, Path(url.removeprefix("sqlite:///") + ".copy"))
    assert not Path(url.removeprefix("sqlite:///")).exists()


async def test_its_folder_does_not_exist(tmp_path, clock):
    with pytest.raises(StoreError, match="folder of the database"):
        await Store.open_or_create(f"sqlite:///{tmp_path}/nowhere/watcher.db", clock=clock)


async def test_a_file_that_is_no_database(tmp_path, clock):
    (tmp_path / "notes.txt").write_text("dear diary, " * 1000)
    for open_ in (Store.open_or_create, Store.open_existing):
        with pytest.raises(StoreError, match="file is not a database; give another file"):
            await open_(f"sqlite:///{tmp_path}/notes.txt", clock=clock)


async def test_a_database_of_something_else(tmp_path, clock):
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE songs (title)")
    with pytest.raises(StoreError, match="is not a watcher database"):
        await Store.open_or_create(f"sqlite:///{tmp_path}/other.db", clock=clock)


@ON_SQLITE
async def test_locked_by_another_program(store, url, clock, tmp_path):
    with closing(sqlite3.connect(tmp_path / "watcher.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with store.read() as tx:
            await tx.exec_driver_sql("PRAGMA busy_timeout=20")
        with pytest.raises(StoreError, match="database is locked; another program holds it"):
            async with store.write() as tx:
                await facts.save(tx, "a", 1, now=clock.now())
        other.execute("ROLLBACK")
    async with store.write() as tx:
        await facts.save(tx, "a", 1, now=clock.now())


async def test_a_folder_in_place_of_the_file(tmp_path, clock):
    (tmp_path / "watcher.db").mkdir()
    with pytest.raises(StoreError, match="unable to open"):
        await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://db", "name the database"),
        ("postgresql+asyncpg://db/watcher", "asyncpg is not supported"),
        ("mysql://db/watcher", "mysql is not supported"),
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
        ("sqlite://watcher.db", "three slashes"),
        ("sqlite:///watcher.db?mode=ro", "nothing else"),
        ("watcher.db", "not a URL"),
        ("postgresql://watcher:p@ss:w0rd@db/watcher", "not a URL"),
    ],
)
async def test_urls_that_cannot_be_used(url, why, clock):
    with pytest.raises(ConfigurationError, match=why) as raised:
        await Store.open_or_create(url, clock=clock)
    assert raised.value.setting == "database_url"
    assert "w0rd" not in str(raised.value)


@pytest.mark.parametrize("name", ["with space.db", "50%.db", "a#b.db", "ünï.db"])
async def test_any_file_name_will_do(tmp_path, clock, name):
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/{name}", clock=clock)
    await store.close()
    assert (tmp_path / name).is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


@ON_SQLITE
async def test_a_copy_while_others_write(store, url, clock, tmp_path):
    copies = []

    async def copy():
        for number in range(5):
            target = tmp_path / f"copy{number}.db"
            await backup(url, target)
            copies.append(target)

    async def write():
        while len(copies) < 5:
            async with store.write() as tx:
                number = (await facts.find(tx, "one") or 0) + 1
                await facts.save(tx, "one", number, now=clock.now())
                await facts.save(tx, "two", number, now=clock.now())

    await asyncio.gather(copy(), write())
    for target in copies:
        copied = await Store.open_existing(f"sqlite:///{target}", clock=clock)
        async with copied.read() as tx:
            assert await facts.find(tx, "one") == await facts.find(tx, "two")
        await copied.close()
    assert not [path for path in tmp_path.iterdir() if ".part" in path.name]


@ON_SQLITE
async def test_a_copy_onto_itself_or_nowhere(store, url, tmp_path):
    with pytest.raises(StoreError, match="is the database itself"):
        await backup(url, tmp_path / "watcher.db")
    with pytest.raises(StoreError, match="nowhere"):
        await backup(url, tmp_path / "nowhere" / "copy.db")


async def test_ids_go_on_after_a_restart_with_an_earlier_clock(store, url, clock):
    await clock.advance(3600)
    async with store.write() as tx:
        last = Event(store.ids(), EventKind.WATCH_STALE, Severity.MEDIUM, (), "", None, (), clock.now())
        await event_log.add(tx, [last], now=clock.now())
    again = await Store.open_existing(url, clock=FakeClock())
    assert again.ids() > last.id
    await again.close()


async def test_who_is_cancelled_twice_lets_nobody_write_before_the_transaction_has_ended(store, clock):
    begun, go, order = threading.Event(), threading.Event(), []

    async def slow(tx):
        await facts.save(tx, "slow", 1, now=clock.now())
        begun.set()
        assert go.wait(30)
        order.append("slow")

    async def another():
        async with store.write() as tx:
            order.append("another")
            await facts.save(tx, "another", 1, now=clock.now())

    first = asyncio.create_task(store.write_all([slow]))
    assert await asyncio.to_thread(begun.wait, 30)
    second = asyncio.create_task(another())
    for _ in range(2):
        first.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not second.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    assert order == ["slow", "another"]
    async with store.read() as tx:
        assert await facts.find(tx, "slow") == 1
