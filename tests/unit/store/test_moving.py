"""A team's database moves to PostgreSQL: all of it, again and again until it is complete, never over another's rows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.fakes.alert_samples import became_able
from tests.fakes.clock import FakeClock
from watcher.core.errors import StoreError
from watcher.core.events import Resemblance
from watcher.core.states.lookalike import Lookalike
from watcher.store import Store, event_log, facts, lookalikes, protected_names, resemblances, shards, workers
from watcher.store.moving import move
from watcher.store.protected_names import ProtectedRow
from watcher.store.tables import metadata
from watcher.store.workers import Beat


@pytest.fixture
async def source(sqlite_url):
    store = await Store.open_or_create(sqlite_url, clock=FakeClock())
    yield store
    await store.close()


@pytest.fixture
def url(postgres):
    made = postgres.database()
    yield made
    postgres.drop(made)


async def fill(store, clock, numbers):
    now = clock.now()
    rows = [
        Lookalike(f"army{number}.ml", f"army{number}.ml", "ml", f"army{number}.ml", next_look_at=now)
        for number in numbers
    ]
    async with store.write() as tx:
        await protected_names.add(tx, [ProtectedRow("army.mil", "domain", now, tags=("a", "ü"))])
        await shards.plan(tx, "army.mil", [0, 1], version="v")
        await lookalikes.save(tx, rows)
        for row in rows:
            await resemblances.save(tx, row.name, [Resemblance("army.mil", ("omission",), 0.5, "because", 1)])
        await event_log.add(tx, [replace(became_able(1, row.name), id=store.ids(), at=now) for row in rows], now=now)
        await facts.save(tx, "note", {"text": "zero \0 byte", "none": None}, now=now)


async def contents(store):
    found = {}
    async with store.read() as tx:
        for table in metadata.sorted_tables:
            if table.name not in {"workers", "leases", "facts"}:
                query = select(table).order_by(*table.primary_key.columns)
                found[table.name] = [tuple(row) for row in await tx.execute(query)]
    return found


async def test_all_of_it_moves_and_moving_again_completes_it(source, store, clock):
    await fill(source, clock, range(1200))
    counts = await move(source, store, now=clock.now())
    assert counts["lookalikes"] == counts["events"] == counts["outbox"] == 1200
    assert await contents(store) == await contents(source)
    async with source.write() as tx:
        await lookalikes.remove(tx, ["army7.ml", "army1199.ml"])
    await fill(source, clock, range(2000, 2100))
    await move(source, store, now=clock.now())
    assert await contents(store) == await contents(source)
    assert (await move(source, store, now=clock.now()))["lookalikes"] == 1298
    async with store.write() as tx:
        assert store.ids() > max((await tx.execute(select(func.max(metadata.tables["events"].c.id)))).scalars())


async def test_nothing_is_moved_over_the_rows_of_another(source, store, clock):
    await fill(source, clock, range(3))
    await fill(store, clock, range(5, 7))
    before = await contents(store)
    with pytest.raises(StoreError, match="is not empty"):
        await move(source, store, now=clock.now())
    assert await contents(store) == before


async def test_nothing_is_moved_while_somebody_works_there(source, store, clock):
    async with store.write() as tx:
        beat = Beat("one", "serve", "a.example", "1", "", (), sees_dns=True)
        await workers.save_beat(tx, beat, now=clock.now(), lease=timedelta(seconds=30))
    with pytest.raises(StoreError, match="1 processes work on"):
        await move(source, store, now=clock.now())
