"""`/scans` and what `/coverage` says of the plan, over a real sweep."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from tests.fakes.api_client import ApiClient, make_parts
from tests.unit.services.sweeps.test_sweep import Bench
from watcher.api.app import make_app
from watcher.core.states.budget import Budget, SuffixLoad
from watcher.services.answers.scans import Scans

TIERS = ((40, timedelta(hours=1)), (60, timedelta(hours=6)))


@pytest.fixture
async def bench(behind):
    made = Bench(behind.store, behind.clock, tiers=TIERS)
    made.sweep._budget = lambda: Budget(0.01)
    await made.protect("army.mil")
    return made


@pytest.fixture
async def sweeping(behind, bench):
    """A client of a service that sweeps."""
    scans = Scans(bench.sweep, behind.clock)
    parts = replace(make_parts(behind), sweep=bench.sweep, scans=scans, tiers=TIERS)
    async with TestServer(make_app(parts)) as server, ClientSession() as session:
        yield ApiClient(server, session)
    await scans.close()


async def test_a_scan_is_asked_for_and_followed(sweeping):
    asked = await sweeping.post("/api/v1/scans", {"names": ["army.mil"], "limit": 50})
    assert asked.status == 202
    path = f"/api/v1/scans/{asked.json['id']}"
    assert asked.headers["Location"] == path
    async with asyncio.timeout(20):
        while (scan := (await sweeping.get(path)).json)["status"] != "done":
            await asyncio.sleep(0.01)
    assert (scan["asked"], scan["limit"], scan["names"]) == (50, 50, ["army.mil"])


async def test_without_names_every_protected_name_is_swept(sweeping):
    asked = await sweeping.post("/api/v1/scans", {})
    assert asked.json["names"] == ["army.mil"]


async def test_names_that_are_not_protected_and_unknown_scans_are_not_found(sweeping, api):
    assert (await sweeping.post("/api/v1/scans", {"names": ["navy.mil"]})).status == 404
    assert (await sweeping.get("/api/v1/scans/nobody")).status == 404
    assert (await sweeping.post("/api/v1/scans", {"names": ["a b"]})).status == 400
    assert (await api.get("/api/v1/scans/nobody")).status == 404
    assert (await api.post("/api/v1/scans", {})).status == 404, "nothing sweeps here"


async def test_coverage_shows_the_stretch_and_the_rate_that_would_hold_the_plan(sweeping):
    seen = (await sweeping.get("/api/v1/coverage")).json
    assert seen["budget_rate"] == 0.01
    assert seen["needed_rate"] > 0.01
    assert [tier["stretch"] for tier in seen["tiers"]][-1] > 1
    assert seen["sweep"]["running"] is False
    assert seen["busiest_suffix"] is None


async def test_coverage_shows_the_suffix_whose_servers_are_asked_most(sweeping, bench):
    load = SuffixLoad(0.001, {"com": (5.0, 3.0), "ml": (1.0, 1.0)})
    bench.sweep._budget = lambda: Budget(200, load)
    seen = (await sweeping.get("/api/v1/coverage")).json
    needs = 5 / 3600 + 3 / 21_600
    assert seen["busiest_suffix"] == {"suffix": "com", "needed_rate": pytest.approx(needs), "budget_rate": 0.001}
    assert [tier["stretch"] > 1 for tier in seen["tiers"]] == [True, True]
