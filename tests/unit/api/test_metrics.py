"""What Prometheus reads: the names others rely on, in a registry of our own."""

import math
from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.api_client import ApiClient, World, make_parts, make_world
from tests.fakes.clock import FakeClock
from watcher.api.measuring import Measuring
from watcher.api.metrics import Metrics
from watcher.core.errors import FailureReason
from watcher.core.states.workers import Worker
from watcher.services.health.attendance import SeenWorker
from watcher.services.health.pulse import Pulse
from watcher.services.sweeps.batch import SweepReport
from watcher.services.sweeps.sweep import SweepState

NAMES = {
    "watcher_detection_seconds",
    "watcher_delivery_seconds",
    "watcher_coverage_ratio",
    "watcher_lookups_total",
    "watcher_backlog",
    "watcher_deliveries_total",
    "watcher_last_sweep_seconds",
    "watcher_build_info",
}


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = metrics.exposition("")[0].decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_names_are_there_from_the_start():
    text = Metrics("1.2.3", FakeClock()).exposition("")[0].decode()
    described = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert described >= NAMES


async def test_what_is_fed_is_read():
    clock = FakeClock()
    metrics = Metrics("1.2.3", clock)
    assert math.isnan(samples(metrics)["watcher_last_sweep_seconds", frozenset()])
    metrics.detected(timedelta(seconds=70))
    metrics.detected(timedelta(seconds=-5))
    metrics.delivered("slack", "failed", reason=FailureReason.RATE_LIMITED)
    metrics.delivered("slack", "sent", timedelta(seconds=31))
    metrics.looked_up("9.9.9.10:53", "TIMEOUT", 3)
    metrics.covered("0", 0.75)
    metrics.waiting(7)
    metrics.aged({"the RDAP bootstrap": timedelta(days=2)})
    metrics.swept()
    await clock.advance(90)
    read = samples(metrics)
    failed = frozenset({("channel", "slack"), ("reason", "rate_limited")})
    assert read["watcher_delivery_failures_total", failed] == 1
    assert read["watcher_detection_seconds_count", frozenset()] == 2
    assert read["watcher_detection_seconds_sum", frozenset()] == 70
    assert read["watcher_delivery_seconds_count", frozenset()] == 1
    assert read["watcher_deliveries_total", frozenset({("channel", "slack"), ("result", "sent")})] == 1
    assert read["watcher_lookups_total", frozenset({("resolver", "9.9.9.10:53"), ("outcome", "TIMEOUT")})] == 3
    assert read["watcher_coverage_ratio", frozenset({("tier", "0")})] == 0.75
    assert read["watcher_backlog", frozenset()] == 7
    assert read["watcher_data_age_seconds", frozenset({("list", "the RDAP bootstrap")})] == 2 * 86_400
    assert read["watcher_last_sweep_seconds", frozenset()] == 90
    assert read["watcher_build_info", frozenset({("version", "1.2.3")})] == 1


async def test_requests_are_counted_by_pattern_so_that_names_make_no_series(behind: World):
    from aiohttp import ClientSession
    from aiohttp.test_utils import TestServer

    from watcher.api.app import make_app

    parts = make_parts(behind)
    async with TestServer(make_app(parts)) as server, ClientSession() as session:
        client = ApiClient(server, session)
        for name in ("a.mil", "b.mil"):
            assert (await client.get(f"/api/v1/protected/{name}")).status == 404
        assert (await client.get("/x/y/z")).status == 404
        assert (await client("PROPFIND", "/x")).status == 404
        scraped = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert scraped.headers["Content-Type"].startswith("application/openmetrics-text")
    read = samples(parts.metrics)
    labels = {"method": "GET", "path": "/api/v1/protected/{name}", "status": "404"}
    assert read["watcher_http_requests_total", frozenset(labels.items())] == 2
    assert read["watcher_http_requests_total", frozenset({**labels, "path": "none"}.items())] == 1
    assert read["watcher_http_requests_total", frozenset({**labels, "path": "none", "method": "other"}.items())] == 1


class Sweeping:
    """As much of a sweep as is measured: one run that goes on and on."""

    budget = None

    def __init__(self, now):
        self.report = SweepReport(now)
        self.state = SweepState(running=True, done=10, unsettled=0, left=5, seconds=1.0)


async def test_a_run_that_never_ends_is_measured_by_its_passes(tmp_path):
    world = await make_world(tmp_path)
    metrics = Metrics("1.2.3", world.clock)
    sweep = Sweeping(world.clock.now())
    measuring = Measuring(
        world.store, metrics, Pulse(world.clock), [(200, timedelta(hours=1))], world.clock, sweep=sweep
    )

    async def since():
        await measuring.refresh()
        return samples(metrics)["watcher_last_sweep_seconds", frozenset()]

    assert math.isnan(await since())
    sweep.report.shards = 1
    assert await since() == 0
    await world.clock.advance(90)
    assert await since() == 90
    sweep.report.shards = 2
    assert await since() == 0
    sweep.report = SweepReport(world.clock.now())
    await world.clock.advance(30)
    assert await since() == 30, "a new run has no pass to show yet"
    await world.store.close()


def test_how_far_the_sweep_is():
    metrics = Metrics("1.2.3", FakeClock())
    metrics.sweeping(120.0, 600, settled=0.99, seconds_left=5.0)
    metrics.planned(30.0, {"0": 1.0}, of_suffix=54.2)
    found = {name: value for (name, _), value in samples(metrics).items()}
    assert (found["watcher_sweep_rate"], found["watcher_sweep_left"]) == (120.0, 600)
    assert (found["watcher_sweep_settled_ratio"], found["watcher_sweep_seconds_left"]) == (0.99, 5.0)
    assert (found["watcher_needed_rate"], found["watcher_needed_rate_per_suffix"]) == (30.0, 54.2)
    metrics.sweeping(0.0, 0, settled=None, seconds_left=None)
    assert math.isnan(samples(metrics)["watcher_sweep_seconds_left", frozenset()])


def test_workers_are_shown_with_what_they_do_and_since_when():
    clock = FakeClock()
    metrics, at = Metrics("1", clock), clock.now()

    def worker(name, **more):
        made = Worker(name, "worker", f"host{name}", "1", at, at - timedelta(seconds=4), at, **more)
        return SeenWorker(made, alive=name != "gone")

    busy = worker("a", doing="sweep", doing_since=at - timedelta(seconds=90))
    blind = worker("b", sees_dns=False, skew_seconds=9.0)
    metrics.attended([busy, blind, worker("gone")], at)
    text = metrics.exposition("")[0].decode()
    for line in (
        'watcher_workers{state="alive"} 2.0',
        'watcher_workers{state="blind"} 1.0',
        'watcher_workers{state="wrong_clock"} 1.0',
        'watcher_workers{state="silent"} 1.0',
        'watcher_worker_beat_age_seconds{host="hosta",kind="worker",worker="a"} 4.0',
        'watcher_worker_doing_seconds{doing="sweep",worker="a"} 90.0',
    ):
        assert line in text
    metrics.attended([], at)
    assert 'worker="a"' not in metrics.exposition("")[0].decode()
