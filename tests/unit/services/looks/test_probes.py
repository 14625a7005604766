"""Absent candidates that a registry knows: found by asking about the first ones, once a day, one question a domain."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.fake_registry import FakeRegistry
from tests.fakes.zone_resolver import ZoneResolver
from tests.unit.services.sweeps.test_sweep import SUFFIX
from watcher import checks
from watcher.core.mail.verdict import Ability, Flag
from watcher.core.registration.facts import RegistrationSource, RegistrationStatus
from watcher.data import load_suffixes, load_tables
from watcher.services.looks.examine import Examiner
from watcher.services.looks.probes import Probes
from watcher.services.looks.relook import Relook
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.services.names.protect import protect
from watcher.services.sweeps.enumerate import Enumeration
from watcher.store import Store, event_log, lookalikes, shards
from watcher.techniques import ALL

MOST = 5


class Bench:
    """A protected army.mil whose first pass has ended, and a registry."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.registry = FakeRegistry(clock)
        suffixes = load_suffixes()
        self.ours = Ours(store, suffixes)
        names = Enumeration(load_tables(), ALL, "1", self.ours)
        self.dns = ZoneResolver(clock, dict.fromkeys(("mil", "ml", "com", "il"), SUFFIX), ttl=60)
        self.relook = Relook(
            store=store,
            examiner=Examiner(self.dns, clock, suffixes, checks.ALL, lambda: "wnobody"),
            watch=Watch(store=store, clock=clock, jitter=lambda: 0.5),
            ours=self.ours,
            clock=clock,
            resemblance=names.resemblance,
        )
        self.enumerate = names.candidates
        self.parts = {
            "store": store, "registry": self.registry, "ours": self.ours, "suffixes": suffixes, "version": "1",
            "enumerate_": names.candidates, "look_at": self.relook.candidate, "clock": clock,
        }  # fmt: skip
        self.probes = Probes(**self.parts, most=MOST)

    async def protect(self, name, *, swept=True):
        await protect(self.store, [name], suffixes=load_suffixes(), now=self.clock.now())
        await self.ours.read()
        if swept:
            async with self.store.write() as tx:
                await shards.plan(tx, name, [0], version="1")
                await shards.start(tx, name, 0, version="1", total=9, at=self.clock.now())
                await shards.finish(tx, name, 0, settled=9, unsettled=0, at=self.clock.now())

    def first(self, name="army.mil"):
        row = next(row for row in self.ours.protected if row.name == name)
        return [candidate.name for candidate in self.enumerate(row, 1, MOST)]

    async def row(self, name):
        async with self.store.read() as tx:
            return await lookalikes.find(tx, name)


@pytest.fixture
async def bench(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    yield Bench(store, clock)
    await store.close()


async def test_the_first_candidates_are_asked_about_once_a_day(bench):
    await bench.protect("army.mil")
    assert await bench.probes.due() == MOST
    assert sorted(name for name, _ in bench.registry.asked) == sorted(bench.first())
    assert {worth for _, worth in bench.registry.asked} == {0}
    assert await bench.probes.due() == 0
    after_a_restart = Probes(**bench.parts, most=MOST)
    assert await after_a_restart.due() == 0
    await bench.clock.advance(86_400)
    assert await bench.probes.due() == MOST


async def test_names_that_share_a_domain_share_its_question(bench):
    await bench.protect("army.mil")
    await bench.protect("us.army.mil")
    await bench.probes.due()
    asked = [name for name, _ in bench.registry.asked]
    assert len(asked) == len(set(asked))


async def test_a_held_name_becomes_an_armed_row(bench):
    await bench.protect("army.mil")
    held, free, *_ = bench.first()
    bench.registry.register(held, statuses=("server hold",), nameservers=())
    await bench.probes.due()
    row = await bench.row(held)
    assert (row.verdict.ability, row.verdict.flags) == (Ability.UNABLE, (Flag.ARMED,))
    assert (row.registration.status, row.registration.source) == (
        RegistrationStatus.REGISTERED,
        RegistrationSource.RDAP,
    )
    assert row.next_look_at - bench.clock.now() < timedelta(minutes=20), "watched at the highest rate"
    assert await bench.row(free) is None
    async with bench.store.read() as tx:
        (told,) = await event_log.list_all(tx)
    assert (told.kind.value, told.name, told.after["flags"]) == ("lookalike_found", held, ["armed"])
    await bench.relook.now(held)
    assert (await bench.row(held)).verdict.flags == (Flag.ARMED,), "it stays so"
    await bench.clock.advance(86_400)
    assert await bench.probes.due() == MOST - 1, "the row has its own turn"


async def test_registered_and_in_no_zone_is_armed_whatever_the_registry_calls_it(bench):
    await bench.protect("army.mil")
    name = bench.first()[0]
    bench.registry.register(name, nameservers=("ns1.hosting.net",), statuses=("active",))
    await bench.probes.due()
    assert (await bench.row(name)).verdict.flags == (Flag.ARMED,)


async def test_a_parent_s_registration_arms_nothing(bench):
    await bench.protect("army.mil")
    name = bench.first()[0]
    bench.registry.register(name, domain="mil", nameservers=())
    await bench.probes.due()
    assert await bench.row(name) is None


async def test_nobody_is_asked_before_the_first_pass_has_ended(bench):
    await bench.protect("army.mil", swept=False)
    assert await bench.probes.due() == 0
    assert bench.registry.asked == []


async def test_none_wanted_or_no_registry(bench):
    await bench.protect("army.mil")
    assert await Probes(**bench.parts, most=0).due() == 0
    assert await Probes(**{**bench.parts, "registry": None}, most=MOST).due() == 0
