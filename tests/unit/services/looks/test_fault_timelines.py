"""Hours in which the world misbehaves: what is said, and what is not said."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.watched_hours import MX, SECOND, WatchedHours
from tests.fakes.zone_resolver import Fault
from watcher.core.mail.dns import Outcome
from watcher.data import load_suffixes
from watcher.services.names.protect import protect
from watcher.store import Store, lookalikes


@pytest.fixture
async def store(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    await protect(store, ["army.mil"], suffixes=load_suffixes(), now=clock.now())
    yield store, clock
    await store.close()


async def test_a_clock_set_back_an_hour_loses_and_repeats_nothing(store):
    bench = await WatchedHours(*store).begin()
    await bench.minutes(70)
    bench.dns.load("army.ml", MX)
    await bench.minutes(6)
    bench.clock._now -= timedelta(hours=1)
    await bench.minutes(180)
    told = await bench.told()
    assert told.count(("mail_became_able", "army.ml")) == 1
    assert [one for one in told if one[1]] == [("mail_became_able", "army.ml")]
    assert [kind for kind, name in told if not name] == ["watch_stale", "watch_recovered"], "it is said that it jumped"


async def test_a_gain_that_waits_for_its_second_look_when_the_clock_is_set_back(store):
    bench = await WatchedHours(*store).begin()
    await bench.minutes(10)
    bench.dns.load("army.ml", MX)
    while not (await self_pending(bench)):
        await bench.minutes(1)
    bench.clock._now -= timedelta(hours=1)
    await bench.minutes(6)
    assert ("mail_became_able", "army.ml") in await bench.told(), "it does not wait for the clock to catch up"


async def self_pending(bench):
    async with bench.store.read() as tx:
        row = await lookalikes.find(tx, "army.ml")
    return row.state.pending is not None


async def test_two_hours_without_dns_are_told_once_and_change_nothing(store):
    bench = await WatchedHours(*store).begin()
    await bench.minutes(30)
    bench.dns.faults.append(Fault("*", "*", Outcome.TIMEOUT))
    await bench.minutes(60)
    bench.dns.load("army.ml", MX)  # in the dark
    await bench.minutes(60)
    assert await bench.told() == [("watch_stale", "")]
    bench.dns.faults.clear()
    await bench.minutes(120)
    assert await bench.told() == [("watch_stale", ""), ("watch_recovered", ""), ("mail_became_able", "army.ml")]


async def test_a_resolver_that_flaps_is_no_news(store):
    bench = await WatchedHours(*store).begin()
    flaps = [
        Fault("*", "*", outcome, resolver=SECOND) for outcome in (Outcome.SERVFAIL, Outcome.TIMEOUT, Outcome.REFUSED)
    ]
    for hour in range(12):
        bench.dns.faults[:] = [flaps[hour % 3]] if hour % 2 else []
        await bench.minutes(30, step=5)
    assert await bench.told() == []
