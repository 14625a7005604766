"""What a sweep writes down as it goes: enough, at every moment, that a kill costs no more than the last second's work."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import Fault
from tests.unit.services.sweeps.test_sweep import BARE, Bench
from watcher.core.mail.dns import Outcome
from watcher.core.ports import Existence, Presence
from watcher.services.sweeps.passes import ranks_of
from watcher.store import Store, backup, lookalikes, shards

SECOND = timedelta(seconds=1)
STEP = 0.05
TIERS = ((100, timedelta(hours=1)), (250, timedelta(hours=6)))


@pytest.fixture
async def store(tmp_path):
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=FakeClock())
    yield store
    await store.close()


class TakingTime:
    """Answers every 20 ms; `answered` is (moment, domain)."""

    def __init__(self, inner, clock):
        self.inner, self.clock, self.answered = inner, clock, []

    async def sweep(self, names):
        async for existence in self.inner.sweep(names):
            await self.clock.sleep(0.02)
            self.answered.append((self.clock.now(), existence.name))
            yield existence


async def all_written(store):
    """Let whoever wants to write at this moment do so, also where one write follows on another."""
    for _ in range(4):
        async with store.write():
            pass
        for _ in range(20):
            await asyncio.sleep(0)


async def written(store):
    """Of each name and tier the ranks that a run started now would not ask for."""
    done = {}
    async with store.read() as tx:
        for shard in await shards.list_all(tx):
            first = 1 if shard.tier == 0 else TIERS[shard.tier - 1][0] + 1
            last = TIERS[shard.tier][0]
            if shard.progress is not None:
                ranks = set(range(first, shard.progress.next)) - set(ranks_of(shard.progress.open))
                done[shard.protected, shard.tier] = ranks | set(ranks_of(shard.progress.found))
            elif shard.last_finished_at is not None and shard.last_finished_at >= shard.last_started_at:
                done[shard.protected, shard.tier] = set(range(first, last + 1))
    return done


async def test_at_every_moment_what_was_answered_a_second_ago_is_written_down(store):
    bench = Bench(store, FakeClock(), tiers=TIERS)
    await bench.protect("army.mil", "navy.mil")
    for existing in ("army.ml", "army.com", "navy.org"):
        bench.dns.load(existing, BARE)
    bench.sweep._sweeper = timed = TakingTime(bench.sweeper, bench.clock)
    places = {
        candidate.registrable_domain: (row.name, candidate.rank)
        for row in bench.ours.protected
        for candidate in bench.sweep._enumerate(row, 1, TIERS[-1][0])
    }
    run = asyncio.create_task(bench.sweep.run())
    checked = 0
    while not run.done():
        await bench.clock.advance(STEP)
        await all_written(store)
        done = await written(store)
        for at, domain in timed.answered:
            if at <= bench.clock.now() - SECOND:
                name, rank = places[domain]
                assert rank in done.get((name, 0 if rank <= TIERS[0][0] else 1), ()), f"{domain}, answered at {at}"
                checked += 1
    assert checked > 500
    assert (await run).blind is None


class Held:
    """Looks that do not end."""

    def __init__(self):
        self.wanted = []

    async def look(self, name, _options):
        self.wanted.append(name)
        await asyncio.Event().wait()


class AtSource:
    """The suffix's own servers delegate army.ml and deny everything else."""

    def __init__(self):
        self.asked = []

    async def sweep(self, names):
        for name in names:
            self.asked.append(name)
            there = name == "army.ml"
            outcome = Outcome.ANSWER if there else Outcome.NXDOMAIN
            yield Existence(name, Presence.LOOK if there else Presence.ABSENT, outcome, "192.5.6.30", there)


async def killed_while_looking(bench, sweeper, tmp_path):
    """A copy of the database at a moment when the look at what was found has begun and not ended."""
    held, bench.sweep._sweeper = Held(), sweeper
    bench.relook._examiner = held
    run = asyncio.create_task(bench.sweep.run())
    while True:
        await bench.clock.advance(STEP)
        await all_written(bench.store)
        async with bench.store.read() as tx:
            marks = [shard.progress for shard in await shards.list_all(tx) if shard.progress is not None]
        if held.wanted and any(mark.found and mark.next > bench.sweep.most_candidates for mark in marks):
            break
    await backup(f"sqlite:///{bench.store.place.path}", tmp_path / "killed.db")
    run.cancel()
    with suppress(asyncio.CancelledError):
        await run
    return await Store.open_existing(f"sqlite:///{tmp_path}/killed.db", clock=bench.clock)


async def test_what_was_found_before_a_kill_is_looked_at_and_not_asked_for_again(store, tmp_path):
    bench = Bench(store, FakeClock(), tiers=((300, timedelta(hours=1)),))
    await bench.protect("army.mil")
    bench.dns.load("army.ml", BARE)
    left = await killed_while_looking(bench, bench.sweeper, tmp_path)
    again = Bench(left, bench.clock, tiers=((300, timedelta(hours=1)),))
    again.dns.load("army.ml", BARE)
    await again.ours.read()
    report = await again.sweep.run()
    assert "army.ml" in bench.sweeper.asked
    assert again.sweeper.asked == []
    assert (report.asked, report.existing, report.shards) == (0, 1, 1)
    async with left.read() as tx:
        assert (await lookalikes.find(tx, "army.ml")).first_seen_at is not None
    shard = await again.shard()
    assert (shard.settled, shard.unsettled, shard.progress) == (300, 0, None)
    assert await again.told() == [("lookalike_found", "army.ml")]
    await left.close()


async def test_that_its_suffix_delegates_it_is_not_forgotten_by_a_kill(store, tmp_path):
    bench = Bench(store, FakeClock(), tiers=((300, timedelta(hours=1)),))
    await bench.protect("army.mil")
    left = await killed_while_looking(bench, AtSource(), tmp_path)
    again = Bench(left, bench.clock, tiers=((300, timedelta(hours=1)),))
    again.sweep._sweeper = source = AtSource()
    again.dns.faults.append(Fault("army.ml", "*", Outcome.TIMEOUT))
    await again.ours.read()
    await again.sweep.run()
    assert source.asked == []
    async with left.read() as tx:
        row = await lookalikes.find(tx, "army.ml")
    assert row.registration.status.value == "registered"
    assert row.verdict.ability.value == "unknown"
    await left.close()
