"""Registration facts recorded: asked for at once, changes told once, and what they make news."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.sightings import (
    absent,
    explicit,
    no_address,
    unknown,
)
from tests.fakes.watch_bench import NAME, registered, watch_bench
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.states.mail_state import Origin


@pytest.fixture
async def bench(tmp_path):
    async with watch_bench(tmp_path) as made:
        yield made


class TestRegistration:
    async def asked(self, bench, new, name=NAME):
        recorded = await bench.watch.record_registration(name, new)
        again = await bench.watch.record_registration(name, new)
        assert again.events == ()
        return [event.kind.value for event in recorded.events]

    async def test_it_is_asked_for_at_once_and_again(self, bench):
        await bench.look(no_address)
        assert (await bench.row()).registration_next_at == bench.clock.now()
        assert await self.asked(bench, registered(bench.clock, registrar="A", nameservers=("ns1.a.net",))) == []
        row = await bench.row()
        assert row.registration.registrar == "A"
        assert timedelta(days=6) < row.registration_next_at - bench.clock.now() < timedelta(days=8)

    async def test_registered_lapsed_registered(self, bench):
        await bench.look(no_address)
        gone = RegistrationFacts(RegistrationStatus.UNREGISTERED, RegistrationSource.RDAP, bench.clock.now())
        throttled = RegistrationFacts(
            RegistrationStatus.UNKNOWN, RegistrationSource.WHOIS, bench.clock.now(), reason="throttled"
        )
        assert await self.asked(bench, registered(bench.clock)) == []
        assert await self.asked(bench, throttled) == []
        assert (await bench.row()).registration.status is RegistrationStatus.REGISTERED
        await bench.clock.advance(86_400)
        assert await self.asked(bench, gone) == [], "the registry may be broken: the name is delegated in the DNS"
        row = await bench.row()
        assert row.registration.status is RegistrationStatus.REGISTERED
        assert row.registration.reason == (
            "the RDAP server says that it is not registered, yet it is delegated in the DNS"
        )
        assert row.registration_next_at - bench.clock.now() == timedelta(hours=1)
        await bench.clock.advance(3600)
        for _ in range(3):
            gone = replace(gone, fetched_at=bench.clock.now())
            assert await self.asked(bench, gone) == [], "one source, however often it says so"
            await bench.clock.advance(3600)
        other = replace(gone, source=RegistrationSource.WHOIS, fetched_at=bench.clock.now())
        assert await self.asked(bench, other) == ["lapsed"], "another source says so too"
        assert await self.asked(bench, throttled) == []
        assert await self.asked(bench, registered(bench.clock)) == ["registered"]
        told = (await bench.events())[-1]
        assert (told.source, told.before["status"], told.after["status"]) == ("rdap", "unregistered", "registered")

    async def test_a_parent_s_facts_are_shown_and_raise_nothing(self, bench):
        await bench.look(no_address)
        parents = replace(registered(bench.clock), domain="ml", created_at=bench.clock.now())
        assert await self.asked(bench, parents) == []
        assert (await bench.row()).registration.domain == "ml"
        lapsed = RegistrationFacts(
            RegistrationStatus.UNREGISTERED, RegistrationSource.RDAP, bench.clock.now(), domain="ml"
        )
        assert await self.asked(bench, lapsed) == [], "the parent's lapse is not the name's"
        its_own = replace(registered(bench.clock), domain=NAME)
        assert await self.asked(bench, its_own) == [], "the first facts about the name itself are no change"
        assert (await bench.row()).registration.domain == NAME
        assert await self.asked(bench, parents) == []
        assert (await bench.row()).registration.domain == NAME, "what is known of the name itself stays"

    async def test_a_name_that_left_the_dns_has_lapsed_at_the_first_word(self, bench):
        await bench.look(no_address)
        assert await self.asked(bench, registered(bench.clock, nameservers=("ns1.a.net",))) == []
        await bench.look(absent, after=3600)
        assert (await bench.row()).registration_next_at == bench.clock.now(), "asked at once"
        gone = RegistrationFacts(RegistrationStatus.UNREGISTERED, RegistrationSource.RDAP, bench.clock.now())
        assert await self.asked(bench, gone) == ["lapsed"]
        assert (await bench.row()).registration.reason is None
        await bench.look(no_address, after=7200)
        assert (await bench.row()).registration_next_at == bench.clock.now(), "asked at once"

    async def test_an_unregistered_name_that_is_delegated_says_so(self, bench):
        await bench.look(no_address)
        gone = RegistrationFacts(RegistrationStatus.UNREGISTERED, RegistrationSource.WHOIS, bench.clock.now())
        assert await self.asked(bench, gone) == []
        assert "yet it is delegated in the DNS" in (await bench.row()).registration.reason

    async def test_one_event_for_a_domain_with_several_rows(self, bench):
        for name in ("us.army.ml", NAME, "mail.army.ml"):
            await bench.look(explicit, name=name)
        first = registered(bench.clock, nameservers=("ns1.a.net",))
        assert await self.asked(bench, first, "us.army.ml") == []
        moved = await bench.watch.record_registration("mail.army.ml", replace(first, nameservers=("ns1.b.net",)))
        assert [(event.kind.value, event.name) for event in moved.events] == [("nameservers_changed", NAME)]
        for name in ("us.army.ml", NAME, "mail.army.ml"):
            assert (await bench.row(name)).registration.nameservers == ("ns1.b.net",)

    async def test_nearness_of_expiry_is_told_once(self, bench):
        await bench.look(no_address)
        soon = bench.clock.now() + timedelta(days=40)
        assert await self.asked(bench, registered(bench.clock, expires_at=soon)) == []
        await bench.clock.advance(11 * 86_400)
        assert await self.asked(bench, registered(bench.clock, expires_at=soon)) == ["expiring"]
        await bench.clock.advance(86_400)
        assert await self.asked(bench, registered(bench.clock, expires_at=soon)) == []
        assert await self.asked(bench, registered(bench.clock, expires_at=soon + timedelta(days=365))) == []

    async def test_another_holder(self, bench):
        await bench.look(no_address)
        old = registered(bench.clock, registrar_iana_id="1", statuses=("active",), registrant_organisation="Old")
        assert await self.asked(bench, old) == []
        assert await self.asked(bench, replace(old, statuses=("active", "client transfer prohibited"))) == []
        assert await self.asked(bench, replace(old, registrant_organisation=None)) == []
        assert await self.asked(bench, replace(old, source=RegistrationSource.WHOIS, registrar_iana_id="2")) == []
        assert await self.asked(bench, replace(old, statuses=("server hold",))) == []
        assert await self.asked(bench, replace(old, statuses=())) == ["registration_changed"]
        assert await self.asked(bench, replace(old, statuses=(), registrar_iana_id="9")) == ["registration_changed"]

    async def test_a_grown_enumeration_s_name_registered_since_the_last_sweep_is_news(self, bench):
        grown = Origin(last_sweep_at=bench.clock.now() - timedelta(hours=1))
        assert await bench.look(explicit, origin=grown) == ["mail_found_able"]
        await bench.clock.advance(60)
        young = registered(bench.clock, created_at=bench.clock.now() - timedelta(minutes=30))
        assert await self.asked(bench, young) == []
        assert (await bench.row()).next_look_at == bench.clock.now()
        assert await bench.look(explicit, after=60) == ["mail_became_able"]

    async def test_back_from_the_dead_by_dns_alone(self, bench):
        await bench.look(no_address)
        for absences in (1, 2):
            for _ in range(absences):
                assert await bench.look(absent, after=3600) == []
            assert await bench.look(no_address, after=3600) == [], "a resolver may have lied"
        for _ in range(3):
            assert await bench.look(absent, after=3600) == []
            assert await bench.look(unknown, after=3600) == []
        assert await bench.look(no_address, after=3600) == ["registered"]
        assert (await bench.events())[-1].source == "dns"

    async def test_nothing_for_a_name_without_a_row(self, bench):
        assert await self.asked(bench, registered(bench.clock)) == []
        assert await bench.row() is None
