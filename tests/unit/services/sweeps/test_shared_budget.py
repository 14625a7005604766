"""One budget for known names and candidates, in simulated time: by worth, and neither starves the other."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from math import inf
from statistics import fmean

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.services.sweeps.test_sweep import ABLE, BARE, SUFFIX, Bench
from watcher import checks
from watcher.core.states.cadence import Cadence
from watcher.core.states.urgency import QUESTIONS_A_LOOK
from watcher.lookups.dns.pacing import Pace
from watcher.services.looks.examine import Examiner
from watcher.services.looks.watch import Watch
from watcher.services.sweeps.ration import BESIDE_THE_FIRST_TIER, BESIDE_THE_TAIL, Ration
from watcher.store import Store, shards

RATE = 0.9
"""Questions a second. Twenty new names that are looked at each minute and twenty able ones want 1.4 of themselves."""
TIERS = ((100, timedelta(minutes=10)), (400, timedelta(minutes=15)))
STEP, SECONDS = 5, 1800


class Paced:
    """A resolver and sweeper whose questions go as those of one resolver with a ceiling do: careful ones first."""

    def __init__(self, dns, sweeper, clock):
        self.dns, self.sweeper, self.clock = dns, sweeper, clock
        self.pace = Pace(RATE, now=clock.now().timestamp())
        self.looked, self.careful, self.swept = [], 0, 0

    async def ask(self, questions, *, avoid=frozenset()):
        for _ in questions:
            await self.clock.sleep(self.pace.reserve(self.clock.now().timestamp()))
            self.careful += 1
        return await self.dns.ask(questions, avoid=avoid)

    async def sweep(self, names):
        for name in names:
            while not self.pace.take(self.clock.now().timestamp(), 1):
                await self.clock.sleep(max(self.pace.until_next(self.clock.now().timestamp()), 0.01))
            self.swept += 1
            async for existence in self.sweeper.sweep([name]):
                yield existence


@pytest.fixture
async def bench(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    made = Bench(store, clock, tiers=TIERS)
    await made.protect("army.mil")
    [row] = made.ours.protected
    there = [candidate.registrable_domain for candidate in made.sweep._enumerate(row, 1, 100)]
    there = [domain for domain in dict.fromkeys(there) if domain is not None and domain.count(".") == 1][:40]
    made.able, made.bare = there[:20], there[20:]
    made.dns.load(".", SUFFIX)
    for name in there:
        made.dns.load(name, ABLE if name in made.able else BARE)
    cadence = Cadence(new=timedelta(minutes=1), able=timedelta(minutes=5), longest=timedelta(minutes=5))
    made.relook._watch = Watch(store=store, clock=clock, cadence=cadence)
    await made.sweep.run()  # at once: what is watched from now on has its rows
    yield made
    await store.close()


async def watched(bench, looks):
    """Hours of the service's two loops, `looks` at known names at a time; the questions, and when passes began."""
    paced = Paced(bench.dns, bench.sweeper, bench.clock)
    bench.sweep._sweeper = paced
    bench.relook._examiner = Examiner(paced, bench.clock, bench.suffixes, checks.ALL, lambda: "wnobody")
    bench.relook._busy = lambda: True  # what waits here waits for its turn
    bench.relook._found = lambda recorded, first: None if first else paced.looked.append(recorded.row.name)

    async def sweeps():
        while True:
            await bench.sweep.run()
            await bench.clock.sleep(1)

    async def relooks():
        while True:
            await bench.relook.due(looks())
            await bench.clock.sleep(1)

    took = {0: {}, 1: {}}
    work = [asyncio.create_task(sweeps()), asyncio.create_task(relooks())]
    for _ in range(SECONDS // STEP):
        await bench.clock.advance(STEP)
        async with bench.store.write() as tx:  # whoever writes at this moment is through
            for shard in await shards.list_all(tx):
                if shard.last_finished_at > shard.last_started_at:
                    took[shard.tier][shard.last_started_at] = shard.last_finished_at - shard.last_started_at
    for one in work:
        one.cancel()
        with suppress(asyncio.CancelledError):
            await one
    return paced, {tier: [one.total_seconds() for one in passes.values()] for tier, passes in took.items()}


def test_while_candidates_wait_looks_have_a_share_and_else_all():
    clock, waiting = FakeClock(), None
    ration = Ration(lambda: 100.0, lambda: waiting, clock)
    assert ration.looks() == 200
    for waiting, share in ((0, BESIDE_THE_FIRST_TIER), (1, BESIDE_THE_TAIL), (2, BESIDE_THE_TAIL)):
        ration.looks()
        given = 0
        for _ in range(100):
            clock._now += timedelta(seconds=0.3)
            given += ration.looks()
        assert given == pytest.approx(30 * 100 * share / QUESTIONS_A_LOOK, abs=1), waiting
    clock._now += timedelta(days=1)
    assert ration.looks() == 200, "not more than that at once, however long nothing was due"
    clock._now -= timedelta(days=2)
    assert ration.looks() == 0, "a clock that was set back gives nothing, and takes nothing"
    assert Ration(lambda: inf, lambda: 0, clock).looks() == 200, "enough for all"


async def test_too_small_a_budget_goes_by_worth_and_leaves_the_first_tier_its_half(bench):
    ration = Ration(lambda: RATE, lambda: bench.sweep.best_tier, bench.clock)
    paced, took = await watched(bench, ration.looks)
    assert took[0]
    assert fmean(took[0]) <= 80 / (RATE * (1 - BESIDE_THE_FIRST_TIER)) * 1.2, "sixty are asked for, twenty have rows"
    looks = Counter(paced.looked)
    new, able = (fmean(looks[name] for name in some) for some in (bench.bare, bench.able))
    assert 1.5 * able < new < 8 * able, "the new ones more often, none never"
    assert paced.careful > 2 * paced.swept, "what is known comes before the tail"
    assert paced.swept > len(took[0]) * 60 + 60, "and the tail goes on"
