"""What recording a look costs: a burst of names that all change at once, and a trickle of one after the other.

Run it alone: `pytest -m perf -s tests/perf/bench_recording.py`, or `python -m tests.perf.bench_recording [NAMES]`.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import absent, explicit, look, no_address
from watcher.core.events import Resemblance
from watcher.core.states.mail_state import Origin, Policy
from watcher.data import load_suffixes
from watcher.services.looks.watch import Watch
from watcher.services.names.protect import protect
from watcher.store import Store, lookalikes

_AT_ONCE = 100
_SLIP = Resemblance("army.mil", ("omission",), 0.01, "made up", 1)


async def _burst(watch: Watch, names: list[str], make: object, at: datetime, *, origin: Origin | None = None) -> int:
    """All of them at once, as when an exchange that ten thousand names share comes up; how many events that made."""
    places, told = asyncio.Semaphore(_AT_ONCE), 0

    async def one(name: str) -> None:
        nonlocal told
        async with places:
            seen = look(name, make(name, at), at)  # type: ignore[operator]
            recorded = await watch.record(seen, resemblances=[_SLIP] if origin else (), origin=origin)
            told += len(recorded.events)

    async with asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(one(name))
    return told


async def _measure(count: int) -> None:
    clock, suffixes = FakeClock(), load_suffixes()
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open_or_create(f"sqlite:///{folder}/watcher.db", clock=clock)
        await protect(store, ["army.mil"], suffixes=suffixes, now=clock.now())
        watch = Watch(store=store, clock=clock, policy=Policy(delay=timedelta(0), alone=True))
        names = [f"army{number}.ml" for number in range(count)]
        begun = clock.now()
        passes = (
            ("new rows", no_address, Origin(begun - timedelta(days=1))),
            ("nothing changed", no_address, None),
            ("able, not confirmed", explicit, None),
            ("able", explicit, None),
            ("gone", absent, None),
        )
        for what, make, origin in passes:
            await clock.advance(3600)
            await _timed(f"burst of {count:,}, {what}", count, _burst(watch, names, make, clock.now(), origin=origin))
        few = names[: count // 10]
        await clock.advance(3600)
        await _timed(f"trickle of {len(few):,}", len(few), _trickle(watch, few, clock.now()))
        async with store.read() as tx:
            abilities: Counter[str] = Counter(await lookalikes.count_abilities(tx))
        assert abilities.total() == count
        await store.close()


async def _trickle(watch: Watch, names: list[str], at: datetime) -> int:
    return sum([len((await watch.record(look(name, no_address(name, at), at))).events) for name in names])


async def _timed(what: str, count: int, work: object) -> None:
    cpu, wall = time.process_time(), time.perf_counter()
    told = await work  # type: ignore[misc]
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{what}: {count / cpu:,.0f} looks a second of CPU ({count / wall:,.0f} by the clock), {told} events")


@pytest.mark.perf
def test_report_the_cost_of_a_record() -> None:
    asyncio.run(_measure(2_000))


if __name__ == "__main__":
    asyncio.run(_measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
