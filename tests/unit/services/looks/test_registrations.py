"""Registrations that are due: who is asked about first, how often, and what is told of the answers."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.fake_registry import FakeRegistry
from tests.fakes.sightings import absent, explicit, look, no_address
from watcher.core.events import EventKind, Resemblance
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Flag
from watcher.core.registration.facts import Worth
from watcher.core.states.mail_state import Origin
from watcher.core.telling.alerts import concerns_ours
from watcher.data import load_suffixes
from watcher.lookups.registry.reply import packed, unpacked
from watcher.services.looks.registrations import Registrations
from watcher.services.looks.watch import Watch
from watcher.store import Store, event_log, lookalikes, protected_names, raw_replies
from watcher.store.protected_names import ProtectedRow

SLIP = Resemblance("army.mil", ("suffix_edit",), 0.03, "mil typed as ml", 1)
MAKE = {"explicit": explicit, "no_address": no_address, "absent": absent}


class Bench:
    """Rows in a real database, a registry, and the looks that were asked for."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.registry = FakeRegistry(clock)
        self.watch = Watch(store=store, clock=clock, jitter=lambda: 0.5)
        self.looked_again = []
        self.registrations = Registrations(
            store=store,
            registry=self.registry,
            watch=self.watch,
            suffixes=load_suffixes(),
            clock=clock,
            look_again=self._look_again,
        )

    async def _look_again(self, name):
        self.looked_again.append(name)

    async def saw(self, name, make="no_address", domain=None, relation="lookalike"):
        await self.clock.advance(1)
        seen = look(name, MAKE[make](name, self.clock.now()), self.clock.now())
        if domain is not None:
            seen = replace(seen, observation=replace(seen.observation, registrable_domain=domain))
        await self.watch.record(
            seen, resemblances=[] if relation != "lookalike" else [SLIP], origin=Origin(), relation=relation
        )

    async def told(self):
        async with self.store.read() as tx:
            listed = await event_log.list_all(tx)
        kinds = {EventKind.LOOKALIKE_FOUND, EventKind.MAIL_FOUND_ABLE}
        return [event for event in listed if event.kind not in kinds]

    async def row(self, name):
        async with self.store.read() as tx:
            return await lookalikes.find(tx, name)


