"""Work that one process at a time does: its lease lasts as long as the work, and is the others' when it ends."""

import asyncio

import pytest

from tests.fakes.clock import FakeClock
from watcher.bootstrap.workers import ALONE_FOR, Company
from watcher.core.errors import LeaseLost
from watcher.services.health.attendance import Attendance
from watcher.store import Store, facts, leases
from watcher.store.workers import Beat


@pytest.fixture
async def pair(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)

    def process(name):
        beat = Beat(name, "worker", "host", "1", "", (), sees_dns=True)
        attendance = Attendance(store, clock, beat, doing=str, sees_dns=lambda: True)
        return Company(store, clock, name, attendance)

    yield process("one"), process("two"), store, clock
    await store.close()


async def test_work_that_lasts_stays_with_who_does_it_and_then_goes_to_the_next(pair):
    one, two, _, clock = pair
    async with one.hold("feed com") as held:
        assert held
        for _ in range(10):
            await clock.advance(ALONE_FOR.total_seconds() / 2)
            await asyncio.sleep(0.05)  # the renewal is written
            async with two.hold("feed com") as other:
                assert not other
            async with two.hold("feed se") as another:
                assert another, "other parts are anybody's"
    async with two.hold("feed com") as held:
        assert held, "it was given back"


async def test_what_was_taken_over_writes_nothing_more(pair):
    one, _, store, clock = pair
    async with one.hold("feed com"):
        async with store.write() as tx:
            await leases.release(tx, "one", "feed com")  # as if it had stood still for longer than its lease
            await leases.claim(tx, "feed com", owner="two", now=clock.now(), lease=ALONE_FOR)
        with pytest.raises(LeaseLost):
            async with store.write() as tx:
                await facts.save(tx, "feed:com", {}, now=clock.now())


async def test_work_that_is_kept_is_the_same_processs_next_time(pair):
    one, two, _, clock = pair
    done = []

    async def work(name):
        done.append(name)

    first, second = (
        company.alone("vigil", lambda name=name: work(name)) for company, name in ((one, "one"), (two, "two"))
    )
    await first()
    await second()
    await first()
    await clock.advance(ALONE_FOR.total_seconds() + 1)
    await second()
    assert done == ["one", "one", "two"]
