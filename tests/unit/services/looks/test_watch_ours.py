"""What is ours is no lookalike: no page for its mail, and every loss and change told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import (
    ONE,
    OTHER,
    absent,
    explicit,
    implicit,
    no_address,
    unknown,
)
from tests.fakes.watch_bench import NAME, registered, watch_bench
from watcher.core.events import EventKind
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Flag
from watcher.core.registration.facts import RegistrationSource, RegistrationStatus
from watcher.core.states.lookalike import OWN, PROTECTED
from watcher.core.telling.alerts import AlertPolicy as Telling
from watcher.core.telling.alerts import DecisionKind, DigestEvery, concerns_ours, decide
from watcher.store import own_names
from watcher.store.own_names import OwnRow


@pytest.fixture
async def bench(tmp_path):
    async with watch_bench(tmp_path) as made:
        yield made


class TestOurs:
    async def test_an_own_name_that_becomes_able_is_no_page_but_its_loss_is(self, bench):
        async with bench.store.write() as tx:
            await own_names.add(tx, [OwnRow(NAME, bench.clock.now())])
        await bench.look(no_address, origin=bench.sweep)
        await bench.look(explicit, after=300, resolver=ONE)
        assert await bench.look(explicit, after=60, resolver=OTHER) == ["mail_became_able"]
        assert (await bench.events())[-1].severity is Severity.INFO
        for _ in range(3):
            await bench.look(absent, after=3600)
        lost = (await bench.events())[-1]
        assert (lost.kind, lost.severity) == (EventKind.MAIL_BECAME_UNABLE, Severity.HIGH)
        assert lost.after["relation"] == "own"

    async def test_a_defensive_name_that_turns_away_is_told(self, bench):
        """Its exchange was the owner's (M35): quiet until somebody takes its mail elsewhere."""
        defensive = {"flags": (Flag.DEFENSIVE,)}
        assert await bench.look(explicit, "mx.army.mil", **defensive) == ["mail_found_able"]
        assert (await bench.events())[-1].severity is Severity.INFO
        assert timedelta(minutes=50) < (await bench.row()).next_look_at - bench.clock.now() < timedelta(minutes=70)
        moved = replace(registered(bench.clock), nameservers=("ns1.a.net",))
        await bench.watch.record_registration(NAME, moved)
        await bench.watch.record_registration(NAME, replace(moved, nameservers=("ns1.b.net",)))
        told = (await bench.events())[-1]
        assert (told.kind, told.severity) == (EventKind.NAMESERVERS_CHANGED, Severity.HIGH)
        assert concerns_ours(told)
        await bench.look(explicit, "mx.other.net", after=3600, resolver=ONE)
        assert await bench.look(explicit, "mx.other.net", after=60, resolver=OTHER) == ["mail_became_able"]
        told = (await bench.events())[-1]
        assert told.severity.at_least(Severity.HIGH)
        assert concerns_ours(told)

    async def test_a_protected_name_that_moves_its_mail_away_from_home(self, bench):
        ours = {"name": "army.mil", "resembling": (), "relation": PROTECTED}
        await bench.look(explicit, "mail.army.mil", flags=(Flag.DEFENSIVE,), **ours)
        await bench.look(explicit, "mx.other.net", after=3600, resolver=ONE, **ours)
        assert await bench.look(explicit, "mx.other.net", after=60, resolver=OTHER, **ours) == ["exchanges_changed"]
        assert (await bench.events())[-1].severity is Severity.HIGH

    @pytest.mark.parametrize("relation", [OWN, PROTECTED])
    async def test_mail_of_ours_at_risk(self, bench, relation):
        ours = {"name": "army.mil", "resembling": (), "relation": relation}
        assert await bench.look(explicit, "a.net", "b.net", **ours) == []
        risky = {"flags": (Flag.PARTLY_DEAD,)}
        assert await bench.look(explicit, "a.net", "b.net", after=3600, **risky, **ours) == []
        assert await bench.look(unknown, after=60, **ours) == []
        assert await bench.look(explicit, "a.net", "b.net", after=60, **risky, **ours) == ["own_mail_at_risk"]
        assert await bench.look(explicit, "a.net", "b.net", after=60, **risky, **ours) == []
        told = (await bench.events())[-1]
        assert (told.severity, told.after["relation"]) == (Severity.HIGH, relation)
        assert told.protected == (("army.mil",) if relation == PROTECTED else ())

    async def test_a_protected_name_is_no_lookalike(self, bench):
        ours = {"name": "army.mil", "resembling": (), "relation": PROTECTED}
        assert await bench.look(implicit, **ours) == []
        await bench.look(explicit, after=3600, resolver=ONE, **ours)
        assert await bench.look(explicit, after=60, resolver=OTHER, **ours) == []
        await bench.look(explicit, "mx.other.net", after=3600, resolver=ONE, **ours)
        changed = await bench.look(explicit, "mx.other.net", after=60, resolver=OTHER, **ours)
        assert changed == ["exchanges_changed"]
        assert (await bench.events())[-1].severity is Severity.HIGH