@pytest.fixture
async def bench(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    async with store.write() as tx:
        await protected_names.add(tx, [ProtectedRow("army.mil", "domain", clock.now())])
    yield Bench(store, clock)
    await store.close()


async def test_the_worthiest_are_asked_about_first_and_once(bench):
    for name in ("unable.ml", "able.ml", "ours.ml"):
        bench.registry.register(name)
    await bench.saw("unable.ml")
    await bench.saw("able.ml", "explicit")
    await bench.saw("ours.ml", relation="own")
    assert await bench.registrations.due() == 3
    assert bench.registry.asked == [
        ("able.ml", Worth.ABLE),
        ("ours.ml", Worth.ABLE),
        ("unable.ml", Worth.NEW),
    ]
    assert await bench.registrations.due() == 0
    await bench.clock.advance(8 * 86400)
    assert await bench.registrations.due() == 3
    assert bench.registry.asked[-1] == ("unable.ml", Worth.KNOWN)


async def test_one_question_for_a_domain_however_many_hosts(bench):
    bench.registry.register("army.ml")
    for name in ("us.army.ml", "mail.army.ml", "army.ml"):
        await bench.saw(name, "explicit", domain="army.ml")
    await bench.registrations.due()
    assert [name for name, _ in bench.registry.asked] == ["army.ml"]
    for name in ("us.army.ml", "mail.army.ml", "army.ml"):
        assert (await bench.row(name)).registration.registrar == "Quick Names"


async def test_a_slow_registry_slows_only_its_suffix(bench):
    bench.registry.held_back["ml"] = waiting = asyncio.Event()
    bench.registry.register("army.com")
    await bench.saw("army.ml")
    await bench.saw("army.com")
    asking = asyncio.create_task(bench.registrations.due())
    async with asyncio.timeout(10):
        while (await bench.row("army.com")).registration is None:
            await asyncio.sleep(0.01)
        assert (await bench.row("army.ml")).registration is None
        await bench.saw("navy.com")  # due meanwhile
        while (await bench.row("navy.com")).registration is None:
            await asyncio.sleep(0.01)
        waiting.set()
        assert await asking == 3


async def test_replies_about_able_names_are_kept_for_thirty_days(bench):
    """As they came, in no shape, and not of names that cannot receive mail, whosever they are."""
    body = packed(b"Registrant Name: Jane Roe")
    for name in ("able.ml", "unable.ml", "own.ml", "army.mil"):
        bench.registry.register(name, raw=body)
    await bench.saw("able.ml", "explicit")
    await bench.saw("unable.ml")
    await bench.saw("own.ml", relation="own")
    await bench.saw("army.mil", relation="protected")

    async def kept(name):
        async with bench.store.read() as tx:
            return await raw_replies.list_of_domain(tx, name)

    await bench.registrations.due()
    (reply,) = await kept("able.ml")
    assert unpacked(reply.body) == b"Registrant Name: Jane Roe"
    for name in ("unable.ml", "own.ml", "army.mil"):
        assert (await bench.row(name)).registration.registrar == "Quick Names"
        assert await kept(name) == []
    row = await bench.row("able.ml")
    assert row.registration.raw is None
    assert "Jane" not in str(row)
    for _ in range(29):
        await bench.clock.advance(86_400)
        await bench.registrations.due()
        assert await bench.registrations.forget() == 0
    assert len(await kept("able.ml")) == 30
    for _ in range(5):
        await bench.clock.advance(86_400)
        await bench.registrations.due()
    assert len(await kept("able.ml")) == raw_replies.MOST
    await bench.clock.advance(31 * 86_400)
    assert await bench.registrations.forget() == raw_replies.MOST
    assert await kept("able.ml") == []


async def test_a_suffix_is_never_asked_about(bench):
    await bench.saw("ml")
    assert await bench.registrations.due() == 1
    assert (bench.registry.asked, (await bench.row("ml")).registration_next_at) == ([], None)


async def test_a_hold_is_judged_at_once(bench):
    bench.registry.register("army.ml")
    await bench.saw("army.ml")
    await bench.registrations.due()
    assert bench.looked_again == []
    bench.registry.register("army.ml", statuses=("server hold",), nameservers=())
    await bench.clock.advance(8 * 86400)
    await bench.registrations.due()
    assert bench.looked_again == ["army.ml"]
    assert [event.kind for event in await bench.told()] == [
        EventKind.REGISTRATION_CHANGED,
        EventKind.NAMESERVERS_CHANGED,
    ]


@pytest.mark.parametrize("relation", ["own", "protected"])
async def test_what_happens_to_names_of_ours_is_high_and_ours(bench, relation):
    """Asked about daily, told each once: another holder, other nameservers, nearness of expiry, loss."""
    bench.registry.register("army.com", registrar_iana_id="1")
    await bench.saw("army.com", "explicit", relation=relation)
    await bench.registrations.due()
    assert bench.registry.asked == [("army.com", Worth.ABLE)]
    assert await bench.told() == []
    steps = (
        {"registrar_iana_id": "666"},
        {"nameservers": ("ns1.elsewhere.net",)},
        {"expires_at": bench.clock.now() + timedelta(days=30)},
    )
    for step in steps:
        bench.registry.register("army.com", **step)
        for _ in range(2):
            await bench.clock.advance(1.2 * 86_400)
            await bench.registrations.due()
    del bench.registry.known["army.com"]
    for _ in range(3):
        await bench.saw("army.com", "absent", relation=relation)
        await bench.clock.advance(3600)
    for _ in range(3):
        await bench.clock.advance(1.2 * 86_400)
        await bench.registrations.due()
    told = [event for event in await bench.told() if event.source != "dns"]  # it left the DNS, or it would not lapse
    assert [event.kind.value for event in told] == [
        "registration_changed",
        "nameservers_changed",
        "expiring",
        "lapsed",
    ]
    assert {event.severity for event in told} == {Severity.HIGH}
    assert {event.severity_reasons[0] for event in told} == {"it is one of ours"}
    assert all(concerns_ours(event) for event in told), "sent whatever alerts.kinds says"


async def test_a_defensive_name_is_ours_by_its_exchanges_alone(bench):
    """M35: every usable exchange is a host under a protected name."""
    bench.registry.register("army.ml", registrar_iana_id="1")
    await bench.clock.advance(1)
    verdict = explicit("army.ml", bench.clock.now(), "mx.army.mil", flags=(Flag.DEFENSIVE,))
    await bench.watch.record(look("army.ml", verdict, bench.clock.now()), resemblances=[SLIP], origin=Origin())
    await bench.registrations.due()
    bench.registry.register("army.ml", registrar_iana_id="666")
    await bench.clock.advance(8 * 86_400)
    await bench.registrations.due()
    (told,) = await bench.told()
    assert (told.kind, told.severity, told.after["relation"]) == (
        EventKind.REGISTRATION_CHANGED,
        Severity.HIGH,
        "defensive",
    )
    assert concerns_ours(told)


async def test_without_a_registry_nothing_is_asked(bench):
    alone = Registrations(
        store=bench.store, registry=None, watch=bench.watch, suffixes=load_suffixes(), clock=bench.clock,
        look_again=bench._look_again,
    )  # fmt: skip
    await bench.saw("army.ml")
    assert await alone.due() == 0
