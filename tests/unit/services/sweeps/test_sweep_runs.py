"""Runs of the sweep: whose turn it is, what is shared, what a run that was cut off leaves for the next one."""

import asyncio
import random
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import Fault
from tests.unit.services.sweeps.test_sweep import ABLE, HOUR, Bench
from watcher.core.mail.dns import Outcome
from watcher.core.ports import Existence, Presence
from watcher.core.states.budget import Budget
from watcher.services.names.protect import protect
from watcher.services.sweeps.agenda import SLICE, Agenda
from watcher.services.sweeps.first_tier import FirstTier
from watcher.services.sweeps.passes import Pass, spans, tiers_from
from watcher.store import Store, first_tiers, shards
from watcher.store.shards import Shard

AT = FakeClock().now()


@pytest.fixture
async def store(tmp_path):
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=FakeClock())
    yield store
    await store.close()


def _agenda(bench, tiers, **more):
    return Agenda(bench.store, tiers, version="1", clock=bench.clock, stretched=lambda: [1.0] * len(tiers), **more)


async def test_the_first_hundred_of_every_name_come_before_the_next(store):
    bench = Bench(store, FakeClock())
    await bench.protect("army.mil", "navy.mil", "mod.gov.uk")
    tiers = tiers_from([(200, timedelta(hours=1)), (300, timedelta(hours=6))])
    agenda = _agenda(bench, tiers, cutoff=bench.clock.now())
    order = []
    while slices := await agenda.next():
        order += [(one.protected, min(ranks), max(ranks)) for one, ranks in slices]
    names = sorted(("army.mil", "navy.mil", "mod.gov.uk"))
    assert order == [
        *((name, 1, 100) for name in names), *((name, 101, 200) for name in names), *((name, 201, 300) for name in names),
    ]  # fmt: skip


async def test_a_better_tier_that_becomes_due_goes_first(store):
    bench = Bench(store, FakeClock())
    await bench.protect("army.mil")
    tiers = tiers_from([(100, timedelta(hours=1)), (2_000, timedelta(hours=6))])
    agenda = _agenda(bench, tiers)
    [(best, _)] = await agenda.next()
    assert best.shard.tier == 0
    async with store.write() as tx:
        await shards.start(tx, "army.mil", 0, version="1", total=100, at=bench.clock.now())
        await shards.finish(tx, "army.mil", 0, settled=100, unsettled=0, at=bench.clock.now())
    agenda.ended(best)
    assert {one.shard.tier for one, _ in await agenda.next()} == {1}
    await bench.clock.advance(HOUR)
    assert {one.shard.tier for one, _ in await agenda.next()} == {0}


async def test_stretched_intervals_put_off_what_is_due(store):
    bench = Bench(store, FakeClock(), tiers=((40, timedelta(hours=1)),))
    bench.sweep._budget = lambda: Budget(1e-3)
    await bench.protect("army.mil")
    assert (await bench.after(0)).shards == 1
    assert (await bench.after(HOUR)).shards == 0, "40 questions an hour do not fit 3.6"
    assert (await bench.after(14 * HOUR)).shards == 1


async def test_a_parent_that_several_names_share_is_asked_once(store):
    bench = Bench(store, FakeClock())
    await bench.protect("army.mil", "us.army.mil", "mail.army.mil")
    bench.dns.load("army.ml", ABLE)
    await bench.after(0)
    assert len(bench.sweeper.asked) == len(set(bench.sweeper.asked))
    async with store.read() as tx:
        assert all(shard.last_finished_at for shard in await shards.list_all(tx))


class Interrupted(Exception):
    pass


class CutOff:
    """A sweeper that dies after so many answers."""

    def __init__(self, inner, after):
        self.inner, self.left, self.answered = inner, after, []

    async def sweep(self, names):
        async for existence in self.inner.sweep(names):
            if self.left == 0:
                raise Interrupted
            self.left -= 1
            self.answered.append(existence.name)
            yield existence


