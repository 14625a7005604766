"""The share that is covered: it grows with the first pass and does not fall because another one begins."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from watcher.core.names.protected import Kind
from watcher.services.health.coverage import coverage_json
from watcher.store import Store, protected_names, shards
from watcher.store.protected_names import ProtectedRow
from watcher.store.shards import Progress

TIERS = ((100, timedelta(hours=1)),)


@pytest.fixture
async def covered(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path / 'watcher.db'}", clock=clock)

    class Covered:
        async def begin(self):
            await clock.advance(3600)
            async with store.write() as tx:
                await shards.start(tx, "army.mil", 0, version="1", total=100, at=clock.now())

        async def come_to(self, rank, *, unsettled=0):
            done = Progress(rank + 1, (), rank - unsettled, unsettled, clock.now())
            async with store.write() as tx:
                await shards.save_progress(tx, [("army.mil", 0, done)])

        async def end(self, *, unsettled=0):
            await clock.advance(60)
            async with store.write() as tx:
                await shards.finish(tx, "army.mil", 0, settled=100 - unsettled, unsettled=unsettled, at=clock.now())

        async def ratio(self):
            tier = (await coverage_json(store, TIERS, now=clock.now()))["tiers"][0]
            return tier["ratio"]

    async with store.write() as tx:
        await protected_names.add(tx, [ProtectedRow("army.mil", Kind.DOMAIN.value, clock.now(), None, ())])
        await shards.plan(tx, "army.mil", [0], version="1")
    yield Covered()
    await store.close()


async def test_the_first_pass_covers_as_far_as_it_has_come(covered):
    assert await covered.ratio() == 0
    await covered.begin()
    await covered.come_to(40, unsettled=10)
    assert await covered.ratio() == 0.3
    await covered.end(unsettled=5)
    assert await covered.ratio() == 0.95


async def test_another_pass_takes_away_only_what_it_could_not_settle(covered):
    await covered.begin()
    await covered.end()
    await covered.begin()
    assert await covered.ratio() == 1
    await covered.come_to(40, unsettled=10)
    assert await covered.ratio() == 0.9
    await covered.end(unsettled=10)
    assert await covered.ratio() == 0.9
