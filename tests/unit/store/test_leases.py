"""Leases: two never hold one, a lost one writes nothing, and what kills those who take it is set aside."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from watcher.core.errors import LeaseLost
from watcher.core.states.lookalike import Lookalike
from watcher.store import Store, facts, leases, lookalikes, protected_names, shards, workers
from watcher.store.fences import LookFence, ShardFence, carried, fenced
from watcher.store.protected_names import ProtectedRow
from watcher.store.shards import MOST_ATTEMPTS, Holder, Progress
from watcher.store.workers import Beat

NAMES = ["army.mil", "navy.mil", "state.gov"]
ONE, OTHER = Holder("one"), Holder("other")


@pytest.fixture
async def planned(store, clock):
    async with store.write() as tx:
        await protected_names.add(tx, [ProtectedRow(name, "domain", clock.now()) for name in NAMES])
        for name in NAMES:
            await shards.plan(tx, name, [0], version="v")
    return store


async def claim(store, holder, clock, limit=10):
    async with store.write() as tx:
        return await shards.claim_due(
            tx, 0, started_before=clock.now(), version="v", limit=limit, holder=holder, now=clock.now()
        )


async def lapse(store, clock, name):
    """Let the lease on a shard run out, in the time by which the database measures it."""
    async with store.write() as tx:
        if store.shared:
            past = "UPDATE shards SET leased_until = now() - interval '1 second' WHERE protected = :name"
            await tx.execute(text(past), {"name": name})
        else:
            past = {"at": str(clock.now())[:19], "name": name}
            await tx.execute(text("UPDATE shards SET leased_until = :at WHERE protected = :name"), past)


async def test_two_share_the_work(planned, clock):
    first = await claim(planned, ONE, clock, limit=2)
    rest = await claim(planned, OTHER, clock)
    assert [shard.protected for shard in (*first, *rest)] == NAMES
    assert await claim(planned, OTHER, clock) == []
    assert {shard.epoch for shard in first} == {1}


async def test_a_lease_that_ran_out_is_anothers_with_the_next_epoch(planned, clock):
    [held, *_] = await claim(planned, ONE, clock)
    await lapse(planned, clock, held.protected)
    [taken] = await claim(planned, OTHER, clock)
    assert (taken.protected, taken.epoch) == (held.protected, held.epoch + 1)


async def test_what_was_lost_is_neither_renewed_nor_written(planned, clock):
    held = await claim(planned, ONE, clock)
    await lapse(planned, clock, held[0].protected)
    await claim(planned, OTHER, clock)
    fences = [ShardFence(shard.protected, shard.tier, shard.epoch) for shard in held]
    async with planned.write() as tx:
        assert await shards.renew(tx, fences, holder=ONE, now=clock.now()) == {fences[0]}

    async def write(*fences):
        with fenced(*fences):
            async with planned.write() as tx:
                await facts.save(tx, "late", 1, now=clock.now())

    async def write_in_another_transaction(*fences):
        with fenced(*fences):
            work = carried(lambda tx: facts.save(tx, "late", 1, now=clock.now()))
        await planned.write_all([work])

    for way in (write, write_in_another_transaction):
        with pytest.raises(LeaseLost):
            await way(*fences)
        async with planned.read() as tx:
            assert await facts.find(tx, "late") is None
    for way in (write, write_in_another_transaction):
        await way(*fences[1:])


async def test_a_claim_of_a_look_is_fenced_too(store, clock):
    async with store.write() as tx:
        await lookalikes.save(tx, [Lookalike("army.ml", "army.ml", "ml", "army.ml", next_look_at=clock.now())])
        [row] = await lookalikes.claim_due(tx, owner="one", now=clock.now(), limit=1, lease=timedelta(minutes=5))
        await lookalikes.release(tx, ["one"])
        [again] = await lookalikes.claim_due(tx, owner="other", now=clock.now(), limit=1, lease=timedelta(minutes=5))
    assert again.claim_epoch == row.claim_epoch + 1

    async def save(claimed):
        with fenced(LookFence(claimed.name, claimed.claim_epoch)):
            async with store.write() as tx:
                await lookalikes.save(tx, [claimed])

    with pytest.raises(LeaseLost):
        await save(row)
    await save(again)
    await save(again)  # saving a row leaves its epoch


async def test_what_kills_those_who_take_it_is_set_aside(planned, clock):
    for attempt in range(MOST_ATTEMPTS):
        assert [shard.protected for shard in await claim(planned, ONE, clock, limit=1)] == [NAMES[0]], attempt
        await lapse(planned, clock, NAMES[0])
    assert [shard.protected for shard in await claim(planned, ONE, clock)] == NAMES[1:]
    async with planned.read() as tx:
        assert await shards.count_set_aside(tx, now=clock.now()) == 1


async def test_what_comes_further_each_time_is_not_set_aside(planned, clock):
    """Processes are killed for reasons of their own, too."""
    for attempt in range(3 * MOST_ATTEMPTS):
        [shard] = await claim(planned, ONE, clock, limit=1)
        progress = Progress(next=attempt + 2, open=(), settled=attempt + 1, unsettled=0, since=clock.now())
        async with planned.write() as tx:
            await shards.save_progress(tx, [(shard.protected, shard.tier, progress)])
        await lapse(planned, clock, NAMES[0])
        assert shard.protected == NAMES[0]


async def test_what_is_handed_back_is_free_at_once_and_no_attempt(planned, clock):
    for _ in range(2 * MOST_ATTEMPTS):
        held = await claim(planned, ONE, clock)
        assert len(held) == 3
        async with planned.write() as tx:
            await shards.release(tx, [ShardFence(shard.protected, shard.tier, shard.epoch) for shard in held])


async def test_work_that_one_process_does(store, clock):
    async def ask(owner):
        async with store.write() as tx:
            return await leases.claim(tx, "vigil", owner=owner, now=clock.now(), lease=timedelta(minutes=1))

    assert [await ask("one"), await ask("other"), await ask("one")] == [1, None, 1]
    async with store.write() as tx:
        await leases.release(tx, "one")
    assert [await ask("other"), await ask("one")] == [2, None]


async def test_beats(store, clock):
    async def beat(worker, doing="sweep"):
        async with store.write() as tx:
            made = Beat(worker, "worker", "a.example", "1", doing, ("127.0.0.1:53",), sees_dns=True)
            return await workers.save_beat(tx, made, now=clock.now(), lease=timedelta(seconds=30))

    first = await beat("one")
    await beat("other")
    again = await beat("one")
    assert (again.started_at, again.doing_since) == (first.started_at, first.doing_since)
    async with store.write() as tx:
        assert [worker.id for worker in await workers.list_live(tx, now=clock.now())] == ["one", "other"]
        await workers.end(tx, "one")
        assert [worker.id for worker in await workers.list_all(tx)] == ["other"]


async def test_skew_is_the_clock_minus_the_databases(planned: Store, clock):
    async with planned.write() as tx:
        made = Beat("one", "worker", "a.example", "1", "", (), sees_dns=True)
        worker = await workers.save_beat(tx, made, now=clock.now(), lease=timedelta(seconds=30))
    assert worker.clock_is_wrong is planned.shared, "the clock of these tests is no server's"
