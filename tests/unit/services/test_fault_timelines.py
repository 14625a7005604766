"""Hours in which the world misbehaves: what is said, and what is not said."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher import checks
from watcher.core.dns import Outcome
from watcher.core.events import Resemblance
from watcher.core.mail_state import Origin
from watcher.core.names import Fqdn
from watcher.data import load_suffixes
from watcher.services.examine import Examiner
from watcher.services.ours import Ours
from watcher.services.protect import protect
from watcher.services.pulse import Pulse, PulsedResolver
from watcher.services.relook import Relook
from watcher.services.vigil import Vigil
from watcher.services.watch import Watch
from watcher.services.wellness import Wellness
from watcher.store import Store, events

ROOT = "@ SOA a b 1 1 1 1 60\nml NS a.nic.ml.\nnet NS a.nic.net.\n"
ML = "@ SOA a b 1 1 1 1 60\narmy NS ns.army\nnavy NS ns.navy\n"
SOA = "@ SOA a b 1 1 1 1 60\n@ NS ns\n"
MX = SOA + "@ MX 10 mx.mail.net.\n"
MAIL = SOA + "mx A 93.184.215.25\nlie A 93.184.215.66\n"
FIRST, SECOND, THIRD, FOURTH = "9.9.9.1:53", "9.9.9.2:53", "9.9.9.3:53", "9.9.9.4:53"


class InTurn(ZoneResolver):
    """Several resolvers, one after the other."""

    turn = 0

    async def ask(self, questions, *, avoid=frozenset()):
        usable = [one for one in self._resolvers if one not in avoid] or list(self._resolvers)
        self.turn += 1
        chosen = usable[self.turn % len(usable)]
        return await super().ask(questions, avoid=frozenset(self._resolvers) - {chosen})


class Bench:
    """`army.ml` exists without mail, `navy.ml` takes mail; both are known and looked at by their time."""

    def __init__(self, store, clock, resolvers=(FIRST, SECOND)):
        self.store, self.clock = store, clock
        zones = {".": ROOT, "ml": ML, "net": SOA, "mail.net": MAIL, "army.ml": SOA, "navy.ml": MX}
        self.dns = InTurn(clock, zones, resolvers=resolvers, ttl=60)
        pulse = Pulse(clock)
        resolver = PulsedResolver(self.dns, pulse)
        examiner = Examiner(resolver, clock, load_suffixes(), checks.ALL, lambda: "w0123456789")
        self.watch = Watch(store=store, clock=clock, jitter=lambda: 0.5)
        self.relook = Relook(
            store=store,
            examiner=examiner,
            watch=self.watch,
            ours=Ours(store, load_suffixes()),
            clock=clock,
            resemblance=lambda _: None,
        )
        self.examiner = examiner
        self.vigil = Vigil(store=store, resolver=resolver, pulse=pulse, clock=clock, stale_after=timedelta(minutes=15))
        self.wellness = Wellness(
            store=store,
            clock=clock,
            plan=((200, timedelta(hours=1)),),
            budget=lambda: None,
            free_bytes=lambda: 10**10,
            data_dates=dict,
            registries=pulse.registry,
        )

    async def begin(self):
        now = self.clock.now()
        for name in ("army.ml", "navy.ml"):
            slip = Resemblance("army.mil", ("suffix_edit",), 0.03, "mil typed as ml", 1)
            look = await self.examiner.look(Fqdn(name))
            await self.watch.record(look, resemblances=[slip], origin=Origin() if name == "navy.ml" else None)
        self.clock._now = now + timedelta(minutes=2)
        return self

    async def minutes(self, count, *, step=1):
        for minute in range(0, count, step):
            await self.relook.due()
            if minute % 5 == 0:
                await self.vigil.check()
                await self.wellness.check()
            self.clock._now += timedelta(minutes=step)

    async def told(self):
        """Kind and name, in order, without what was there from the beginning."""
        async with self.store.read() as tx:
            found = [(one.kind.value, one.name) for one in await events.listed(tx)]
        return [one for one in found if one[0] not in {"lookalike_found", "mail_found_able"}]


@pytest.fixture
async def store(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    await protect(store, ["army.mil"], suffixes=load_suffixes(), now=clock.now())
    yield store, clock
    await store.close()


async def test_a_clock_set_back_an_hour_loses_and_repeats_nothing(store):
    bench = await Bench(*store).begin()
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
    bench = await Bench(*store).begin()
    await bench.minutes(10)
    bench.dns.load("army.ml", MX)
    while not (await self_pending(bench)):
        await bench.minutes(1)
    bench.clock._now -= timedelta(hours=1)
    await bench.minutes(6)
    assert ("mail_became_able", "army.ml") in await bench.told(), "it does not wait for the clock to catch up"


async def self_pending(bench):
    async with bench.store.read() as tx:
        from watcher.store import lookalikes

        row = await lookalikes.found(tx, "army.ml")
    return row.state.pending is not None


async def test_two_hours_without_dns_are_told_once_and_change_nothing(store):
    bench = await Bench(*store).begin()
    await bench.minutes(30)
    bench.dns.faults.append(Fault("*", "*", Outcome.TIMEOUT))
    await bench.minutes(60)
    bench.dns.load("army.ml", MX)  # in the dark
    await bench.minutes(60)
    assert await bench.told() == [("watch_stale", "")]
    bench.dns.faults.clear()
    await bench.minutes(120)
    assert await bench.told() == [("watch_stale", ""), ("watch_recovered", ""), ("mail_became_able", "army.ml")]


@pytest.mark.parametrize(
    "lie",
    [
        Fault("army.ml", "MX", Outcome.ANSWER, ("10 lie.mail.net",), resolver=FIRST),
        Fault("navy.ml", "MX", Outcome.NXDOMAIN, soa="ml", resolver=FIRST),
        Fault("navy.ml", "MX", Outcome.ANSWER, ("0 .",), resolver=FIRST),
        Fault("navy.ml", "MX", Outcome.ANSWER, ("10 lie.mail.net",), resolver=FIRST),
    ],
    ids=["a gain", "a loss", "a null MX", "other exchanges"],
)
async def test_half_of_the_resolvers_lying_is_not_believed(store, lie):
    bench = await Bench(*store).begin()
    await bench.minutes(30)
    bench.dns.faults.append(lie)
    await bench.minutes(6 * 60, step=5)
    assert [one for one in await bench.told() if one[1]] == []


async def test_a_gain_is_told_all_the_same_where_a_resolver_denies_it(store):
    bench = await Bench(*store, resolvers=(FIRST, SECOND, THIRD, FOURTH)).begin()
    bench.dns.faults.append(Fault("army.ml", "MX", Outcome.NXDOMAIN, soa="ml", resolver=FOURTH))
    bench.dns.load("army.ml", MX)
    await bench.minutes(6 * 60, step=5)
    assert ("mail_became_able", "army.ml") in await bench.told()
    assert [one for one in await bench.told() if one[1]].count(("mail_became_able", "army.ml")) == 1


async def test_a_resolver_that_flaps_is_no_news(store):
    bench = await Bench(*store).begin()
    flaps = [
        Fault("*", "*", outcome, resolver=SECOND) for outcome in (Outcome.SERVFAIL, Outcome.TIMEOUT, Outcome.REFUSED)
    ]
    for hour in range(12):
        bench.dns.faults[:] = [flaps[hour % 3]] if hour % 2 else []
        await bench.minutes(30, step=5)
    assert await bench.told() == []
