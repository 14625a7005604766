"""The watch over the watch: blindness becomes an event, once, and ends in one; quiet without a reason stays quiet."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher.core.dns import Outcome
from watcher.core.errors import DishonestResolver
from watcher.core.verdict import Ability, Basis, Verdict
from watcher.data import load_suffixes
from watcher.services.protect import protect
from watcher.services.pulse import Pulse, PulsedResolver
from watcher.services.vigil import Canary, Vigil
from watcher.store import Store, events

DEAD = Fault("*", "*", Outcome.TIMEOUT)


class Bench:
    def __init__(self, store, clock, canary=None):
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
        )

    async def minutes(self, count):
        for _ in range(count):
            await self.clock.advance(60)
            await self.vigil.check()

    async def told(self):
        async with self.store.read() as tx:
            return [(event.kind.value, event.after) for event in await events.listed(tx)]

    async def kinds(self):
        return [kind for kind, _ in await self.told()]


@pytest.fixture
async def bench(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    await protect(store, ["army.mil"], suffixes=load_suffixes(), now=clock.now())
    yield Bench(store, clock)
    await store.close()


async def test_a_day_with_nothing_due_is_no_blindness(bench):
    await bench.minutes(120)
    assert await bench.told() == []
    assert bench.dns.asked, "it made sure by a question of its own"


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
