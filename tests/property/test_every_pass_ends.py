"""Every pass ends, whatever names do and wherever it is cut: passes, marks and restarts against a model.

Names are honest, lame, mute, cut or filtered, in any mix. A run is cut at any answer, and goes on as another process
would. What a name does never makes a pass blind, and the end is that of a pass that was never cut.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import Fault
from tests.unit.services.sweeps.test_sweep import BARE, Bench
from watcher.core.mail.dns import Outcome
from watcher.store import Store, lookalikes, shards

FAILURES = (Outcome.SERVFAIL, Outcome.TIMEOUT, Outcome.TRUNCATED, Outcome.REFUSED, Outcome.BOGUS, Outcome.FILTERED)
RANKS = 24


class CutAt:
    """A sweeper that answers so many times, and then never."""

    def __init__(self, inner, answers):
        self.inner, self.left, self.cut = inner, answers, asyncio.Event()

    async def sweep(self, names):
        async for existence in self.inner.sweep(names):
            if self.left == 0:
                self.cut.set()
                await asyncio.Event().wait()
            self.left -= 1
            yield existence


async def _bench(folder, clock, faults, there):
    store = await Store.open_or_create(f"sqlite:///{folder}/watcher.db", clock=clock)
    bench = Bench(store, clock, tiers=((RANKS, timedelta(hours=1)),))
    for name in there:
        bench.dns.load(name, BARE)
    bench.dns.faults += faults
    await bench.protect("army.mil")
    return bench


async def _outcome(bench):
    """The rows that there are, with how their looks ended, and what the shard says."""
    (shard,) = await bench_shards(bench)
    async with bench.store.read() as tx:
        names = await lookalikes.find_all(tx, sorted(_candidates(bench)))
    return {name: row.state.last_outcome for name, row in names.items()}, shard.settled, shard.unsettled, shard.progress


async def bench_shards(bench):
    async with bench.store.read() as tx:
        return await shards.list_all(tx, protected="army.mil")


def _candidates(bench):
    row = next(row for row in bench.ours.protected if row.name == "army.mil")
    return {candidate.name for candidate in bench.sweep._enumerate(row, 1, RANKS)}


async def _story(mix, cuts):
    with TemporaryDirectory() as whole, TemporaryDirectory() as cut:
        wanted = await _run(Path(whole), mix, ())
        assert await _run(Path(cut), mix, cuts) == wanted


async def _run(folder, mix, cuts):
    clock = FakeClock()
    bench = await _bench(folder, clock, (), ())
    names = sorted(_candidates(bench))
    await bench.store.close()
    kinds = dict(zip(names, mix, strict=False))
    faults = [Fault(name, "*", kind) for name, kind in kinds.items() if kind is not None]
    there = [name for place, name in enumerate(names) if name.count(".") == 1 and place % 7 == 3]
    for answers in cuts:
        bench = await _bench(folder, clock, faults, there)
        bench.sweep._sweeper = cutting = CutAt(bench.sweeper, answers)
        running = asyncio.create_task(bench.sweep.run())
        ended = asyncio.create_task(cutting.cut.wait())
        await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
        for task in (running, ended):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await bench.store.close()
    bench = await _bench(folder, clock, faults, there)
    report = await bench.sweep.run()
    assert report.blind is None
    (shard,) = await bench_shards(bench)
    assert shard.last_finished_at is not None, shard
    found = await _outcome(bench)
    await bench.store.close()
    return found


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    mix=st.lists(st.sampled_from((None, *FAILURES)), min_size=RANKS, max_size=RANKS),
    cuts=st.lists(st.integers(0, RANKS), min_size=1, max_size=3),
)
def test_every_pass_ends_as_one_that_was_never_cut(mix, cuts):
    asyncio.run(_story(mix, cuts))
