"""The queries, on a real database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.alert_samples import AT
from tests.fakes.sightings import explicit, implicit, no_address, unknown
from watcher.core.events import Event, EventKind, Resemblance
from watcher.core.mail.risk import Severity
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.states.lookalike import Lookalike
from watcher.core.states.mail_state import MailState, Policy, sighted
from watcher.core.states.name import step
from watcher.store import (
    event_log,
    facts,
    lookalikes,
    own_names,
    protected_names,
    resemblances,
    shards,
    silences,
    tokens,
)
from watcher.store.lookalikes import Wanted
from watcher.store.own_names import OwnRow
from watcher.store.protected_names import ProtectedRow
from watcher.store.shards import Baseline, Progress
from watcher.store.silences import SilenceRow
from watcher.store.tokens import TokenRow


async def test_protected(store, clock):
    rows = [ProtectedRow(name, "domain", clock.now(), "DoD", ("a", "b")) for name in ("navy.mil", "army.mil")]
    async with store.write() as tx:
        assert await protected_names.add(tx, rows) == 2
        assert (
            await protected_names.add(tx, [replace(rows[0], owner="other"), ProtectedRow("mil", "suffix", clock.now())])
            == 1
        )
        assert await protected_names.change(tx, "mil", owner="DoD", tags=["x"])
        assert not await protected_names.change(tx, "gone.mil", owner="DoD")
        with pytest.raises(TypeError):
            await protected_names.change(tx, "mil", kind="host")
    async with store.read() as tx:
        assert await protected_names.list_all(tx, after="army.mil", limit=1) == [
            ProtectedRow("mil", "suffix", clock.now(), "DoD", ("x",))
        ]
        assert await protected_names.find(tx, "navy.mil") == rows[0]
        assert await protected_names.find(tx, "gone.mil") is None
        assert await protected_names.find_known(tx, [f"n{i}.mil" for i in range(2000)] + ["mil"]) == {"mil"}


async def test_own(store, clock):
    async with store.write() as tx:
        assert await own_names.add(tx, [OwnRow("army.ml", clock.now(), "ours")]) == 1
        assert await own_names.add(tx, [OwnRow("army.ml", clock.now())]) == 0
        assert await own_names.change(tx, "army.ml", note="bought")
        assert await own_names.find(tx, "army.ml") == OwnRow("army.ml", clock.now(), "bought")
        assert await own_names.list_all(tx) == [OwnRow("army.ml", clock.now(), "bought")]
        assert await own_names.remove(tx, ["army.ml", "navy.ml"]) == {"army.ml"}
        assert await own_names.count(tx) == 0


async def test_facts(store, clock):
    async with store.write() as tx:
        assert await facts.find(tx, "instance") is None
        await facts.save(tx, "instance", {"id": 1}, now=clock.now())
        await facts.save(tx, "instance", {"id": 2}, now=clock.now())
        assert await facts.find(tx, "instance") == {"id": 2}
        await facts.remove(tx, "instance")
        assert await facts.find(tx, "instance") is None


async def test_tokens(store, clock):
    row = TokenRow("ci", "abc", ("read", "write"), clock.now())
    async with store.write() as tx:
        assert not await tokens.any_valid(tx)
        await tokens.add(tx, row)
        assert await tokens.any_valid(tx)
        assert await tokens.find_valid(tx, "abc") == row
        await tokens.save_use(tx, "ci", now=clock.now())
        assert await tokens.revoke(tx, "ci", now=clock.now())
        assert not await tokens.revoke(tx, "ci", now=clock.now())
        assert await tokens.find_valid(tx, "abc") is None
        assert not await tokens.any_valid(tx)
        gone = replace(row, revoked_at=clock.now(), last_used_at=clock.now())
        assert await tokens.list_all(tx) == [gone]
        assert await tokens.find(tx, "ci") == gone


async def test_silences(store, clock):
    now = clock.now()
    ends = SilenceRow("1", "name", "army.ml", now, now + timedelta(hours=1), "known")
    stays = SilenceRow("2", "suffix", "cm", now)
    async with store.write() as tx:
        await silences.add(tx, ends)
        await silences.add(tx, stays)
        assert await silences.list_all(tx) == [ends, stays]
        assert await silences.list_all(tx, active_at=now + timedelta(hours=1)) == [stays]
        assert await silences.find(tx, "1") == ends
        assert await silences.remove(tx, "1")
        assert not await silences.remove(tx, "1")


class TestShards:
    async def plan(self, tx, clock, *tiers, version="v1"):
        await protected_names.add(tx, [ProtectedRow("army.mil", "domain", clock.now())])
        assert await shards.plan(tx, "army.mil", tiers, version=version)

    async def test_what_a_finished_pass_says_of_the_absent(self, store, clock):
        async with store.write() as tx:
            await self.plan(tx, clock, 0)
            [shard] = await shards.list_all(tx)
            assert shard.absent_since("v1") is None
            began = clock.now()
            await shards.start(tx, "army.mil", 0, version="v1", total=200, at=began)
            [shard] = await shards.list_all(tx)
            assert shard.absent_since("v1") is None, "a pass that has not ended has settled nothing"
            await shards.save_progress(tx, [("army.mil", 0, Progress(150, ((3, 5), (140, 140)), 100, 1, began))])
            await clock.advance(60)
            await shards.finish(tx, "army.mil", 0, settled=199, unsettled=1, at=clock.now())
            [shard] = await shards.list_all(tx, protected="army.mil")
            assert shard.absent_since("v1") == began
            assert shard.absent_since("v2") is None, "another enumeration holds other candidates"
            await shards.start(tx, "army.mil", 0, version="v2", total=300, at=clock.now())
            [shard] = await shards.list_all(tx)
            assert shard.absent_since("v1") == began, "the pass under way does not forget the finished one"

    async def test_which_are_due(self, store, clock):
        async with store.write() as tx:
            await self.plan(tx, clock, 0, 1)

            async def due(tier, version="v1"):
                found = await shards.list_due(
                    tx, tier, started_before=clock.now() - timedelta(hours=1), version=version, limit=9
                )
                return [shard.tier for shard in found]

            assert await due(0) == [0]
            await shards.start(tx, "army.mil", 0, version="v1", total=1, at=clock.now())
            assert await due(0) == [0], "one that was cut short is due"
            await shards.finish(tx, "army.mil", 0, settled=1, unsettled=0, at=clock.now())
            assert await due(0) == []
            assert await due(0, "v2") == [0]
            await clock.advance(3600)
            assert await due(0) == [0]
            assert await due(1) == [1]

    async def test_baselines(self, store, clock):
        async with store.write() as tx:
            await self.plan(tx, clock, 0, 1)
            assert await shards.find_baselines(tx, ["army.mil", "navy.mil"]) == {
                "army.mil": Baseline(done=False, settled=0, total=0),
                "navy.mil": Baseline(done=False, settled=0, total=0),
            }
            for tier in (0, 1):
                assert not (await shards.find_baselines(tx, ["army.mil"]))["army.mil"].done
                await shards.start(tx, "army.mil", tier, version="v1", total=10, at=clock.now())
                await shards.finish(tx, "army.mil", tier, settled=9, unsettled=1, at=clock.now())
            assert (await shards.find_baselines(tx, ["army.mil"]))["army.mil"] == Baseline(
                done=True, settled=18, total=20
            )
            await shards.start(tx, "army.mil", 0, version="1", total=10, at=clock.now())
            kept = (await shards.find_baselines(tx, ["army.mil"]))["army.mil"]
            assert kept == Baseline(done=True, settled=18, total=20), "the next pass takes nothing from the baseline"

    async def test_tiers_come_and_go(self, store, clock):
        async with store.write() as tx:
            await self.plan(tx, clock, 0, 1)
            await self.plan(tx, clock, 0, 2)
            assert [shard.tier for shard in await shards.list_all(tx)] == [0, 2]
            assert not await shards.plan(tx, "navy.mil", [0], version="v1")
            await protected_names.remove(tx, ["army.mil"])
            assert await shards.list_all(tx) == []


def event(store, name="army.ml", kind=EventKind.MAIL_BECAME_ABLE, at=AT):
    return Event(store.ids(), kind, Severity.HIGH, ("because",), name, "army.ml", ("army.mil",), at, after={"a": [1]})


async def test_events(store, clock):
    async with store.write() as tx:
        new = [event(store), event(store, "us.army.ml", EventKind.LOOKALIKE_FOUND, AT + timedelta(hours=1))]
        await event_log.add(tx, new, now=clock.now())
        await event_log.add(tx, [], now=clock.now())
        assert await event_log.list_all(tx) == new
        assert await event_log.list_all(tx, newest_first=True, limit=1) == new[1:]
        assert await event_log.list_all(tx, after=new[0].id) == new[1:]
        assert await event_log.list_all(tx, before=new[1].id) == new[:1]
        assert await event_log.list_all(tx, since=AT + timedelta(minutes=1)) == new[1:]
        assert await event_log.list_all(tx, kinds=["mail_became_able"]) == new[:1]
        assert await event_log.list_history(tx, "us.army.ml") == new[1:]
        assert await event_log.list_history(tx, "army.ml") == new[::-1]
        assert await event_log.find(tx, new[0].id) == new[0]
        assert await event_log.find(tx, "none") is None
        assert await event_log.find_all(tx, [one.id for one in new]) == {one.id: one for one in new}
        assert await event_log.find_last_id(tx) == new[1].id
        rows = (await tx.exec_driver_sql("SELECT event_id, group_key, alert_id, decision FROM outbox ORDER BY 1")).all()
        assert rows == [(one.id, "domain:army.ml", None, None) for one in new]


def lookalike(name="army.ml", make=explicit, at=AT, **fields):
    verdict = make(name, at)
    state, _ = step(MailState(), sighted(name, verdict, at), at, Policy())
    facts_ = RegistrationFacts(
        RegistrationStatus.REGISTERED,
        RegistrationSource.RDAP,
        at,
        registrar="R",
        created_at=at - timedelta(days=9),
        nameservers=("ns1.a.net",),
    )
    values = {"unicode": name, "state": state, "verdict": verdict, "first_seen_at": at, "registration": facts_}
    return Lookalike(name, name, "ml", **{**values, **fields})


class TestLookalikes:
    async def test_rows_come_back_as_they_were(self, store):
        row = lookalike(severity=Severity.HIGH, severity_reasons=("a",), next_look_at=AT, registration_next_at=AT)
        bare = Lookalike("navy.ml", None, "ml", "navy.ml")
        async with store.write() as tx:
            await lookalikes.save(tx, [row, bare])
            assert await lookalikes.find(tx, "army.ml") == row
            assert await lookalikes.find_all(tx, ["army.ml", "navy.ml", "gone.ml"]) == {
                "army.ml": row,
                "navy.ml": bare,
            }
            assert await lookalikes.find_known(tx, ["navy.ml", "gone.ml"]) == {"navy.ml"}
            await lookalikes.remove(tx, ["navy.ml"])
            assert await lookalikes.find(tx, "navy.ml") is None

    async def test_lists(self, store):
        rows = [
            lookalike("army.cm", implicit, severity=Severity.MEDIUM),
            lookalike("army.ml", severity=Severity.CRITICAL, first_seen_at=AT + timedelta(days=1)),
            lookalike("army.mm", no_address),
            lookalike("hidden.ml", first_seen_at=None),
            lookalike("lame.ml", unknown, first_seen_at=None, severity=Severity.INFO),
            lookalike("ours.ml", relation="own"),
            lookalike("xn--rmy-7na.ml", unicode="ärmy.ml"),
        ]
        slip = Resemblance("army.mil", ("suffix_edit", "adjacent_key"), 0.5, "why", 3)
        async with store.write() as tx:
            await lookalikes.save(tx, rows)
            await resemblances.save(tx, "army.ml", [slip])
            await resemblances.save(tx, "army.cm", [replace(slip, protected="navy.mil", techniques=("suffixXedit",))])
            await lookalikes.save_triage(tx, ["army.cm", "gone.ml"], "blocked", note=None, now=AT)

            async def names(**wanted):
                found = await lookalikes.list_all(tx, Wanted(**wanted))
                assert await lookalikes.count(tx, Wanted(**wanted)) == len(found)
                return [row.name for row in found]

            assert await names(ability="unknown") == ["lame.ml"], "shown until it settles"
            everything = ["army.cm", "army.ml", "army.mm", "lame.ml", "xn--rmy-7na.ml"]
            assert await names() == everything
            assert await names(ability="unable") == ["army.mm"]
            assert await names(basis="implicit_mx") == ["army.cm"]
            assert await names(severity="medium") == ["army.cm", "army.ml"]
            assert await names(severity="high") == ["army.ml"]
            assert await names(protected="army.mil") == ["army.ml"]
            assert await names(technique="suffix_edit") == ["army.ml"]
            assert await names(technique="suffix") == []
            assert await names(protected="army.mil", technique="suffixXedit") == []
            assert await names(triage="blocked") == ["army.cm"]
            assert await names(text="ärm") == ["xn--rmy-7na.ml"]
            assert await names(text="%") == []
            assert await names(since=AT + timedelta(hours=1)) == ["army.ml"]
            assert await names(relation="own") == ["ours.ml"]
            listed = await lookalikes.list_all(tx, Wanted(), after="army.cm", limit=2)
            assert [row.name for row in listed] == everything[1:3]
            assert await lookalikes.count_abilities(tx) == {"able": 3, "unable": 1, "unknown": 1}

    async def test_the_worst_come_by_severity_then_likelihood_then_name(self, store):
        rows = [
            lookalike("a.ml", severity=Severity.INFO),
            lookalike("b.ml", severity=Severity.MEDIUM),
            lookalike("c.ml", severity=Severity.MEDIUM),
            lookalike("d.ml", severity=Severity.LOW),
            lookalike("e.ml", severity=Severity.HIGH),
            lookalike("f.ml", severity=Severity.HIGH),
            lookalike("g.ml", no_address, severity=Severity.CRITICAL),
            lookalike("z.ml", severity=Severity.CRITICAL),
        ]
        slip = Resemblance("army.mil", ("suffix_edit",), 0.2, "why", 3)
        async with store.write() as tx:
            await lookalikes.save(tx, rows)
            await resemblances.save(tx, "b.ml", [slip])
            await resemblances.save(tx, "c.ml", [slip, replace(slip, protected="navy.mil", likelihood=0.5)])
            worst = [row.name for row in await lookalikes.list_worst(tx, Wanted(ability="able"), limit=6)]
        assert worst == ["z.ml", "e.ml", "f.ml", "c.ml", "b.ml", "d.ml"]

    async def test_resemblances(self, store):
        slips = [
            Resemblance(name, ("omission",), likelihood, "why", None) for name, likelihood in (("b", 0.1), ("a", 0.9))
        ]
        async with store.write() as tx:
            await lookalikes.save(tx, [lookalike()])
            await resemblances.save(tx, "army.ml", slips)
            await resemblances.save(tx, "army.ml", [replace(slips[0], rank=7)])
            await resemblances.save(tx, "army.ml", [])
            assert await resemblances.find_all(tx, ["army.ml", "gone.ml"]) == {
                "army.ml": (slips[1], replace(slips[0], rank=7)),
                "gone.ml": (),
            }
            await resemblances.remove(tx, "army.ml", "a")
            await lookalikes.save(tx, [lookalike(next_look_at=AT)])
            assert [one.protected for one in (await resemblances.find_all(tx, ["army.ml"]))["army.ml"]] == ["b"]
            await lookalikes.remove(tx, ["army.ml"])
            assert await resemblances.find_all(tx, ["army.ml"]) == {"army.ml": ()}

    async def test_what_is_due_is_claimed_once(self, store):
        minute, lease = timedelta(minutes=1), timedelta(minutes=5)
        rows = [lookalike(f"n{i}.ml", next_look_at=AT - i * minute) for i in range(3)]
        async with store.write() as tx:
            await lookalikes.save(tx, [*rows, lookalike("later.ml", next_look_at=AT + minute), lookalike("never.ml")])
            assert await lookalikes.count_due(tx, now=AT) == 3
            assert await lookalikes.find_next_due(tx) == AT - 2 * minute

            async def claim(at, limit=2):
                claimed = await lookalikes.claim_due(tx, owner="here", now=at, limit=limit, lease=lease)
                return [row.name for row in claimed]

            assert await claim(AT) == ["n2.ml", "n1.ml"]
            assert await claim(AT) == ["n0.ml"]

            async def lapse():
                """Let the claims run out, where the server's clock decides."""
                if store.shared:
                    await tx.exec_driver_sql("UPDATE lookalikes SET claimed_until = now() - interval '1 second'")

            assert await claim(AT) == []
            await lapse()
            assert await claim(AT + lease, 9) == ["n2.ml", "n1.ml", "n0.ml", "later.ml"], "a crash gives them back"
            await lookalikes.save(tx, [replace(rows[0], next_look_at=AT + 2 * lease)])
            await lapse()
            assert await claim(AT + 3 * lease, 9) == ["n2.ml", "n1.ml", "later.ml", "n0.ml"]
            await lookalikes.plan_look(tx, ["never.ml", "n0.ml"], at=AT + lease)
            assert (await lookalikes.find(tx, "never.ml")).next_look_at == AT + lease
            assert (await lookalikes.find(tx, "n0.ml")).next_look_at == AT + lease

    async def test_registrations_are_claimed_by_moving_them_on(self, store):
        lease = timedelta(minutes=5)
        async with store.write() as tx:
            await lookalikes.save(tx, [lookalike(registration_next_at=AT), lookalike("never.ml")])
            claimed = await lookalikes.claim_registrations(tx, now=AT, each=9, lease=lease, newness=lease)
            assert [row.name for row in claimed] == ["army.ml"]
            assert await lookalikes.claim_registrations(tx, now=AT, each=9, lease=lease, newness=lease) == []
            assert (
                len(await lookalikes.claim_registrations(tx, now=AT + lease, each=9, lease=lease, newness=lease)) == 1
            )

    async def test_registrations_are_claimed_by_worth_and_some_of_each_suffix(self, store):
        """Able names and ours, then new ones, then the longest due; a busy suffix waits for itself."""
        then = AT - timedelta(days=30)
        known = RegistrationFacts(RegistrationStatus.REGISTERED, RegistrationSource.RDAP, then)
        old = replace(lookalike("old.ml"), registration=known, first_seen_at=then, verdict=None)
        rows = [
            replace(old, registration_next_at=AT - timedelta(hours=2)),
            replace(old, name="older.ml", registration_next_at=AT - timedelta(hours=3)),
            replace(lookalike("new.ml"), verdict=None, registration_next_at=AT),
            replace(lookalike("able.ml"), registration=known, first_seen_at=then, registration_next_at=AT),
            replace(old, name="ours.ml", relation="own", registration_next_at=AT),
            replace(old, name="old.com", public_suffix="com", registration_next_at=AT),
        ]
        lease = timedelta(minutes=5)
        async with store.write() as tx:
            await lookalikes.save(tx, rows)

            async def claim(each, busy=()):
                claimed = await lookalikes.claim_registrations(
                    tx, now=AT, each=each, lease=lease, newness=timedelta(days=3), busy=busy
                )
                return [row.name for row in claimed]

            assert await claim(2, ["com"]) == ["able.ml", "ours.ml"]
            assert await claim(1) == ["new.ml", "old.com"]
            assert await claim(9) == ["older.ml", "old.ml"]

    async def test_rows_of_a_domain_its_own_first(self, store):
        async with store.write() as tx:
            hosts = [replace(lookalike(name), registrable_domain="army.ml") for name in ("a.army.ml", "us.army.ml")]
            await lookalikes.save(tx, [*hosts, lookalike(), lookalike("navy.ml")])
            found = await lookalikes.list_of_domain(tx, "army.ml")
            assert [row.name for row in found] == ["army.ml", "a.army.ml", "us.army.ml"]


async def test_a_time_without_a_zone_is_refused(store, clock):
    with pytest.raises(Exception, match="a time without a zone"):
        async with store.write() as tx:
            await facts.save(tx, "a", 1, now=clock.now().replace(tzinfo=None))
