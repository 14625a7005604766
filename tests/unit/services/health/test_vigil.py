"""The watch over the watch: blindness becomes an event, once, and ends in one; quiet without a reason stays quiet."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher.core.errors import DishonestResolver
from watcher.core.mail.dns import Outcome
from watcher.core.mail.verdict import Ability, Basis, Verdict
from watcher.services.health.pulse import Pulse, PulsedResolver
from watcher.services.health.vigil import Canary, Vigil
from watcher.services.sweeps.sweep import BlindPasses
from watcher.store import Store, event_log

DEAD = Fault("*", "*", Outcome.TIMEOUT)


class Bench:
    def __init__(self, store, clock, canary=None):
        self.blind_passes = None
        self.store, self.clock = store, clock
        self.dns = ZoneResolver(clock, {".": "@ SOA a b 1 1 1 1 60\n@ NS a.root\n"})
        self.pulse = Pulse(clock)
        self.vigil = Vigil(
            store=store,
            resolver=PulsedResolver(self.dns, self.pulse),
            pulse=self.pulse,
            clock=clock,
            stale_after=timedelta(minutes=15),
            canary=canary,
            blind_passes=lambda: self.blind_passes,
        )

    async def minutes(self, count):
        for _ in range(count):
            await self.clock.advance(60)
            await self.vigil.check()

    async def told(self):
        async with self.store.read() as tx:
            return [(event.kind.value, event.after) for event in await event_log.list_all(tx)]

    async def kinds(self):
        return [kind for kind, _ in await self.told()]


@pytest.fixture
def bench(watched):
    return Bench(*watched)


async def test_a_day_with_nothing_due_is_no_blindness(bench):
    await bench.minutes(120)
    assert await bench.told() == []
    assert bench.dns.asked, "it made sure by a question of its own"


async def test_passes_that_stay_blind_are_told_once_and_their_end_once(bench):
    await bench.minutes(1)
    bench.blind_passes = BlindPasses(bench.clock.now(), "300 of 500 questions did not settle (300 REFUSED)")
    await bench.minutes(14)
    assert await bench.told() == []
    await bench.minutes(30)
    ((kind, stale),) = await bench.told()
    assert kind == "watch_stale"
    assert stale["conditions"] == ["passes_blind"]
    assert stale["errors"] == ["300 of 500 questions did not settle (300 REFUSED)"]
    bench.blind_passes = None
    await bench.minutes(2)
    assert await bench.kinds() == ["watch_stale", "watch_recovered"]


async def test_a_dead_dns_is_told_once_and_its_end_once(bench):
    bench.dns.faults.append(DEAD)
    await bench.minutes(40)
    ((kind, stale),) = await bench.told()
    assert kind == "watch_stale"
    assert any("TIMEOUT" in error for error in stale["errors"])
    bench.dns.faults.clear()
    await bench.minutes(5)
    assert await bench.kinds() == ["watch_stale", "watch_recovered"]
    assert (await bench.told())[1][1]["blind_seconds"] >= 40 * 60


async def test_a_restart_neither_forgets_nor_repeats(bench):
    bench.dns.faults.append(DEAD)
    await bench.minutes(20)
    again = Bench(bench.store, bench.clock)
    again.dns.faults.append(DEAD)
    await again.minutes(20)
    assert await again.kinds() == ["watch_stale"]
    again.dns.faults.clear()
    await again.minutes(1)
    assert await again.kinds() == ["watch_stale", "watch_recovered"]


async def test_a_short_failure_is_quiet(bench):
    bench.dns.faults.append(DEAD)
    await bench.minutes(10)
    bench.dns.faults.clear()
    await bench.minutes(30)
    assert await bench.told() == []


async def test_with_nothing_protected_nothing_is_stale(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/empty.db", clock=clock)
    bench = Bench(store, clock)
    bench.dns.faults.append(DEAD)
    await bench.minutes(40)
    assert await bench.told() == []
    await store.close()


@pytest.mark.parametrize("ability", [Ability.UNABLE, Ability.UNKNOWN])
async def test_a_canary_that_is_not_seen_able_is_blindness_too(bench, ability):
    verdict = Verdict(ability, Basis.NO_ADDRESS)

    async def look():
        return verdict

    watched = Bench(bench.store, bench.clock, Canary("canary.army.mil", look))
    await watched.minutes(20)
    ((kind, stale),) = await watched.told()
    assert kind == "watch_stale"
    assert "canary.army.mil" in stale["errors"][0]
    verdict = Verdict(Ability.ABLE, Basis.EXPLICIT_MX)
    await watched.minutes(2)
    assert await watched.kinds() == ["watch_stale", "watch_recovered"]


async def test_a_refused_resolver_is_told_once_until_it_passes_again(bench):
    liar = DishonestResolver("192.0.2.1", "it rewrites NXDOMAIN")
    await bench.vigil.refused([liar])
    await bench.vigil.refused([liar])
    assert await bench.kinds() == ["resolver_refused"]
    await bench.vigil.refused([])
    await bench.vigil.refused([liar])
    assert await bench.kinds() == ["resolver_refused", "resolver_refused"]


class Passes:
    """A process of its own for each pass, an hour apart, as cron starts them."""

    def __init__(self, bench, canary=None):
        self.bench, self.canary = bench, canary

    async def run(self, *faults, after=3600):
        await self.bench.clock.advance(after)
        one = Bench(self.bench.store, self.bench.clock, self.canary)
        one.dns.faults += faults
        await one.vigil.once()

    async def kinds(self):
        return await self.bench.kinds()


async def test_passes_that_see_an_hour_apart_are_no_blindness(bench):
    passes = Passes(bench)
    for _ in range(5):
        await passes.run()
    assert await passes.kinds() == []


async def test_a_pass_that_sees_nothing_tells_since_when_and_the_next_one_that_sees_ends_it(bench):
    passes = Passes(bench)
    await passes.run()
    seen = bench.clock.now()
    await passes.run(DEAD)
    await passes.run(DEAD)
    ((kind, stale),) = await bench.told()
    assert (kind, stale["since"]) == ("watch_stale", f"{seen:%Y-%m-%dT%H:%M:%SZ}")
    assert any("TIMEOUT" in error for error in stale["errors"])
    await passes.run()
    assert await passes.kinds() == ["watch_stale", "watch_recovered"]
    assert (await bench.told())[1][1]["blind_seconds"] == pytest.approx(3 * 3600, abs=10)


async def test_a_first_pass_that_sees_nothing_is_told_by_the_next(bench):
    passes = Passes(bench)
    await passes.run(DEAD)
    assert await passes.kinds() == []
    await passes.run(DEAD)
    assert await passes.kinds() == ["watch_stale"]


async def test_short_passes_after_each_other_wait_for_the_patience(bench):
    passes = Passes(bench)
    await passes.run()
    for _ in range(10):
        await passes.run(DEAD, after=60)
    assert await passes.kinds() == []
    for _ in range(10):
        await passes.run(DEAD, after=60)
    assert await passes.kinds() == ["watch_stale"]


async def test_passes_that_do_not_see_the_canary_are_blind(bench):
    verdict = Verdict(Ability.ABLE, Basis.EXPLICIT_MX)

    async def look():
        return verdict

    passes = Passes(bench, Canary("canary.army.mil", look))
    await passes.run()
    verdict = Verdict(Ability.UNABLE, Basis.NO_ADDRESS)
    await passes.run()
    assert await passes.kinds() == ["watch_stale"]
    verdict = Verdict(Ability.ABLE, Basis.EXPLICIT_MX)
    await passes.run()
    assert await passes.kinds() == ["watch_stale", "watch_recovered"]