async def test_a_run_that_was_cut_off_goes_on_where_it_was(store):
    bench = Bench(store, FakeClock(), tiers=((300, timedelta(hours=1)),))
    await bench.protect("army.mil", "navy.mil")
    cut = CutOff(bench.sweeper, after=250)
    bench.sweep._sweeper = cut
    with pytest.raises(ExceptionGroup):
        await bench.sweep.run()
    again = Bench(store, bench.clock, tiers=((300, timedelta(hours=1)),))
    await again.ours.read()
    await again.clock.advance(5)
    report = await again.after(0)
    assert report.shards == 2
    assert not set(cut.answered) & set(again.sweeper.asked), "nothing that had settled is asked again"
    whole = Bench(store, again.clock, tiers=((300, timedelta(hours=1)),))
    await whole.ours.read()
    await whole.after(2 * HOUR)
    rows = set(whole.sweeper.asked)
    assert set(cut.answered) | set(again.sweeper.asked) == rows
    async with store.read() as tx:
        for shard in await shards.list_all(tx):
            assert shard.settled + shard.unsettled == shard.total
            assert shard.progress is None


async def test_what_was_absent_before_a_cut_off_run_counts_from_its_start(store):
    bench = Bench(store, FakeClock(), tiers=((300, timedelta(hours=1)),))
    await bench.protect("army.mil")
    began = bench.clock.now()
    bench.sweep._sweeper = CutOff(bench.sweeper, after=150)
    with pytest.raises(ExceptionGroup):
        await bench.sweep.run()
    again = Bench(store, bench.clock, tiers=((300, timedelta(hours=1)),))
    await again.ours.read()
    await again.after(600)
    assert (await again.shard()).settled_since == began


async def test_a_grown_enumeration_starts_its_pass_anew(store):
    bench = Bench(store, FakeClock(), tiers=((300, timedelta(hours=1)),))
    await bench.protect("army.mil")
    bench.sweep._sweeper = CutOff(bench.sweeper, after=150)
    with pytest.raises(ExceptionGroup):
        await bench.sweep.run()
    grown = Bench(store, bench.clock, version="2", tiers=((300, timedelta(hours=1)),))
    await grown.ours.read()
    await grown.after(1)
    assert len(set(grown.sweeper.asked)) > 200


async def test_somebody_who_asks_for_a_sweep_now_goes_first(store):
    bench = Bench(store, FakeClock(), tiers=((40, timedelta(hours=1)), (4_000, timedelta(hours=6))))
    await bench.protect("army.mil")
    asked = asyncio.Event()
    inner = bench.sweeper

    class Slow:
        async def sweep(self, names):
            asked.set()
            async for existence in inner.sweep(names):
                await asyncio.sleep(0)
                yield existence

    bench.sweep._sweeper = Slow()
    running = asyncio.create_task(bench.sweep.run())
    await asked.wait()
    report = await bench.sweep.over(["army.mil"], 40)
    assert report.candidates == 40
    first = await running
    assert first.candidates < 4_000, "it left the rest for its next run"
    assert (await bench.sweep.run()).blind is None
    assert (await bench.shard(1)).last_finished_at is not None


