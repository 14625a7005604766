"""How soon changes are seen, in simulation: beside round robin, and from a cold start as it is announced."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tools import simulate_detection
from watcher.core.states.budget import QUESTIONS_A_CANDIDATE, first_sweep, outlook, sizes, stretches
from watcher.services.sweeps.agenda import Agenda
from watcher.services.sweeps.passes import tiers_from
from watcher.settings.settings import Settings
from watcher.store import Store, protected_names, shards
from watcher.store.protected_names import ProtectedRow

PLAN = simulate_detection.PLAN


def test_half_of_round_robins_time_at_most(capsys):
    weights = simulate_detection.likelihoods()
    cases = simulate_detection.simulate(weights)
    with capsys.disabled():
        print("\n" + simulate_detection.table(cases))
    assert [(one.names, one.rate) for one in cases] == list(simulate_detection.CASES)
    for one in cases:
        assert one.ours.mean <= 0.5 * one.as_many.mean, one
        assert one.eager.mean <= 0.5 * one.in_turn.mean, one
        assert one.ours.mean >= 0.95 * one.least, "no order is better than the best"
    missed = [one for one in cases if one.ours.mean > 0.5 * one.in_turn.mean]
    assert [(one.names, one.rate) for one in missed] == [(100, 200)], "the plan's promise comes first there"
    (small,) = missed
    assert small.least > 0.5 * small.in_turn.mean, "no order can, with as many questions as the plan asks"
    share = simulate_detection.SHARE_FOR_HALF
    assert simulate_detection.ours(100, 200, weights, spare=share).mean <= 0.5 * small.in_turn.mean
    assert "<svg" in simulate_detection.plot(cases)


@pytest.mark.parametrize(
    ("rate", "existence", "spare", "expected"),
    [
        (200, "resolver", None, 0.0),
        (50, "resolver", None, 0.0),
        (5_000, "resolver", None, 1.0),
        (5_000, "resolver", 0.0, 0.0),
        (200, "resolver", 0.4, 0.4),
        (5_000, "suffix_servers", None, 0.0),  # those are registries', whatever our resolver bears
    ],
)
def test_spare_rate_is_spent_where_the_resolver_is_ones_own(rate, existence, spare, expected):
    assert Settings(dns={"max_rate": rate}, sweep={"existence": existence, "spare": spare}).spare == expected


def test_ten_thousand_names_from_nothing_are_seen_as_announced():
    """All 200 million candidates, slice by slice, for a week."""
    moments = simulate_detection.MOMENTS
    announced = outlook(PLAN, 10_000, 200, moments)
    for moment, said, real in zip(
        moments, announced, simulate_detection.seen_from_nothing(10_000, 200, moments), strict=True
    ):
        assert real == pytest.approx(said, abs=0.003), moment
    day = announced[moments.index(timedelta(days=1))]
    assert day[0] == 1.0
    assert 0.4 < day[1] < 0.5


@pytest.mark.parametrize(("names", "rate"), [(100, 200), (1_000, 200), (1_000, 5_000)])
def test_a_first_sweep_takes_as_long_as_announced(names, rate):
    announced = first_sweep(PLAN, names, rate)
    before, after = simulate_detection.seen_from_nothing(names, rate, [0.97 * announced, 1.02 * announced])
    assert min(before) < 1
    assert min(after) == 1.0


def test_the_page_is_current_in_what_does_not_depend_on_chance():
    page = (simulate_detection.DOCS / "detection.md").read_text(encoding="utf-8")
    assert simulate_detection.cold_start() in page


async def seen_by_the_agenda(tmp_path, names, rate, moments):
    """The share of each tier that the real order of work has asked about at each moment, `rate` questions a second."""
    clock = FakeClock()
    began = clock.now()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/cold.db", clock=clock)
    async with store.write() as tx:
        await protected_names.add(tx, [ProtectedRow(f"n{number}.mil", "domain", began) for number in range(names)])
    tiers = tiers_from(PLAN)
    agenda = Agenda(store, tiers, version="v", clock=clock, stretched=lambda: stretches(PLAN, names, rate))
    done = [dict.fromkeys((f"n{number}.mil" for number in range(names)), 0) for _ in tiers]
    shown = []
    for moment in moments:
        while clock.now() < began + moment:
            slices = await agenda.next()
            if not slices:
                clock._now += timedelta(seconds=5)
                continue
            ended, begun = [], []
            for one, ranks in slices:
                if not one.begun:
                    one.begun = True
                    begun.append((one.protected, one.shard.tier, one.last - one.first + 1))
                for rank in ranks:
                    one.settle(rank)
                clock._now += timedelta(seconds=len(ranks) * QUESTIONS_A_CANDIDATE / rate)
                seen = done[one.shard.tier]
                seen[one.protected] = max(seen[one.protected], one.next - one.first)
                if one.ended:
                    ended.append(one)
            async with store.write() as tx:
                await shards.start_all(tx, begun, version="v", at=clock.now())
                for one in ended:
                    await shards.finish(
                        tx, one.protected, one.shard.tier, settled=one.settled, unsettled=0, at=clock.now()
                    )
            for one in ended:
                agenda.ended(one)
        shown.append(tuple(sum(seen.values()) / names / size for seen, size in zip(done, sizes(PLAN), strict=True)))
    await store.close()
    return shown


async def cold_start(tmp_path, names, rate, moments):
    announced = outlook(PLAN, names, rate, moments)
    seen = await seen_by_the_agenda(tmp_path, names, rate, moments)
    for moment, said, real in zip(moments, announced, seen, strict=True):
        slack = 501 / names  # a batch that is under way
        for size, one, other in zip(sizes(PLAN), said, real, strict=True):
            assert other == pytest.approx(one, abs=0.06 + slack / size, rel=0.06), moment


async def test_a_cold_start_is_as_announced(tmp_path):
    await cold_start(tmp_path, 100, 2, [timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)])


@pytest.mark.soak
async def test_a_cold_start_of_ten_thousand_names(tmp_path):
    """The service's own order of work; a day of it takes hours, and is the same order slice by slice."""
    await cold_start(tmp_path, 10_000, 200, [timedelta(minutes=1), timedelta(hours=1)])
