"""Ready is said only by a watch that is at work: each way of not being so has its reason."""

import sqlite3
from datetime import timedelta

import pytest

from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher.core.errors import StoreError
from watcher.core.mail.dns import Outcome
from watcher.core.shapes.watch import blindness_json, troubles_json
from watcher.core.states.blindness import Blindness, Condition
from watcher.core.states.troubles import Trouble
from watcher.services.health.pulse import Pulse, PulsedResolver
from watcher.services.health.readiness import Readiness
from watcher.services.health.vigil import BLIND
from watcher.services.health.wellness import TROUBLES
from watcher.services.sweeps.sweep import BlindPasses
from watcher.store import facts

SUFFIX = "@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\n"


class Bench:
    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.dns = ZoneResolver(clock, {"com": SUFFIX})
        self.pulse = Pulse(clock)
        self.usable, self.blind_passes, self.failing = True, None, {}
        self.readiness = Readiness(
            store=store,
            clock=clock,
            resolver=PulsedResolver(self.dns, self.pulse),
            pulse=self.pulse,
            usable=lambda: self.usable,
            blind_passes=lambda: self.blind_passes,
            failing=lambda: self.failing,
        )
        self.pulse.beat(Outcome.ANSWER, "9.9.9.10", clock.now())

    async def reasons(self):
        found = {name: await check() for name, check in self.readiness.checks.items()}
        return {name: why for name, why in found.items() if why is not None}


@pytest.fixture
def bench(watched):
    return Bench(*watched)


async def test_a_watch_at_work_is_ready_also_when_nothing_was_due_for_an_hour(bench):
    assert await bench.reasons() == {}
    await bench.clock.advance(3600)
    assert await bench.reasons() == {}


async def test_resolvers_that_all_fail(bench):
    bench.dns.faults.append(Fault("*", "*", Outcome.TIMEOUT))
    bench.pulse.beat(Outcome.TIMEOUT, "9.9.9.10", bench.clock.now())
    await bench.clock.advance(21)
    reasons = await bench.reasons()
    assert "nothing has settled since 2026-01-01 00:00:00 UTC" in reasons["resolver"]
    assert "TIMEOUT" in reasons["resolver"]
    bench.dns.faults.clear()
    assert await bench.reasons() == {}


async def test_lame_names_alone_are_no_reason(bench):
    for _ in range(30):
        bench.pulse.beat(Outcome.SERVFAIL, "9.9.9.10", bench.clock.now())
    await bench.clock.advance(600)
    assert await bench.reasons() == {}, "a random name is answered"


async def test_refused_resolvers_and_blind_passes(bench):
    bench.blind_passes = BlindPasses(bench.clock.now(), "300 of 500 questions did not settle")
    assert await bench.reasons() == {
        "resolver": "passes over candidates see nothing: 300 of 500 questions did not settle"
    }
    bench.usable = False
    assert await bench.reasons() == {"resolver": "every resolver was refused as dishonest"}


async def test_jobs_that_fail(bench):
    bench.failing = {"relook": "database is locked", "measure": "KeyError"}
    assert await bench.reasons() == {"jobs": "measure fails: KeyError; relook fails: database is locked"}


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        (BLIND, lambda at: blindness_json(Blindness(((Condition.CANARY_MISSING, at),)))),
        (TROUBLES, lambda at: troubles_json({"backlog": Trouble(at, told=True)})),
    ],
    ids=["blind", "late"],
)
async def test_what_was_told_as_stale_stays_so_until_it_ends(bench, key, kept):
    now = bench.clock.now()
    async with bench.store.write() as tx:
        await facts.save(tx, key, kept(now), now=now)
    assert (await bench.reasons())["watch"].startswith("the watch is stale: ")
    async with bench.store.write() as tx:
        await facts.remove(tx, key)
    assert await bench.reasons() == {}


async def test_a_registry_that_fails_is_no_reason(bench):
    now = bench.clock.now()
    async with bench.store.write() as tx:
        troubles = troubles_json({"registry.rdap.example": Trouble(now - timedelta(hours=1), told=True)})
        await facts.save(tx, TROUBLES, troubles, now=now)
    assert await bench.reasons() == {}


async def test_a_database_that_cannot_be_written(bench, tmp_path):
    with sqlite3.connect(tmp_path / "watcher.db") as connection:
        connection.execute("DROP TABLE facts")
    with pytest.raises(StoreError):
        await bench.readiness.database()
