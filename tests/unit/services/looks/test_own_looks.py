"""What is ours is looked at daily: its exchanges, the nameservers it stands on, and the names those stand under."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher import checks
from watcher.core.mail.dns import Outcome
from watcher.core.mail.risk import Severity
from watcher.core.names.names import Fqdn
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.states.lookalike import Relation
from watcher.data import load_suffixes
from watcher.services.looks.examine import Examiner
from watcher.services.looks.own_looks import OwnLooks
from watcher.services.looks.relook import Relook
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.services.names.protect import add_own, protect, remove_own, unprotect
from watcher.store import Store, event_log, lookalikes

ROOT = "@ SOA a b 1 1 1 1 60\nmil NS a.nic.mil.\nnet NS a.gtld.net.\n"
SOA = "@ SOA a b 1 1 1 1 60\n"
NET = SOA + "hosting NS ns1.hosting.net.\nmail NS ns1.hosting.net.\n"
HOSTING = SOA + "@ NS ns1\nns1 A 93.184.216.1\nns2 A 93.184.216.2\n"
MAIL = SOA + "@ NS ns1.hosting.net.\nmx A 93.184.216.25\n"
ARMY = SOA + "@ NS ns1.hosting.net.\n@ NS ns2.hosting.net.\n@ MX 10 mx.mail.net.\n"
DAY = 86_400


class Bench:
    def __init__(self, store, clock):
        self.store, self.clock, self.suffixes = store, clock, load_suffixes()
        zones = {".": ROOT, "mil": SOA, "net": NET, "hosting.net": HOSTING, "mail.net": MAIL, "army.mil": ARMY}
        self.dns = ZoneResolver(clock, zones, ttl=60)
        examiner = Examiner(self.dns, clock, self.suffixes, checks.ALL, lambda: "w0123456789")
        self.ours = Ours(store, self.suffixes)
        self.watch = watch = Watch(store=store, clock=clock, jitter=lambda: 0.5)
        self.relook = Relook(
            store=store, examiner=examiner, watch=watch, ours=self.ours, clock=clock, resemblance=lambda _: None
        )
        self.looks = OwnLooks(
            store=store,
            ours=self.ours,
            looker=examiner,
            resolver=self.dns,
            watch=watch,
            suffixes=self.suffixes,
            clock=clock,
        )

    async def for_(self, seconds, step=600):
        for _ in range(0, int(seconds), step):
            await self.ours.read()
            await self.looks.due()
            await self.relook.due()
            self.clock._now += timedelta(seconds=step)

    async def told(self):
        async with self.store.read() as tx:
            return [(event.kind.value, event.name) for event in await event_log.list_all(tx)]

    async def last(self):
        async with self.store.read() as tx:
            return (await event_log.list_all(tx))[-1]

    async def rows(self):
        async with self.store.read() as tx:
            return {
                row.name: row
                for kind in (Relation.OWN, Relation.PROTECTED)
                for row in await lookalikes.list_all(tx, lookalikes.Wanted(relation=kind))
            }


@pytest.fixture
async def bench(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    await protect(store, ["army.mil", ".mil"], suffixes=load_suffixes(), now=clock.now())
    yield Bench(store, clock)
    await store.close()


async def test_each_name_of_ours_has_a_row_and_is_looked_at_hourly(bench):
    await add_own(bench.store, ["mail.net"], suffixes=bench.suffixes, now=bench.clock.now())
    await bench.for_(3600)
    rows = await bench.rows()
    assert {name: row.relation for name, row in rows.items()} == {"army.mil": "protected", "mail.net": "own"}
    asked = len(bench.dns.asked)
    await bench.for_(2 * 3600)
    soon = len(bench.dns.asked)
    assert soon > asked
    assert soon - asked <= 3 * asked, "once an hour, not more often"
    assert await bench.told() == []


async def test_a_dead_exchange_is_told_once(bench):
    await bench.for_(3600)
    bench.dns.load("mail.net", SOA + "@ NS ns1.hosting.net.\n")
    await bench.for_(2 * DAY)
    told = [kind for kind, _ in await bench.told()]
    assert told.count("own_mail_at_risk") == 1
    bench.dns.load("mail.net", MAIL)
    await bench.for_(2 * DAY)
    assert (await bench.told()).count(("own_mail_at_risk", "army.mil")) == 1


async def test_a_nameserver_whose_domain_anyone_can_register_is_told_once(bench):
    await bench.for_(3600)
    bench.dns.load("army.mil", ARMY + "@ NS ns.lapsed.net.\n")
    await bench.for_(3 * DAY)
    assert await bench.told() == [("own_mail_at_risk", "army.mil")]
    event = await bench.last()
    assert event.severity.at_least(Severity.HIGH)
    assert event.protected == ("army.mil",)
    assert list(event.after["troubled"]) == ["ns.lapsed.net"]
    assert "lapsed.net" in event.after["troubled"]["ns.lapsed.net"]
    assert event.evidence


async def test_other_nameservers_of_ours_are_told_once_with_both_readings(bench):
    await bench.for_(DAY)
    bench.dns.load("army.mil", ARMY.replace("ns2.hosting.net", "ns3.hosting.net"))
    bench.dns.load("hosting.net", HOSTING + "ns3 A 93.184.216.3\n")
    await bench.for_(2 * DAY)
    async with bench.store.read() as tx:
        (event,) = await event_log.list_all(tx)
    assert (event.kind.value, event.name, event.severity) == ("nameservers_changed", "army.mil", Severity.HIGH)
    assert event.before["nameservers"] == ["ns1.hosting.net", "ns2.hosting.net"]
    assert event.after["nameservers"] == ["ns1.hosting.net", "ns3.hosting.net"]
    assert len({row["at"] for row in event.evidence if row["type"] == "NS"}) == 2


async def test_other_nameservers_that_the_registry_lists_are_told_by_what_the_registry_says(bench):
    await bench.for_(DAY)
    facts = RegistrationFacts(
        RegistrationStatus.REGISTERED, RegistrationSource.RDAP, bench.clock.now(), nameservers=("ns1.hosting.net",)
    )
    await bench.watch.record_registration(Fqdn("army.mil"), facts)
    bench.dns.load("army.mil", ARMY.replace("ns2.hosting.net", "ns1.mail.net"))
    bench.dns.load("mail.net", MAIL + "ns1 A 93.184.216.3\n")
    await bench.for_(2 * DAY)
    assert await bench.told() == []


@pytest.mark.parametrize(("address", "why"), [("192.168.1.1", "192.168.1.1"), (None, "exist")])
async def test_a_nameserver_without_an_address_on_the_internet(bench, address, why):
    await bench.for_(3600)
    bench.dns.load("hosting.net", SOA + "@ NS ns1\nns1 A 93.184.216.1\n" + (f"ns2 A {address}\n" if address else ""))
    await bench.for_(2 * DAY)
    assert await bench.told() == [("own_mail_at_risk", "army.mil")]
    assert why in (await bench.last()).after["troubled"]["ns2.hosting.net"]


async def test_what_cannot_be_seen_is_no_trouble(bench):
    await bench.for_(3600)
    bench.dns.faults.append(Fault("*.hosting.net", "*", Outcome.SERVFAIL))
    bench.dns.faults.append(Fault("army.mil", "NS", Outcome.TIMEOUT))
    await bench.for_(3 * DAY)
    assert await bench.told() == []


async def test_names_that_are_ours_no_more_lose_their_rows(bench):
    await add_own(bench.store, ["mail.net"], suffixes=bench.suffixes, now=bench.clock.now())
    await bench.for_(3600)
    assert await unprotect(bench.store, ["army.mil"], suffixes=bench.suffixes) == ()
    assert await remove_own(bench.store, ["mail.net"], suffixes=bench.suffixes) == ()
    await bench.for_(3600)
    assert await bench.rows() == {}
