"""Sweeps that somebody asks for: one after the other, each with its progress and its end."""

import asyncio
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import Fault
from tests.unit.services.sweeps.test_sweep import ABLE, Bench
from watcher.core.mail.dns import Outcome
from watcher.services.answers.scans import Scans, TooManyScans
from watcher.store import Store


@pytest.fixture
async def bench(tmp_path):
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=FakeClock())
    made = Bench(store, FakeClock(), tiers=((40, timedelta(hours=1)), (60, timedelta(hours=6))))
    await made.protect("army.mil", "navy.mil")
    yield made
    await store.close()


async def _ended(scans, scan):
    async with asyncio.timeout(20):
        while (found := scans.found(scan["id"]))["status"] in {"waiting", "running"}:
            await asyncio.sleep(0.01)
    return found


async def test_scans_run_one_after_the_other_and_say_how_far_they_are(bench):
    bench.dns.load("army.com", ABLE)
    scans = Scans(bench.sweep, bench.clock)
    first, second = scans.ask(["army.mil"], 60), scans.ask(["navy.mil"], 20)
    assert (first["status"], second["status"]) == ("waiting", "waiting")
    done = await _ended(scans, first)
    assert (done["status"], done["existing"], done["absent"]) == ("done", 1, 59)
    assert done["left"] is None
    assert done["ended_at"] is not None
    assert (await _ended(scans, second))["absent"] == 20
    await scans.close()


async def test_a_blind_scan_says_so(bench):
    bench.dns.faults.append(Fault("*", "*", Outcome.TIMEOUT))
    scans = Scans(bench.sweep, bench.clock)
    found = await _ended(scans, scans.ask(["army.mil"], 60))
    assert found["status"] == "blind"
    assert "TIMEOUT" in found["blind"]
    await scans.close()


async def test_too_many_are_refused_and_closing_ends_those_that_wait(bench):
    scans = Scans(bench.sweep, bench.clock)
    for _ in range(20):
        scans.ask(["army.mil"], 60)
    with pytest.raises(TooManyScans):
        scans.ask(["army.mil"], 60)
    await scans.close()
    assert scans.found("nobody's") is None


async def test_a_scan_that_fails_says_so_and_the_next_one_runs(bench, caplog):
    class Breaking:
        """A sweep that a bug ends the first time."""

        tries = 0

        def __getattr__(self, name):
            return getattr(bench.sweep, name)

        async def over(self, names, most, *, began):
            self.tries += 1
            if self.tries == 1:
                raise RuntimeError("a bug")
            return await bench.sweep.over(names, most, began=began)

    scans = Scans(Breaking(), bench.clock)
    first, second = scans.ask(["army.mil"], 20), scans.ask(["navy.mil"], 20)
    assert (await _ended(scans, first))["status"] == "failed"
    assert (await _ended(scans, second))["status"] == "done"
    assert [record.getMessage() for record in caplog.records] == [f"the scan {first['id']} failed"]
    await scans.close()