class TestWhatIsOursIsAlwaysTold:
    """M35: what happens to names of the owner's is high and a page, whatever the policy leaves out."""

    DEAF = Telling(channels=("slack",), kinds=frozenset(), min_severity=Severity.CRITICAL, digest=DigestEvery.NEVER)

    @pytest.fixture(params=["own", "protected", "on the own list", "defensive"])
    async def ours(self, bench, request):
        """How to look at a name that is ours in one of the ways; it takes mail at mx.army.mil."""
        name = "army.mil" if request.param == "protected" else NAME
        how = {
            "own": {"resembling": (), "relation": OWN},
            "protected": {"resembling": (), "relation": PROTECTED},
            "on the own list": {},
            "defensive": {"flags": (Flag.DEFENSIVE,)},
        }[request.param]
        if request.param == "on the own list":
            async with bench.store.write() as tx:
                await own_names.add(tx, [OwnRow(NAME, bench.clock.now())])
        await bench.look(explicit, "mx.army.mil", name=name, **how)
        return name, how

    async def told(self, bench, *kinds):
        """Each of the newest events is told, and high at least."""
        newest = (await bench.events())[-len(kinds) :]
        assert [event.kind.value for event in newest] == list(kinds)
        for event in newest:
            assert event.severity.at_least(Severity.HIGH), event.kind
            assert event.severity_reasons[0] == "it is one of ours"
            decision = decide(event, self.DEAF)
            assert decision.kind is DecisionKind.PAGE, event.kind
            assert "of a name of ours is always told" in decision.reason

    async def says(self, bench, name, facts, after=86_400):
        await bench.clock.advance(after)
        await bench.watch.record_registration(name, replace(facts, fetched_at=bench.clock.now()))

    async def test_another_exchange(self, bench, ours):
        name, how = ours
        for resolver in (ONE, OTHER):
            await bench.look(explicit, "other.army.mil", name=name, after=3600, resolver=resolver, **how)
        await self.told(bench, "exchanges_changed")

    @pytest.mark.parametrize(
        ("change", "kind"),
        [
            ({"registrar_iana_id": "666"}, "registration_changed"),
            ({"registrant_organisation": "Somebody Else"}, "registration_changed"),
            ({"statuses": ("pending delete",)}, "registration_changed"),
            ({"nameservers": ("ns1.elsewhere.net",)}, "nameservers_changed"),
            ({"expires_at": FakeClock().now() + timedelta(days=10)}, "expiring"),
        ],
    )
    async def test_another_holder_other_nameservers_and_nearness_of_expiry(self, bench, ours, change, kind):
        name, _ = ours
        facts = registered(
            bench.clock, registrar_iana_id="1", registrant_organisation="Army", nameservers=("ns1.army.mil",)
        )
        await self.says(bench, name, facts)
        await self.says(bench, name, replace(facts, **change))
        await self.told(bench, kind)

    async def test_a_lapse_and_the_next_holder_while_the_dns_still_shows_it(self, bench, ours):
        """One source's word against the DNS is no lapse, however often it says so; a second source's is."""
        name, _ = ours
        facts = registered(bench.clock)
        free = replace(facts, status=RegistrationStatus.UNREGISTERED)
        await self.says(bench, name, facts)
        before = len(await bench.events())
        for _ in range(3):
            await self.says(bench, name, free)
        assert len(await bench.events()) == before, "the DNS shows it, and one source alone says that it is free"
        kept = (await bench.row(name)).registration
        assert kept.status is RegistrationStatus.REGISTERED
        assert "yet it is delegated in the DNS" in kept.reason
        await self.says(bench, name, replace(free, source=RegistrationSource.WHOIS))
        assert len(await bench.events()) == before + 1
        await self.told(bench, "lapsed")
        await self.says(bench, name, facts)
        await self.told(bench, "registered")

    async def test_a_lapse_and_the_next_holder_after_it_left_the_dns(self, bench, ours):
        """What was defensive stays the owner's until it takes mail for somebody else."""
        name, how = ours
        facts = registered(bench.clock, nameservers=("ns1.army.mil",))
        await self.says(bench, name, facts)
        gone = {key: value for key, value in how.items() if key != "flags"}
        for _ in range(3):
            await bench.look(absent, name=name, after=3600, **gone)
        await self.told(bench, "mail_became_unable")
        await self.says(bench, name, replace(facts, status=RegistrationStatus.UNREGISTERED, nameservers=()), after=60)
        await self.told(bench, "lapsed")
        await self.says(bench, name, replace(facts, nameservers=("ns1.evil.net",)))
        await self.told(bench, "registered")

    async def test_what_takes_mail_for_somebody_else_is_the_owner_s_no_more(self, bench):
        facts = registered(bench.clock, nameservers=("ns1.army.mil",))
        await bench.look(explicit, "mx.army.mil", flags=(Flag.DEFENSIVE,))
        await self.says(bench, NAME, facts)
        for _ in range(3):
            await bench.look(absent, after=3600)
        for resolver in (ONE, OTHER):
            await bench.look(explicit, "mx.evil.net", after=3600, resolver=resolver)
        became = (await bench.events())[-1]
        assert (became.kind, became.severity) == (EventKind.MAIL_BECAME_ABLE, Severity.CRITICAL)
        assert "relation" not in became.after
        await self.says(bench, NAME, replace(facts, nameservers=("ns1.evil.net",)))
        moved = (await bench.events())[-1]
        assert moved.kind is EventKind.NAMESERVERS_CHANGED
        assert not concerns_ours(moved)


