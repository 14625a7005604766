"""Pieces of writing that share a transaction: each wholly or not at all, whatever becomes of the others."""

import asyncio

import pytest

from tests.fakes.clock import FakeClock
from watcher.services.looks.transactions import SharedTransactions
from watcher.store import Store, facts


class Counting:
    """The store, counting how often it was written to."""

    def __init__(self, store):
        self._store, self.writes = store, 0

    async def write_all(self, works):
        self.writes += 1
        return await self._store.write_all(works)


@pytest.fixture
async def bench(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)

    def putting(key, fails=False):
        async def work(tx):
            await facts.save(tx, key, key, now=clock.now())
            if fails:
                raise ValueError(key)
            return key

        return work

    async def kept(*keys):
        async with store.read() as tx:
            return [key for key in keys if await facts.find(tx, key) is not None]

    counting = Counting(store)
    yield SharedTransactions(counting), putting, kept, counting
    await store.close()


async def test_what_comes_together_is_committed_together(bench):
    shared, putting, kept, store = bench
    keys = [f"k{number}" for number in range(100)]
    assert await asyncio.gather(*(shared.run(putting(key)) for key in keys)) == keys
    assert await kept(*keys) == keys
    assert store.writes <= 4


async def test_one_that_fails_takes_no_other_along(bench):
    shared, putting, kept, _ = bench
    pieces = [putting("a"), putting("b", fails=True), putting("c")]
    done = await asyncio.gather(*map(shared.run, pieces), return_exceptions=True)
    assert (done[0], str(done[1]), done[2]) == ("a", "b", "c")
    assert isinstance(done[1], ValueError)
    assert await kept("a", "b", "c") == ["a", "c"]


async def test_one_that_is_cancelled_leaves_the_others(bench):
    shared, putting, kept, _ = bench
    tasks = [asyncio.create_task(shared.run(putting(key))) for key in "abcd"]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[2].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [done[1], done[3]] == ["b", "d"]
    assert await kept("b", "d") == ["b", "d"]
