"""Looks recorded in a real database: rows, events and outbox rows, together or not at all."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import (
    ONE,
    OTHER,
    absent,
    explicit,
    implicit,
    look,
    no_address,
    null_mx,
    suffix_wildcard,
    unknown,
)
from watcher.core.alerts import DecisionKind, DigestEvery, concerns_ours, decide
from watcher.core.alerts import Policy as Telling
from watcher.core.events import EventKind, Resemblance
from watcher.core.mail_state import Origin
from watcher.core.registration import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.risk import Severity
from watcher.core.verdict import Ability, Flag
from watcher.services import suffix_sightings
from watcher.services.lookup import lookalike_json
from watcher.services.watch import Watch
from watcher.store import Store, events, lookalikes, own, protected, resemblances
from watcher.store.lookalikes import OWN, PROTECTED
from watcher.store.own import OwnRow
from watcher.store.protected import ProtectedRow

NAME = "army.ml"
SLIP = Resemblance("army.mil", ("suffix_edit",), 0.03, "mil typed as ml", 1)
FAR = Resemblance("army.mil", ("suffix_edit",), 0.001, "mil typed as ml", 900)


class Bench:
    """A watch over a real database, a clock, and looks at one name after another."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.watch = Watch(store=store, clock=clock, jitter=lambda: 0.5)
        self.sweep = Origin(absent_since=clock.now() - timedelta(hours=1))

    async def look(self, make, *hosts, name=NAME, after=0, resembling=(SLIP,), origin=None, relation=None, **options):
        await self.clock.advance(after)
        now = self.clock.now()
        seen = look(name, make(name, now, *hosts, **options), now)
        more = {} if relation is None else {"relation": relation}
        recorded = await self.watch.record(seen, resemblances=resembling, origin=origin, **more)
        again = await self.watch.record(seen, resemblances=resembling, origin=origin, **more)
        assert again.events == (), "the same look recorded twice"
        return [event.kind.value for event in recorded.events]

    async def row(self, name=NAME):
        async with self.store.read() as tx:
            return await lookalikes.found(tx, name)

    async def events(self):
        async with self.store.read() as tx:
            return await events.listed(tx)

    async def count(self, table):
        async with self.store.read() as tx:
            return (await tx.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()


@pytest.fixture
async def bench(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    async with store.write() as tx:
        await protected.add(tx, [ProtectedRow("army.mil", "domain", clock.now())])
    yield Bench(store, clock)
    await store.close()


async def test_a_name_that_gains_an_exchange_is_told_with_both_readings(bench):
    assert await bench.look(no_address, origin=bench.sweep) == ["lookalike_found"]
    assert await bench.look(explicit, after=300, resolver=ONE) == []
    row = await bench.row()
    assert row.verdict.ability is Ability.ABLE
    assert (row.severity, lookalike_json(row, [])["unconfirmed"]) == (Severity.INFO, True), "no fact yet"
    assert row.next_look_at == bench.clock.now() + timedelta(seconds=60)
    assert await bench.look(explicit, after=60, resolver=OTHER) == ["mail_became_able"]
    found, told = await bench.events()
    assert found.id < told.id
    assert (told.name, told.registrable_domain, told.protected) == (NAME, NAME, ("army.mil",))
    assert told.severity is Severity.CRITICAL
    assert told.severity_reasons
    assert told.resembles == (SLIP,)
    assert told.before["ability"] == "unable"
    assert told.after["exchanges"] == [{"preference": 10, "host": "mx.army.ml", "addresses": ["93.184.215.14"]}]
    assert {row["resolver"] for row in told.evidence} == {ONE, OTHER}
    assert told.detected_after_seconds == 360
    assert found.detected_after_seconds == 3600
    assert await bench.count("outbox") == 2
    row = await bench.row()
    assert (row.severity, lookalike_json(row, [])["unconfirmed"]) == (Severity.CRITICAL, False)
    assert row.first_seen_at == FakeClock().now()
    assert row.next_look_at > bench.clock.now() + timedelta(minutes=30)


async def test_rank_decides_how_bad(bench):
    await bench.look(explicit, origin=bench.sweep, resolver=ONE, resembling=[FAR])
    assert await bench.look(explicit, after=60, resolver=OTHER, resembling=()) == [
        "lookalike_found",
        "mail_became_able",
    ]
    assert [event.severity for event in await bench.events()] == [Severity.HIGH, Severity.HIGH]


async def test_baseline_is_no_news(bench):
    assert await bench.look(explicit) == ["mail_found_able"]
    assert (await bench.events())[0].after["baseline"] is True
    assert (await bench.events())[0].detected_after_seconds is None
    assert await bench.look(explicit, after=3600) == []


async def test_an_absent_candidate_leaves_no_row(bench):
    assert await bench.look(absent) == []
    assert await bench.row() is None
    assert await bench.count("resemblances") == 0


async def test_one_that_did_not_settle_is_a_row_until_it_does(bench):
    assert await bench.look(unknown) == []
    row = await bench.row()
    assert (row.first_seen_at, row.settled_at) == (None, None)
    assert row.state.last_outcome == "SERVFAIL"
    assert row.next_look_at == bench.clock.now() + timedelta(minutes=1)
    assert await bench.look(explicit, after=3600, origin=bench.sweep) == ["mail_found_able"]
    other = "amry.mil"
    await bench.look(unknown, name=other)
    assert await bench.look(absent, name=other, after=60) == []
    assert await bench.row(other) is None


async def test_a_contradicted_first_sight_leaves_nothing(bench):
    assert await bench.look(explicit, origin=bench.sweep, resolver=ONE) == []
    assert await bench.look(absent, after=60, resolver=OTHER) == []
    assert await bench.row() is None
    assert await bench.events() == []


async def test_unknown_keeps_what_stood(bench):
    await bench.look(explicit)
    settled_at = bench.clock.now()
    assert await bench.look(unknown, after=3600) == []
    row = await bench.row()
    assert row.verdict.ability is Ability.ABLE
    assert row.settled_at == settled_at
    assert row.state.attempted_at == bench.clock.now()
    assert row.state.last_outcome == "SERVFAIL"


async def test_a_loss_takes_three_looks(bench):
    await bench.look(explicit)
    assert await bench.look(null_mx, after=3600) == []
    assert ((await bench.row()).severity, (await bench.row()).state.unconfirmed) == (Severity.CRITICAL, True)
    assert (await bench.row()).next_look_at == bench.clock.now() + timedelta(minutes=5)
    assert await bench.look(unknown, after=300) == []
    assert await bench.look(null_mx, after=300) == []
    assert await bench.look(null_mx, after=300) == ["mail_became_unable"]
    told = (await bench.events())[-1]
    assert told.severity is Severity.CRITICAL  # the worse of from and to
    assert told.detected_after_seconds == 4500


async def test_all_or_nothing(bench):
    """A failure after the events are written takes the row back too."""
    await bench.look(no_address, origin=bench.sweep)
    before = await bench.row()
    async with bench.store.write() as tx:
        await tx.execute(text("CREATE TRIGGER stop BEFORE INSERT ON outbox BEGIN SELECT raise(ABORT, 'no room'); END"))
    await bench.look(explicit, after=300, resolver=ONE)
    pending = await bench.row()
    assert pending.state.pending is not None
    with pytest.raises(Exception, match="no room"):
        await bench.look(explicit, after=60, resolver=OTHER)
    assert await bench.row() == pending
    assert pending.first_seen_at == before.first_seen_at
    assert len(await bench.events()) == await bench.count("outbox") == 1
    async with bench.store.write() as tx:
        await tx.execute(text("DROP TRIGGER stop"))
    assert await bench.look(explicit, after=60, resolver=OTHER) == ["mail_became_able"]


async def test_many_at_once_each_once(bench):
    names = [f"army{number}.ml" for number in range(40)]
    await asyncio.gather(
        *(bench.watch.record(look(n, explicit(n, bench.clock.now()), bench.clock.now())) for n in names * 3)
    )
    told = await bench.events()
    assert sorted(event.name for event in told) == sorted(names)
    assert [event.id for event in told] == sorted({event.id for event in told})


async def test_what_is_protected_no_more_is_not_recorded(bench):
    gone = replace(SLIP, protected="navy.mil")
    assert await bench.look(explicit, resembling=[gone]) == []
    assert await bench.row() is None
    assert await bench.look(explicit, resembling=[gone, SLIP]) == ["mail_found_able"]
    async with bench.store.read() as tx:
        assert await resemblances.of(tx, [NAME]) == {NAME: (SLIP,)}


async def test_triage_outlives_looks(bench):
    await bench.look(explicit)
    async with bench.store.write() as tx:
        assert await lookalikes.triage(tx, [NAME], "takedown", note="asked", now=bench.clock.now()) == {NAME}
    await bench.look(explicit, after=3600)
    row = await bench.row()
    assert (row.triage, row.triage_note) == ("takedown", "asked")


class TestWildcards:
    async def test_a_parent_s_wildcard_is_told_once_and_of_the_parent(self, bench):
        wild = {"flags": (Flag.WILDCARD,)}
        for name in ("us.army.ml", "mail.army.ml"):
            await bench.look(explicit, "mx.army.ml", name=name, origin=bench.sweep, resolver=ONE, **wild)
        first = await bench.look(explicit, "mx.army.ml", name="us.army.ml", after=60, resolver=OTHER, **wild)
        second = await bench.look(explicit, "mx.army.ml", name="mail.army.ml", resolver=OTHER, **wild)
        assert (first, second) == (["lookalike_found", "mail_became_able"], [])
        assert {event.name for event in await bench.events()} == {NAME}

    async def test_its_loss_is_told_once_too(self, bench):
        wild = {"flags": (Flag.WILDCARD,)}
        names = ("us.army.ml", "mail.army.ml")
        for name in names:
            await bench.look(explicit, "mx.army.ml", name=name, **wild)
        told = []
        for _ in range(3):
            await bench.clock.advance(600)
            for name in names:
                told += await bench.look(null_mx, name=name, **wild)
        assert told == ["mail_became_unable"]

    @pytest.mark.parametrize("wildcard", [null_mx, explicit])
    async def test_a_host_that_leaves_it_is_told_itself(self, bench, wildcard):
        """M51, M53: a name that exists itself escapes the wildcard, whatever its parent can do."""
        await bench.look(explicit, "mx.army.ml")
        for name in ("us.army.ml", "mail.army.ml"):
            await bench.look(wildcard, name=name, flags=(Flag.WILDCARD,))
        await bench.look(explicit, "mx.evil.net", name="us.army.ml", after=3600, resolver=ONE)
        kind = "mail_became_able" if wildcard is null_mx else "exchanges_changed"
        assert await bench.look(explicit, "mx.evil.net", name="us.army.ml", after=60, resolver=OTHER) == [kind]
        assert (await bench.events())[-1].name == "us.army.ml"

    async def test_a_wildcard_that_begins_under_an_able_parent_is_told_once(self, bench):
        await bench.look(explicit, "mx.army.ml")
        wild, told = {"flags": (Flag.WILDCARD,)}, []
        for resolver in (ONE, OTHER):
            await bench.clock.advance(60)
            for name in ("us.army.ml", "mail.army.ml"):
                told += await bench.look(
                    explicit, "mx.army.ml", name=name, origin=bench.sweep, resolver=resolver, **wild
                )
        assert told == ["mail_became_able"]
        assert (await bench.events())[-1].name == NAME

    async def test_its_end_is_not_the_parent_s_that_stays_able(self, bench):
        await bench.look(explicit, "mx.army.ml")
        for name in ("us.army.ml", "mail.army.ml"):
            await bench.look(explicit, "mx.army.ml", name=name, flags=(Flag.WILDCARD,))
        told = []
        for _ in range(3):
            await bench.clock.advance(600)
            for name in ("us.army.ml", "mail.army.ml"):
                told += await bench.look(absent, name=name)
        assert told == ["mail_became_unable"]
        assert (await bench.events())[-1].name == "mail.army.ml"

    async def test_its_end_at_one_host_is_not_the_parent_s_while_others_are_able(self, bench):
        """A wildcard that flickers, or addresses that take turns: the flag of one host says nothing of the rest."""
        await bench.look(explicit, "mx.army.ml", name="mail.army.ml")
        await bench.look(explicit, "mx.army.ml", name="us.army.ml", flags=(Flag.WILDCARD,))
        told = []
        for _ in range(3):
            told += await bench.look(absent, name="us.army.ml", after=600)
        assert told == ["mail_became_unable"]
        assert (await bench.events())[-1].name == "us.army.ml"

    async def test_another_exchange_of_it_is_told_once(self, bench):
        wild, names = {"flags": (Flag.WILDCARD,)}, ("us.army.ml", "mail.army.ml")
        for name in names:
            await bench.look(explicit, "mx.army.ml", name=name, **wild)
        told = []
        for resolver in (ONE, OTHER):
            await bench.clock.advance(600)
            for name in names:
                told += await bench.look(explicit, "mx.evil.net", name=name, resolver=resolver, **wild)
        assert told == ["exchanges_changed"]
        assert (await bench.events())[-1].name == NAME

    async def test_a_suffix_that_answers_for_any_name_is_noted_and_not_told(self, bench):
        """One look proves nothing: a resolver may have lied. The watch over suffixes looks for itself."""
        async with bench.store.write() as tx:
            await protected.add(tx, [ProtectedRow("navy.mil", "domain", bench.clock.now())])
        assert await bench.look(suffix_wildcard, name="army.ws") == []
        assert await bench.look(suffix_wildcard, name="navy.ws", resembling=[replace(SLIP, protected="navy.mil")]) == []
        assert await bench.look(suffix_wildcard, name="army.vg", origin=bench.sweep) == []
        async with bench.store.read() as tx:
            noted = [await suffix_sightings.waiting(tx, suffix) for suffix in ("ws", "vg")]
        assert [(one["baseline"], one["times"], one["protected"]) for one in noted] == [
            (True, 0, ["army.mil", "navy.mil"]),
            (False, 0, ["army.mil"]),
        ]
        assert await bench.events() == []
        assert await bench.row("army.ws") is None

    async def test_a_name_registered_under_it_is_news(self, bench):
        await bench.look(suffix_wildcard, name="army.ws")
        assert await bench.look(explicit, name="army.ws", origin=bench.sweep, resolver=ONE) == []
        told = await bench.look(explicit, name="army.ws", after=60, resolver=OTHER)
        assert told == ["lookalike_found", "mail_became_able"]


class TestOurs:
    async def test_an_own_name_that_becomes_able_is_no_page_but_its_loss_is(self, bench):
        async with bench.store.write() as tx:
            await own.add(tx, [OwnRow(NAME, bench.clock.now())])
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
                await own.add(tx, [OwnRow(NAME, bench.clock.now())])
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
        name, _ = ours
        facts = registered(bench.clock)
        await self.says(bench, name, facts)
        for _ in range(2):
            await self.says(bench, name, replace(facts, status=RegistrationStatus.UNREGISTERED))
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


def registered(clock, **fields):
    return RegistrationFacts(RegistrationStatus.REGISTERED, RegistrationSource.RDAP, clock.now(), **fields)


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
        gone = replace(gone, fetched_at=bench.clock.now())
        assert await self.asked(bench, gone) == ["lapsed"], "it says so again"
        assert await self.asked(bench, throttled) == []
        assert await self.asked(bench, registered(bench.clock)) == ["registered"]
        told = (await bench.events())[-1]
        assert (told.source, told.before["status"], told.after["status"]) == ("rdap", "unregistered", "registered")

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
        assert await bench.look(absent, after=3600) == []
        assert await bench.look(no_address, after=3600) == ["registered"]
        assert (await bench.events())[-1].source == "dns"

    async def test_nothing_for_a_name_without_a_row(self, bench):
        assert await self.asked(bench, registered(bench.clock)) == []
        assert await bench.row() is None


async def test_a_removed_protected_name_takes_its_lookalikes_along(bench):
    async with bench.store.write() as tx:
        await protected.add(tx, [ProtectedRow("navy.mil", "domain", bench.clock.now())])
    both = [SLIP, replace(SLIP, protected="navy.mil")]
    await bench.look(explicit)
    await bench.look(explicit, name="shared.ml", resembling=both)
    async with bench.store.write() as tx:
        assert await protected.remove(tx, ["army.mil", "never.mil"]) == {"army.mil"}
    assert await bench.row() is None
    assert await bench.row("shared.ml") is not None
    assert len(await bench.events()) == 2
