"""The pace of registry servers in simulated time."""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.clock import FakeClock
from watcher.lookups.registry.pace import ServerPace


@pytest.fixture
def clock():
    return FakeClock()


async def ask(pace, clock, times, name, worth=0.0):
    assert await pace.turn(worth)
    times.append((clock.now(), name))


async def test_never_faster_than_the_ceiling(clock):
    pace, times = ServerPace(clock, max_rate=2), []
    tasks = [asyncio.create_task(ask(pace, clock, times, number)) for number in range(20)]
    await clock.advance(9.4)
    assert len(times) == 19
    await clock.advance(1)
    await asyncio.gather(*tasks)
    gaps = {later - earlier for (earlier, _), (later, _) in itertools.pairwise(times)}
    assert gaps == {timedelta(seconds=0.5)}


async def test_worth_goes_first_and_equals_in_order(clock):
    pace, times = ServerPace(clock, max_rate=1), []
    tasks = [asyncio.create_task(ask(pace, clock, times, "first"))]
    await asyncio.sleep(0)
    for name, worth in [("low", 0), ("a", 1), ("b", 1), ("high", 5)]:
        tasks.append(asyncio.create_task(ask(pace, clock, times, name, worth)))
    await clock.advance(10)
    await asyncio.gather(*tasks)
    assert [name for _, name in times] == ["high", "a", "b", "first", "low"] or [name for _, name in times] == [
        "first", "high", "a", "b", "low",
    ]  # fmt: skip


async def test_who_gains_worth_while_waiting_overtakes_and_takes_one_turn(clock):
    pace, times = ServerPace(clock, max_rate=1), []

    async def named(name, worth):
        assert await pace.turn(worth, about=name)
        times.append((clock.now(), name))

    tasks = [asyncio.create_task(named(name, 1)) for name in ("first", "a", "b", "c")]
    await clock.advance(0.5)
    pace.overtake("c", 4)
    pace.overtake("first", 4)  # had its turn
    pace.overtake("nobody", 4)
    tasks.append(asyncio.create_task(named("late", 3)))
    await clock.advance(10)
    await asyncio.gather(*tasks)
    assert [name for _, name in times] == ["first", "c", "late", "a", "b"]
    gaps = {later - earlier for (earlier, _), (later, _) in itertools.pairwise(times)}
    assert gaps == {timedelta(seconds=1)}


async def test_throttling_without_a_time_backs_off_longer_and_longer(clock):
    pace = ServerPace(clock, max_rate=1)
    waits = []
    for _ in range(12):
        turn = asyncio.create_task(pace.turn())
        await clock.advance(3700)
        await turn
        pace.throttled(None)
        waits.append(pace.closed_for().total_seconds())
    assert waits[:4] == [10, 20, 40, 80]
    assert waits[-1] == 3600


async def test_retry_after_is_obeyed_and_the_rate_recovers(clock):
    pace, times = ServerPace(clock, max_rate=1, patience=timedelta(hours=1)), []
    pace.throttled(timedelta(seconds=100))
    assert pace.closed_for() == timedelta(seconds=100)
    task = asyncio.create_task(ask(pace, clock, times, 0))
    await clock.advance(99)
    assert times == []
    await clock.advance(2)
    await task
    for number in range(1, 20):
        pace.answered()
        task = asyncio.create_task(ask(pace, clock, times, number))
        await clock.advance(3)
        await task
    gaps = [(later - earlier).total_seconds() for (earlier, _), (later, _) in itertools.pairwise(times)]
    assert gaps[0] > 1.5, "half the rate after throttling"
    assert pace.closed_for() == timedelta(0)
    started = clock.now()
    task = asyncio.create_task(ask(pace, clock, times, "recovered"))
    await clock.advance(1)
    await task
    assert clock.now() - started <= timedelta(seconds=1)


