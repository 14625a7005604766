"""Certificate logs as a feed, over a real database and logs on loopback: hits, faults, restarts, health."""

import contextlib
import json

import pytest
from aiohttp.test_utils import TestServer

from tests.fakes.certificate_log import CertificateLogServer
from tests.fakes.clock import FakeClock
from watcher.bootstrap.command import build_enumeration
from watcher.data import load_suffixes
from watcher.feeds.ct.feed import CertificateFeed
from watcher.services.feeding.certificates import CertificateLogs
from watcher.services.feeding.feeding import Feeding
from watcher.services.feeding.health import find_stale
from watcher.services.feeding.hits import Hits
from watcher.services.names.own import Ours
from watcher.services.names.protect import protect
from watcher.store import Store, lookalikes


class World:
    """Two logs, and what reads them; `restart` is a new process over the same database."""

    def __init__(self, store, clock, ours, tmp_path):
        self.store, self.clock, self.ours, self.tmp_path = store, clock, ours, tmp_path
        self.logs = [CertificateLogServer(), CertificateLogServer(static=False)]
        self.held = True
        self.urls = []

    def restart(self):
        feed = CertificateFeed(
            "watcher (soc@example.org)", self.clock, b"", self.tmp_path / "kept", list_file=self.tmp_path / "logs.json"
        )
        hits = Hits(self.store, build_enumeration(self.ours).matching, load_suffixes())

        @contextlib.asynccontextmanager
        async def hold(name):
            yield self.held

        logs = {"ct": CertificateLogs(self.store, hits, self.clock, hold=hold)}
        self.feeding = Feeding(
            self.store, {"ct": feed}, folder=self.tmp_path / "feeds", hits=hits, logs=logs, clock=self.clock
        )

    async def run(self):
        return await self.feeding.run("ct")

    async def found(self, *names):
        async with self.store.read() as tx:
            return await lookalikes.find_known(tx, names)


@pytest.fixture
async def world(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    await protect(store, ["army.mil"], suffixes=load_suffixes(), now=clock.now())
    await (ours := Ours(store, load_suffixes())).read()
    made = World(store, clock, ours, tmp_path)
    static, other = made.logs
    async with TestServer(static.app()) as one, TestServer(other.app()) as two:
        made.urls = [str(one.make_url("/")), str(two.make_url("/"))]
        listed = {"tiled_logs": [static.listed(made.urls[0])], "logs": [other.listed(made.urls[1])]}
        (tmp_path / "logs.json").write_text(json.dumps({"operators": [listed]}))
        made.restart()
        for log in made.logs:
            log.add("before.example")
        yield made
    await store.close()


async def test_a_hit_of_either_log_becomes_a_lookalike_once(world):
    first = await world.run()
    assert (first.error, first.names, first.first_run) == (None, 0, False)
    world.logs[0].add("amry.mil.com", "weather.org")
    world.logs[1].add("www.arny.mil.evil.ru", "army-mil.net")
    second = await world.run()
    assert second.names == 4
    assert second.matched >= 2
    assert second.new == second.matched
    assert await world.found("amry.mil.com", "army-mil.net") == {"amry.mil.com", "army-mil.net"}
    world.logs[1].add("amry.mil.com")
    world.restart()
    assert (await world.run()).new == 0


async def test_a_restart_goes_on_where_the_last_one_was(world):
    await world.run()
    for number in range(5):
        world.logs[0].add(f"army-mil{number}.com")
        world.restart()
        assert (await world.run()).names == 1


async def test_a_log_in_trouble_hinders_no_other_and_is_told(world):
    await world.run()
    world.logs[0].status = {"": 429}
    world.logs[1].add("army-mil.net")
    health = await world.run()
    assert health.error is None
    assert health.succeeded_at == world.clock.now()
    assert [bool(log["error"]) for log in health.logs] == [False, True] or health.logs[0]["error"]
    assert await world.found("army-mil.net")


async def test_a_log_that_asks_for_time_is_left_alone(world):
    await world.run()
    world.logs[0].status = {"": 429}
    await world.run()
    world.logs[0].asked.clear()
    await world.clock.advance(60)
    await world.run()
    assert world.logs[0].asked == []
    await world.clock.advance(61)
    world.logs[0].status = {}
    assert (await world.run()).error is None
    assert world.logs[0].asked


async def test_a_log_that_forked_is_told_by_name_and_never_read_on(world):
    for log in world.logs:
        for number in range(5):
            log.add(f"old{number}.example")
    await world.run()
    world.logs[0].entries[0] = world.logs[0].entries[1]
    world.logs[0].add("army-mil.com")
    health = await world.run()
    assert "a log of the tests" in health.error
    assert "forked" in health.error
    assert not await world.found("army-mil.com")
    await world.feeding.reset("ct")
    assert (await world.run()).error is None


async def test_logs_that_cannot_be_reached_make_the_feed_stale(world):
    await world.run()
    for log in world.logs:
        log.status = {"": 500}
    from datetime import timedelta

    await world.clock.advance(3600)
    assert "2 of 2 logs" in (await world.run()).error
    assert list(await find_stale(world.store, {"ct": timedelta(minutes=1)}, world.clock.now())) == ["feed.ct"]


async def test_what_another_process_holds_is_left_to_it(world):
    world.held = False
    await world.run()
    assert [log.asked for log in world.logs] == [[], []]


async def test_health_tells_lag_and_what_is_left(world):
    await world.run()
    world.logs[0].now = int(world.clock.now().timestamp() * 1000) - 45_000
    world.logs[1].now = int(world.clock.now().timestamp() * 1000) - 5_000
    for log in world.logs:
        log.add("weather.org")
    health = await world.run()
    assert health.lag_seconds == pytest.approx(45)
    assert (health.behind, health.skipped, len(health.logs)) == (0, 0, 2)
