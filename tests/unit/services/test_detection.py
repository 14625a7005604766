"""How soon changes are seen, in simulation: beside round robin, and from a cold start as it is announced."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tools import simulate_detection
from watcher.core.budget import QUESTIONS_A_CANDIDATE, outlook, sizes, stretches
from watcher.services.agenda import Agenda
from watcher.services.passes import tiers_from
from watcher.store import Store, protected, shards
from watcher.store.protected import ProtectedRow

PLAN = simulate_detection.PLAN


def test_half_of_round_robins_time_at_most(capsys):
    cases = simulate_detection.simulate(simulate_detection.likelihoods())
    with capsys.disabled():
        print("\n" + simulate_detection.table(cases))
    assert len(cases) == 6
    for one in cases:
        assert one.plan.mean <= 0.5 * one.as_many.mean, one
        assert one.sooner.mean <= 0.5 * one.whole.mean, one
    assert "<svg" in simulate_detection.plot(cases)


async def seen_by_the_agenda(tmp_path, names, rate, moments):
    """The share of each tier that the real order of work has asked about at each moment, `rate` questions a second."""
    clock = FakeClock()
    began = clock.now()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/cold.db", clock=clock)
    async with store.write() as tx:
        await protected.add(tx, [ProtectedRow(f"n{number}.mil", "domain", began) for number in range(names)])
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


async def cold_start(tmp_path, names, rate):
    moments = [timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)]
    announced = outlook(PLAN, names, rate, moments)
    seen = await seen_by_the_agenda(tmp_path, names, rate, moments)
    for moment, said, real in zip(moments, announced, seen, strict=True):
        slack = 501 / names  # a batch that is under way
        for size, one, other in zip(sizes(PLAN), said, real, strict=True):
            assert other == pytest.approx(one, abs=0.06 + slack / size, rel=0.06), moment


async def test_a_cold_start_is_as_announced(tmp_path):
    await cold_start(tmp_path, 100, 2)


@pytest.mark.soak
async def test_a_cold_start_of_ten_thousand_names(tmp_path):
    await cold_start(tmp_path, 10_000, 200)