async def test_the_pace_recovers_fully_with_answers(clock):
    """After throttling the gap doubles, shrinks with each answer, and is the configured one in the end."""
    pace, times = ServerPace(clock, max_rate=1), []

    async def gap_of_the_next_two():
        tasks = [asyncio.create_task(ask(pace, clock, times, number)) for number in range(2)]
        await clock.advance(200)
        await asyncio.gather(*tasks)
        return (times[-1][0] - times[-2][0]).total_seconds()

    for _ in range(3):
        pace.throttled(timedelta(seconds=1))
    assert await gap_of_the_next_two() == pytest.approx(8.0)
    gaps = []
    for _ in range(30):
        pace.answered()
        gaps.append(await gap_of_the_next_two())
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] < 8.0
    assert gaps[-1] == pytest.approx(1.0), "the rate of the settings, and no faster"


async def test_a_break_longer_than_our_patience_sends_everybody_away(clock):
    pace = ServerPace(clock, max_rate=1, patience=timedelta(seconds=30))
    turns = [asyncio.create_task(pace.turn()) for _ in range(3)]
    await clock.advance(0.5)
    pace.throttled(timedelta(minutes=10))
    assert await asyncio.gather(*turns) == [True, False, False]
    assert not await pace.turn()
    await clock.advance(601)
    assert await pace.turn()


async def test_a_clock_set_back_stalls_nothing(clock):
    pace, times = ServerPace(clock, max_rate=1), []
    task = asyncio.create_task(ask(pace, clock, times, 0))
    await clock.advance(0)
    await task
    clock._now -= timedelta(hours=1)
    task = asyncio.create_task(ask(pace, clock, times, 1))
    await clock.advance(1.1)
    await task
    assert len(times) == 2


async def test_who_gives_up_takes_no_turn(clock):
    pace, times = ServerPace(clock, max_rate=1), []
    tasks = [asyncio.create_task(ask(pace, clock, times, number)) for number in range(10)]
    await asyncio.sleep(0)
    for task in tasks[1:9]:
        task.cancel()
    await clock.advance(1.1)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [name for _, name in times] == [0, 9]


async def test_close_lets_everybody_go(clock):
    pace = ServerPace(clock, max_rate=1)
    tasks = [asyncio.create_task(pace.turn()) for _ in range(5)]
    await asyncio.sleep(0)
    await pace.close()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(outcome, asyncio.CancelledError) for outcome in done) >= 4


async def test_ten_thousand_questions_to_thirty_servers_with_limits(clock):
    """Servers with limits of their own, some below our rate: no limit is broken once it is known, all are answered."""
    rng = random.Random(7)
    limits = {server: rng.choice([0.5, 1.0, 2.0, 5.0]) for server in range(30)}
    paces = {server: ServerPace(clock, max_rate=1.0) for server in limits}
    asked: dict[int, list[datetime]] = defaultdict(list)
    order: dict[int, list[float]] = defaultdict(list)
    answered: Counter[int] = Counter()

    async def question(server: int, worth: float) -> None:
        while True:
            assert await paces[server].turn(worth)
            times = asked[server]
            too_soon = bool(times) and (clock.now() - times[-1]).total_seconds() < 1 / limits[server]
            times.append(clock.now())
            if not too_soon:
                paces[server].answered()
                answered[server] += 1
                order[server].append(worth)
                return
            paces[server].throttled(timedelta(seconds=30))

    tasks = [asyncio.create_task(question(number % 30, rng.choice([0.0, 1.0, 2.0]))) for number in range(10_000)]
    await clock.advance(24 * 3600)
    await asyncio.gather(*tasks)
    assert sum(answered.values()) == 10_000
    started = datetime(2026, 1, 1, tzinfo=UTC)
    for server, times in asked.items():
        gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
        assert min(gaps) >= 1.0, "never faster than our own ceiling"
        if limits[server] >= 1.0:
            assert times[-1] - started < timedelta(seconds=len(times) + 1), "one that throttles slows only itself"
            assert order[server] == sorted(order[server], reverse=True)