class TestMailOfOwnNames:
    """An own name whose mail goes to somebody else than when it was put on the list is not shown as the owner's."""

    async def stands(self, bench, *hosts, times=2):
        for _ in range(times):
            for resolver in (ONE, OTHER):
                await bench.look(
                    lambda name, at, **options: explicit(name, at, *hosts, **options),
                    name="navy.ml",
                    after=600,
                    relation=OWN,
                    resolver=resolver,
                )
        return await bench.row("navy.ml")

    async def test_it_is_defensive_where_it_was_and_not_where_it_went(self, bench):
        row = await self.stands(bench, "mx.hub.net")
        assert (row.severity, row.verdict.flags) == (Severity.INFO, (Flag.DEFENSIVE,))
        row = await self.stands(bench, "mx2.hub.net")
        assert row.severity is Severity.INFO, "another host of the same operator"
        asked_before = row.registration_next_at
        row = await self.stands(bench, "mx.evil.net")
        assert row.severity.at_least(Severity.HIGH)
        assert Flag.DEFENSIVE not in row.verdict.flags
        assert row.registration_next_at > asked_before, "its registry is asked at once"
        changed = [event for event in await bench.events() if event.kind is EventKind.EXCHANGES_CHANGED]
        assert len(changed) == 2
        assert all(event.severity.at_least(Severity.HIGH) for event in changed)
        row = await self.stands(bench, "mx.hub.net")
        assert row.severity is Severity.INFO, "and home again"
