"""Troubles of the watch itself: told when they last, once, and their end once; what is well is never told."""

from datetime import date, timedelta

import pytest

from tests.fakes.sightings import look, no_address
from watcher.core.events import Resemblance
from watcher.core.mail.risk import Severity
from watcher.core.states.budget import Budget
from watcher.core.telling.alerts import AlertPolicy, DecisionKind, decide
from watcher.services.health.pulse import RegistryPulse
from watcher.services.health.wellness import Wellness
from watcher.services.looks.watch import Watch
from watcher.store import event_log, shards

PLAN = ((200, timedelta(hours=1)), (2_000, timedelta(hours=6)))
SLIP = Resemblance("army.mil", ("suffix_edit",), 0.03, "mil typed as ml", 1)


class Bench:
    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.free, self.budget = 10**10, None
        self.dates = {"the list of top-level domains": clock.now().date()}
        self.registries = RegistryPulse(clock)
        self.wellness = Wellness(
            store=store,
            clock=clock,
            plan=PLAN,
            budget=lambda: self.budget,
            free_bytes=lambda: self.free,
            data_dates=lambda: self.dates,
            registries=self.registries,
        )

    async def swept(self, tier, settled, unsettled=0):
        async with self.store.write() as tx:
            now = self.clock.now()
            await shards.plan(tx, "army.mil", [0, 1], version="v")
            await shards.start(tx, "army.mil", tier, version="v", total=settled + unsettled, at=now)
            await shards.finish(tx, "army.mil", tier, settled=settled, unsettled=unsettled, at=now)

    async def minutes(self, count):
        step = 1 if count < 20 else 5
        for _ in range(0, count, step):
            self.clock._now += timedelta(minutes=step)
            await self.wellness.check()

    async def told(self):
        async with self.store.read() as tx:
            return [(event.kind.value, event.after) for event in await event_log.list_all(tx) if not event.name]

    async def kinds(self):
        return [kind for kind, _ in await self.told()]


@pytest.fixture
def bench(watched):
    return Bench(*watched)


async def test_a_watch_that_is_well_says_nothing(bench):
    for hour in range(12):
        await bench.swept(0, 199, 1)
        if hour % 6 == 0:
            await bench.swept(1, 1_800)
        await bench.minutes(60)
    assert await bench.told() == []


async def test_a_tier_that_is_late_and_one_that_does_not_settle(bench):
    await bench.swept(0, 120, 80)
    await bench.minutes(40)
    ((kind, after),) = await bench.told()
    assert (kind, after["errors"]) == ("watch_stale", ["80 of 200 candidates to rank 200 do not settle"])
    await bench.swept(0, 200)
    await bench.minutes(5)
    assert await bench.kinds() == ["watch_stale", "watch_recovered"]
    await bench.minutes(120)
    assert "late" in (await bench.told())[-1][1]["errors"][0]
    assert (await bench.kinds())[2:] == ["watch_stale"]


async def test_a_plan_that_is_known_to_stretch_is_not_late(bench):
    bench.budget = Budget(0.01)
    await bench.swept(0, 200)
    await bench.minutes(300)
    assert await bench.told() == []


async def test_looks_that_are_overdue(bench):
    now = bench.clock.now()
    watch = Watch(store=bench.store, clock=bench.clock, jitter=lambda: 0.5)
    await watch.record(look("army.ml", no_address("army.ml", now), now), resemblances=[SLIP])
    await bench.minutes(100)
    assert await bench.told() == []
    await bench.minutes(200)
    ((kind, after),) = await bench.told()
    assert kind == "watch_stale"
    assert "overdue" in after["errors"][0]


async def test_a_full_disk_and_a_clock_set_back_are_told_at_once(bench):
    await bench.minutes(2)
    bench.free = 1
    await bench.minutes(3)
    bench.free = 10**10
    await bench.minutes(3)
    assert await bench.kinds() == ["watch_stale", "watch_recovered"]
    bench.clock._now -= timedelta(hours=1)
    await bench.minutes(3)
    assert await bench.kinds() == ["watch_stale", "watch_recovered"] * 2
    assert "set back" in (await bench.told())[2][1]["errors"][0]
    bench.clock._now += timedelta(hours=3)
    await bench.minutes(3)
    assert "nothing was watched" in (await bench.told())[4][1]["errors"][0]


async def test_old_lists_are_said_once_in_the_digest_and_wake_nobody(bench):
    bench.dates = {"the RDAP bootstrap": date(2025, 1, 1), "the list of top-level domains": bench.clock.now().date()}
    await bench.minutes(60 * 30)
    ((kind, after),) = await bench.told()
    assert (kind, after["reason"]) == ("data_aged", "the RDAP bootstrap is 365 days old: update watcher")
    async with bench.store.read() as tx:
        (event,) = await event_log.list_all(tx)
    decision = decide(event, AlertPolicy(("slack",)))
    assert (decision.kind, event.severity) == (DecisionKind.DIGEST, Severity.LOW)
    assert await bench.wellness.troubles(bench.clock.now()) == {}, "nobody is blind by it"
    again = Bench(bench.store, bench.clock)
    again.dates = bench.dates
    await again.minutes(60)
    assert await again.kinds() == ["data_aged"]
    again.dates = {"the RDAP bootstrap": bench.clock.now().date()}
    await again.minutes(3)
    again.dates = bench.dates
    await again.minutes(3)
    assert await again.kinds() == ["data_aged", "data_aged"]


async def test_a_registry_that_refuses_is_told_once_with_what_it_said_and_so_is_its_end(bench):
    for minute in range(120):
        bench.registries.heard("rdap.nic.ml", None if minute < 30 else "RDAP: the server asked us to slow down")
        bench.registries.heard("whois whois.nic.mil:43", None if minute % 3 else "WHOIS: timeout")
        await bench.minutes(1)
    ((kind, after),) = await bench.told()
    assert kind == "watch_stale"
    (error,) = after["errors"]
    assert error.startswith("rdap.nic.ml failed ")
    assert error.endswith("of 60 questions within the hour: RDAP: the server asked us to slow down")
    for _ in range(40):
        bench.registries.heard("rdap.nic.ml", None)
        await bench.minutes(1)
    assert await bench.kinds() == ["watch_stale", "watch_recovered"]


async def test_a_few_failures_of_a_registry_and_a_quiet_hour_are_no_trouble(bench):
    for _ in range(4):
        bench.registries.heard("rdap.nic.ml", "RDAP: timeout")
    await bench.minutes(50)
    assert await bench.told() == []
    for _ in range(10):
        bench.registries.heard("rdap.nic.ml", "RDAP: timeout")
    await bench.minutes(10)
    assert await bench.told() == [], "it has not lasted yet"
    await bench.minutes(120)
    assert await bench.kinds() == ["watch_stale", "watch_recovered"], "what is not asked does not fail"


async def test_a_restart_neither_forgets_nor_repeats(bench):
    await bench.swept(0, 120, 80)
    await bench.minutes(20)
    again = Bench(bench.store, bench.clock)
    await again.minutes(20)
    assert await again.kinds() == ["watch_stale"]
    await again.swept(0, 200)
    await again.minutes(2)
    assert await again.kinds() == ["watch_stale", "watch_recovered"]


async def test_between_passes_of_a_process_each_nothing_need_be_watched(bench):
    for _ in range(3):
        bench.clock._now += timedelta(hours=1)
        await bench.wellness.check(steady=False)
    assert await bench.told() == []
