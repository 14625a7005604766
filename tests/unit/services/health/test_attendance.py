"""Parts of a resolver's rate: they never add up to more than the whole, whoever comes, goes or is paused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from watcher.core.states.workers import Worker, share
from watcher.services.health.attendance import EVERY, LEASE, Attendance, find_troubles, list_workers
from watcher.store import Store
from watcher.store.workers import Beat

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RESOLVER = "127.0.0.1:53"


class Server:
    """A resolver with a rate of 1."""

    name = RESOLVER

    def __init__(self, clock):
        self.clock, self.part, self.until = clock, 0.0, NOW

    def lend(self, part, *, until):
        self.part, self.until = part, until

    @property
    def rate(self):
        return self.part if self.clock.now() < self.until else 0.0


class Process:
    """One that beats, unless it is paused."""

    def __init__(self, store, clock, number, *, sees_dns=True):
        self.server = Server(clock)
        self.attendance = Attendance(
            store,
            clock,
            Beat(f"{number}", "worker", f"host{number}", "1", "", (), sees_dns=True),
            doing=lambda: "sweep",
            sees_dns=lambda: sees_dns,
            servers=[self.server],
        )


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
async def store(tmp_path, clock):
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    yield store
    await store.close()


async def test_parts_of_those_who_come_go_and_pause(store, clock):
    """Each line: who beats in these five seconds, of three; 1 is paused for a while, and 0 ends without a word."""
    processes = [Process(store, clock, number) for number in range(3)]
    most = 0.0
    beats = [{0}] * 3 + [{0, 1}] * 5 + [{0, 1, 2}] * 6 + [{0, 2}] * 10 + [{0, 1, 2}] * 6 + [{1, 2}] * 10
    for line in beats:
        for number in sorted(line):
            await processes[number].attendance.beat()
            most = max(most, sum(process.server.rate for process in processes))
            assert most <= 1.0 + 1e-9
        await clock.advance(EVERY.total_seconds())
        assert sum(process.server.rate for process in processes) <= 1.0 + 1e-9
    assert [round(process.server.rate, 3) for process in processes] == [0.0, 0.5, 0.5], "nothing is left unused"


async def test_a_part_ends_before_the_others_take_it(store, clock):
    process = Process(store, clock, 0)
    await process.attendance.beat()
    assert process.server.rate == 1.0
    await clock.advance((LEASE - EVERY).total_seconds())
    assert process.server.rate == 1.0
    await clock.advance(EVERY.total_seconds() - 1)
    assert process.server.rate == 0.0


async def test_troubles(store, clock):
    blind, silent = Process(store, clock, 0, sees_dns=False), Process(store, clock, 1)
    await silent.attendance.beat()
    assert await find_troubles(store, clock) == {}
    await clock.advance(2 * LEASE.total_seconds())
    await blind.attendance.beat()
    found = await find_troubles(store, clock)
    assert found.keys() == {"workers", "blind_workers"}
    assert "host1" in found["workers"]
    assert "host0" in found["blind_workers"]
    _, every = await list_workers(store, clock)
    assert [(row.worker.id, row.alive) for row in every] == [("0", True), ("1", False)]
    await silent.attendance.end()
    assert (await find_troubles(store, clock)).keys() == {"blind_workers"}


def worker(number, started, beaten, resolvers=(RESOLVER,), skew=0.0):
    at = NOW + timedelta(seconds=beaten)
    began = NOW + timedelta(seconds=started)
    return Worker(f"{number}", "worker", "host", "1", began, at, at + LEASE, resolvers=resolvers, skew_seconds=skew)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=8))
def test_parts_of_one_moment_never_exceed_the_whole(times):
    live = [worker(number, min(times), max(times)) for number, times in enumerate(times)]
    assert sum(share(RESOLVER, me, live, me.started_at) for me in live) <= 1.0 + 1e-9


def test_who_asks_another_resolver_takes_nothing_and_a_wrong_clock_asks_nothing():
    me, other = worker(0, 0, 10), worker(1, 0, 10, resolvers=("9.9.9.10:53",))
    assert share(RESOLVER, me, [me, other], NOW) == 1.0
    assert share(RESOLVER, worker(0, 0, 10, skew=9.0), [other], NOW) == 0.0
