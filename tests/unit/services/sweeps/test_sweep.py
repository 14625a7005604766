"""Sweeps over a real database and a fake DNS: what is baseline, what is news, and what a blind pass leaves behind."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import Fault, ZoneResolver
from tests.fakes.zone_sweeper import ZoneSweeper
from watcher import checks
from watcher.core.mail.dns import Outcome
from watcher.core.states.cadence import Cadence
from watcher.core.states.mail_state import Policy
from watcher.data import load_suffixes, load_tables
from watcher.services.looks.examine import Examiner
from watcher.services.looks.relook import Relook
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.services.names.protect import protect, unprotect
from watcher.services.sweeps.controls import in_doubt
from watcher.services.sweeps.enumerate import Enumeration
from watcher.services.sweeps.passes import tiers_from
from watcher.services.sweeps.sweep import Sweep
from watcher.store import Store, event_log, lookalikes, resemblances, shards
from watcher.techniques import ALL

HOUR = 3600
SUFFIX = "@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\n"
ABLE = SUFFIX + "@ MX 10 mx\nmx A 93.184.215.14\n"
BARE = SUFFIX


class Bench:
    """One protected name, its first 60 candidates, and everything from the sweep to the events."""

    def __init__(self, store, clock, *, version="1", tiers=((40, timedelta(hours=1)), (60, timedelta(hours=6)))):
        self.store, self.clock = store, clock
        zones = dict.fromkeys(("mil", "ml", "com", "org", "net"), SUFFIX)
        self.dns = ZoneResolver(clock, zones, resolvers=("9.9.9.10", "149.112.112.10"), ttl=60)
        self.sweeper = ZoneSweeper(self.dns)
        self.suffixes = load_suffixes()
        self.ours = Ours(store, self.suffixes)
        names = Enumeration(load_tables(), ALL, version, self.ours)
        self.relook = Relook(
            store=store,
            examiner=Examiner(self.dns, clock, self.suffixes, checks.ALL, lambda: "wnobody"),
            watch=Watch(
                store=store,
                clock=clock,
                policy=Policy(delay=timedelta(seconds=60)),
                cadence=Cadence(),
                jitter=lambda: 0.5,
            ),
            ours=self.ours,
            clock=clock,
            resemblance=names.resemblance,
        )
        self.sweep = Sweep(
            store=store,
            sweeper=self.sweeper,
            relook=self.relook,
            enumerate_=names.candidates,
            version=version,
            tiers=tiers_from(tiers),
            clock=clock,
        )

    async def protect(self, *names):
        await protect(self.store, names, suffixes=self.suffixes, now=self.clock.now())
        await self.ours.read()

    async def after(self, seconds):
        """Let time pass, then sweep and look again until nothing is due."""
        await self.clock.advance(seconds)
        report = await self.sweep.run()
        while await self.relook.due():
            pass
        return report

    async def told(self):
        async with self.store.read() as tx:
            return [(event.kind.value, event.name) for event in await event_log.list_all(tx)]

    async def rows(self):
        async with self.store.read() as tx:
            return await lookalikes.find_all(tx, ["army.ml", "army.com", "army.org", "army.net"])

    async def shard(self, tier=0, name="army.mil"):
        async with self.store.read() as tx:
            return (await shards.list_all(tx, protected=name))[tier]


@pytest.fixture
async def store(tmp_path):
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=FakeClock())
    yield store
    await store.close()


@pytest.fixture
async def bench(store):
    made = Bench(store, FakeClock())
    await made.protect("army.mil")
    return made


async def test_what_the_first_sweep_finds_is_baseline(bench):
    bench.dns.load("army.com", ABLE)
    report = await bench.after(0)
    assert report.shards == 2
    assert report.blind is None
    assert ("mail_found_able", "army.com") in await bench.told()
    assert "mail_became_able" not in [kind for kind, _ in await bench.told()]
    assert set(await bench.rows()) == {"army.com"}
    shard = await bench.shard()
    assert (shard.settled, shard.unsettled, shard.total) == (40, 0, 40)


async def test_a_candidate_that_was_absent_is_news_confirmed_by_another_resolver(bench):
    await bench.after(0)
    bench.dns.load("army.ml", ABLE)
    await bench.after(HOUR)
    assert await bench.told() == []
    await bench.after(61)
    assert await bench.told() == [("lookalike_found", "army.ml"), ("mail_became_able", "army.ml")]
    async with bench.store.read() as tx:
        found = (await event_log.list_all(tx))[-1]
    assert {row["resolver"] for row in found.evidence} == {"9.9.9.10", "149.112.112.10"}
    assert found.detected_after_seconds == pytest.approx(HOUR + 61, abs=1)


async def test_a_pass_in_which_nothing_settles_settles_nothing(bench):
    bench.dns.load("army.com", ABLE)
    bench.dns.faults.append(Fault("*", "*", Outcome.TIMEOUT))
    report = await bench.after(0)
    assert report.blind is not None
    assert "TIMEOUT" in report.blind
    assert (await bench.shard()).last_finished_at is None
    assert await bench.rows() == {}
    bench.dns.faults.clear()
    await bench.after(30)
    assert await bench.told() == [("mail_found_able", "army.com")], "seen for the first time: baseline"


async def test_a_resolver_that_denies_everything_without_proof_is_blindness(bench):
    bench.dns.faults.append(Fault("*", "*", Outcome.FILTERED))
    report = await bench.after(0)
    assert "FILTERED" in report.blind
    assert await bench.rows() == {}


async def test_a_blind_pass_later_on_is_no_proof_of_absence(bench):
    await bench.after(0)
    before = await bench.shard()
    bench.dns.faults.append(Fault("*", "*", Outcome.SERVFAIL))
    await bench.after(HOUR)
    assert (await bench.shard()).settled_since == before.settled_since
    bench.dns.faults.clear()
    bench.dns.load("army.ml", ABLE)
    await bench.after(60)
    await bench.after(61)
    assert ("mail_became_able", "army.ml") in await bench.told()


@pytest.mark.parametrize(
    ("later", "kinds"),
    [(400, ["mail_found_able"]), (HOUR, ["lookalike_found", "mail_became_able"])],
    ids=["the baseline waits", "the baseline is done"],
)
async def test_a_candidate_that_did_not_settle_in_the_first_sweep_is_baseline_only_soon_after(bench, later, kinds):
    bench.dns.load("army.ml", ABLE)
    bench.dns.faults.append(Fault("army.ml", "*", Outcome.TIMEOUT))
    report = await bench.after(0)
    assert sum(report.unsettled.values()) >= 1
    assert (await bench.rows())["army.ml"].first_seen_at is None
    bench.dns.faults.clear()
    await bench.after(later)
    await bench.after(61)
    assert [kind for kind, name in await bench.told() if name == "army.ml"] == kinds


async def test_what_a_grown_enumeration_brings_is_baseline(bench, store):
    await bench.after(0)
    grown = Bench(store, bench.clock, version="2")
    await grown.ours.read()
    grown.dns.load("army.ml", ABLE)
    await grown.after(60)
    await grown.after(61)
    assert await grown.told() == [("mail_found_able", "army.ml")]


async def test_a_pass_that_was_cut_off_is_made_again(bench):
    class Killed(Exception):
        pass

    def die(_origin):
        raise Killed

    bench.dns.load("army.ml", BARE)
    resemblance, bench.relook._resemblance = bench.relook._resemblance, die
    with pytest.raises(ExceptionGroup):
        await bench.sweep.run()
    bench.relook._resemblance = resemblance
    assert (await bench.shard()).last_finished_at is None
    await bench.after(1)
    assert (await bench.shard()).last_finished_at is not None
    assert await bench.told() == [("lookalike_found", "army.ml")]


async def test_a_parent_is_asked_once_for_all_its_hosts(bench):
    await bench.protect("us.army.mil")
    await bench.after(0)
    asked = [name for name in bench.sweeper.asked if name == "army.ml"]
    assert len(asked) <= 2, "once for each protected name"
    assert not any(name.endswith(".army.ml") for name in bench.sweeper.asked)


async def test_a_lookalike_of_two_names_says_so(bench):
    bench.dns.load("army.ml", ABLE)
    await bench.after(0)
    await bench.protect("us.army.mil")
    await bench.after(1)
    async with bench.store.read() as tx:
        known = (await resemblances.find_all(tx, ["army.ml"]))["army.ml"]
    assert {one.protected for one in known} == {"army.mil", "us.army.mil"}


async def test_tiers_are_swept_at_their_own_intervals(bench):
    await bench.after(0)
    first, second = (await bench.shard(0)).last_started_at, (await bench.shard(1)).last_started_at
    await bench.after(HOUR)
    assert (await bench.shard(0)).last_started_at > first
    assert (await bench.shard(1)).last_started_at == second


async def test_once_does_not_chase_what_becomes_due_meanwhile(store):
    quick = Bench(store, FakeClock(), tiers=((20, timedelta(microseconds=1)),))
    await quick.protect("army.mil")
    report = await quick.sweep.run(once=True)
    assert report.shards == 1


async def test_a_name_that_is_protected_no_more_ends_quietly(bench):
    await bench.after(0)
    await unprotect(bench.store, ["army.mil"], suffixes=bench.suffixes)
    await bench.ours.read()
    bench.dns.load("army.ml", ABLE)
    report = await bench.after(2 * HOUR)
    assert report.shards == 0
    assert await bench.told() == []


async def test_over_sweeps_at_once_and_a_cut_tier_stays_due(bench):
    report = await bench.sweep.over(["army.mil"], 50)
    assert report.candidates == 50
    assert (await bench.shard(0)).last_finished_at is not None
    assert (await bench.shard(1)).last_finished_at is None


@pytest.mark.parametrize(
    ("asked", "unsettled", "blind"),
    [(0, 0, False), (3, 2, False), (3, 3, True), (100, 30, False), (100, 31, True), (100, 0, False)],
)
def test_blindness_is_a_share_of_what_was_asked(asked, unsettled, blind):
    assert in_doubt(asked, unsettled) is blind
