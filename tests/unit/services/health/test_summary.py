"""The summary comes at its time, once, and says what was watched and what is not well."""

from datetime import date, timedelta

import pytest

from tests.fakes.alert_samples import became_able
from watcher.channels.form import word
from watcher.core.telling.alerts import AlertKind, AlertPolicy, DigestEvery
from watcher.services.health.pulse import RegistryPulse
from watcher.services.health.summary import Summaries
from watcher.services.health.wellness import Wellness
from watcher.store import deliveries, event_log, shards

PLAN = ((200, timedelta(hours=1)),)


class Bench:
    def __init__(self, store, clock, every=DigestEvery.DAILY, channels=("slack", "email")):
        self.store, self.clock = store, clock
        options = {"store": store, "clock": clock, "plan": PLAN, "budget": lambda: None}
        self.dates = {"the root": clock.now().date()}
        wellness = Wellness(
            **options, free_bytes=lambda: 10**10, data_dates=lambda: self.dates, registries=RegistryPulse(clock)
        )
        self.summaries = Summaries(**options, policy=AlertPolicy(channels=channels, digest=every), wellness=wellness)

    async def days(self, count):
        made = 0
        for _ in range(count * 12):
            made += await self.summaries.due()
            self.clock._now += timedelta(hours=2)
        return made

    async def sent(self):
        async with self.store.read() as tx:
            return [one for one in await deliveries.list_all(tx) if one.alert.kind is AlertKind.SUMMARY]


@pytest.fixture
def bench(watched):
    return Bench(*watched)


async def test_daily_to_every_channel_and_the_first_after_a_day(bench):
    assert await bench.days(1) == 0 or await bench.sent()
    assert await bench.days(3) == 3
    assert {one.channel for one in await bench.sent()} == {"slack", "email"}
    assert "Nothing happened." in (await bench.sent())[0].alert.text


async def test_weekly_and_never(bench, tmp_path):
    assert await Bench(bench.store, bench.clock, DigestEvery.WEEKLY).days(21) in {2, 3}
    assert await Bench(bench.store, bench.clock, DigestEvery.NEVER).days(21) == 0
    assert await Bench(bench.store, bench.clock, channels=()).days(3) == 0


async def test_it_says_what_was_seen_and_what_is_not_well(bench):
    await bench.days(1)
    now = bench.clock.now()
    async with bench.store.write() as tx:
        await shards.plan(tx, "army.mil", [0], version="v")
        await shards.start(tx, "army.mil", 0, version="v", total=200, at=now)
        await shards.finish(tx, "army.mil", 0, settled=100, unsettled=100, at=now)
        await event_log.add(tx, [became_able("army.ml", at=now)], now=now)
    await bench.days(1)
    text = (await bench.sent())[0].alert.text
    assert "1 became able to receive mail" in text
    assert "100 of 200 settled" in text
    assert "Not well: 100 of 200 candidates" in text
    assert text in (lead := word((await bench.sent())[0].alert).lead) or lead


async def test_it_goes_on_saying_that_a_list_is_old(bench):
    bench.dates = {"the root": date(2025, 1, 1)}
    await bench.days(3)
    texts = [one.alert.text for one in await bench.sent()]
    assert len(texts) >= 4
    for text in texts:
        assert "Worth doing: the root is 36" in text
        assert "old" not in text.partition("Not well")[2]


async def test_a_restart_sends_no_second_one(bench):
    await bench.days(2)
    before = len(await bench.sent())
    again = Bench(bench.store, bench.clock)
    bench.clock._now -= timedelta(hours=2)
    assert not await again.summaries.due()
    assert len(await bench.sent()) == before