async def test_the_state_says_how_far_a_run_is(store):
    bench = Bench(store, FakeClock(), tiers=((300, timedelta(hours=1)),))
    await bench.protect("army.mil")
    states = []
    inner = bench.sweeper

    class Watched:
        async def sweep(self, names):
            async for existence in inner.sweep(names):
                await bench.clock.advance(0.01)
                states.append(bench.sweep.state)
                yield existence

    bench.sweep._sweeper = Watched()
    await bench.sweep.run()
    middle, end = states[len(states) // 2], bench.sweep.state
    assert middle.running
    assert middle.done + middle.left >= 250
    assert middle.rate > 0
    assert middle.seconds_left == pytest.approx(middle.left / middle.rate)
    assert (end.running, end.left) == (False, 0)


@pytest.mark.parametrize("most", [SLICE // 2, SLICE, SLICE + SLICE // 2])
async def test_an_enumeration_that_ends_early_shortens_the_pass_and_the_time_left(store, most):
    bench = Bench(store, FakeClock(), tiers=((40 * SLICE, timedelta(hours=1)),))
    await bench.protect("army.mil")
    candidates, inner = bench.sweep._enumerate, bench.sweeper
    bench.sweep._enumerate = lambda row, first, last: candidates(row, first, min(last, most)) if first <= most else []
    states = []

    class Watched:
        async def sweep(self, names):
            async for existence in inner.sweep(names):
                await bench.clock.advance(0.01)
                states.append(bench.sweep.state)
                yield existence

    bench.sweep._sweeper = Watched()
    report = await bench.sweep.run()
    assert report.candidates == most
    assert states[-1].left <= SLICE, "what the enumeration does not have is not left to do"
    assert states[-1].seconds_left <= SLICE / states[-1].rate
    shard = await bench.shard(0)
    assert shard.last_finished_at is not None
    assert shard.settled + shard.unsettled == most


async def test_a_delegated_name_whose_servers_are_silent_is_registered_mail_unknown(store):
    bench = Bench(store, FakeClock())
    await bench.protect("army.mil")

    class AtSource:
        async def sweep(self, names):
            for name in names:
                there = name == "army.ml"
                outcome = Outcome.ANSWER if there else Outcome.NXDOMAIN
                presence = Presence.LOOK if there else Presence.ABSENT
                yield Existence(name, presence, outcome, "192.5.6.30", there)

    bench.sweep._sweeper = AtSource()
    bench.dns.faults.append(Fault("army.ml", "*", Outcome.TIMEOUT))
    await bench.sweep.run()
    row = (await bench.rows())["army.ml"]
    assert row.registration.status.value == "registered"
    assert row.verdict.ability.value == "unknown"
    assert row.next_look_at is not None


async def test_the_first_tier_is_kept_and_made_anew_when_what_is_ours_changes(store):
    bench = Bench(store, FakeClock())
    await bench.protect("army.mil")
    made = []
    names = bench.sweep._enumerate.__self__

    def make(row, first, last):
        made.append(row.name)
        return names.candidates(row, first, last)

    tier = FirstTier(store, make, stamp=lambda: names.stamp, last=50)
    [row] = bench.ours.protected
    once = await tier.of([row])
    again = await tier.of([row])
    assert once == again == {"army.mil": list(names.candidates(row, 1, 50))}
    assert made == ["army.mil"]
    async with store.read() as tx:
        [packed] = (await first_tiers.find_all(tx, ["army.mil"], stamp=names.stamp)).values()
    assert len(packed) < 6_000
    await protect(store, ["army.ml"], suffixes=bench.suffixes, now=bench.clock.now())
    await bench.ours.read()
    changed = (await tier.of([row]))["army.mil"]
    assert "army.ml" not in {candidate.name for candidate in changed}


@pytest.mark.parametrize("seed", range(20))
def test_a_pass_resumed_at_any_moment_hands_out_exactly_what_had_not_settled(seed):
    chance = random.Random(seed)
    one = Pass(Shard("army.mil", 0, "1"), 1, 700, "1", since=AT)
    handed, settled = [], set()
    for _ in range(chance.randrange(12)):
        handed += one.take(chance.choice([1, 30, SLICE]))
    for rank in chance.sample(handed, chance.randrange(len(handed) + 1)):
        one.settle(rank, unsettled=chance.random() < 0.1)
        settled.add(rank)
    other = Pass(Shard("army.mil", 0, "1"), 1, 700, "1", since=AT)
    other.resume(one.progress)
    assert other.remaining == 700 - len(settled)
    rest = []
    while other.more:
        rest += other.take(SLICE)
    assert sorted([*settled, *rest]) == list(range(1, 701))
    for rank in rest:
        other.settle(rank)
    assert other.ended
    assert other.settled + other.unsettled == 700


def test_ranks_are_kept_as_ranges():
    assert spans([5, 1, 2, 3, 9]) == ((1, 3), (5, 5), (9, 9))
    assert spans([]) == ()
