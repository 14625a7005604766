"""Runs of feeds over a real database: news, differences, refusals, and runs that are killed."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from watcher.bootstrap.command import build_enumeration
from watcher.core.errors import FeedFailed
from watcher.core.names.names import parse
from watcher.core.ports import Fetched
from watcher.data import load_suffixes
from watcher.feeds.names import read_existing
from watcher.services.feeding.feeding import Feeding
from watcher.services.feeding.health import find_stale
from watcher.services.feeding.hits import Hits
from watcher.services.feeding.zone_days import names_file
from watcher.services.names.own import Ours
from watcher.services.names.protect import protect
from watcher.store import Store, lookalikes


@dataclass
class Source:
    """A feed that gives what it is told."""

    names: list[str] = field(default_factory=list)
    zone: str | None = None
    position: str = "1"
    trouble: str | None = None
    breaks_after: int | None = None
    kind: str = "zone_file"
    asked: list[str | None] = field(default_factory=list)
    waits: bool = False
    left_out: int = 0
    closes: bool = False

    async def fetch(self, position, scratch):
        self.asked.append(position)
        if self.trouble is not None:
            raise FeedFailed(self.trouble)
        return (
            None
            if position == self.position
            else Fetched(self._read(), self.position, self.zone, lambda: (self.left_out, "<html>"), lambda: self.closes)
        )

    def _read(self):
        for number, name in enumerate(self.names):
            if number == self.breaks_after:
                raise FeedFailed("it was cut")
            yield [parse(name)]


@pytest.fixture
async def bench(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    suffixes = load_suffixes()
    await protect(store, ["army.mil"], suffixes=suffixes, now=clock.now())
    await (ours := Ours(store, suffixes)).read()
    zone = Source([f"name{number}.ml" for number in range(1000)], "ml")
    listed = Source(["amry.mil.com", "weather.org"], kind="names")
    feeding = Feeding(
        store,
        {"ml": zone, "new": listed},
        folder=tmp_path / "feeds",
        hits=Hits(store, build_enumeration(ours).matching, suffixes),
        logs={},
        clock=clock,
    )
    yield feeding, zone, listed, store, clock, tmp_path / "feeds"
    await store.close()


async def rows(store):
    async with store.read() as tx:
        return await lookalikes.find_known(tx, ["army.ml", "amry.mil.com", "weather.org"])


async def test_a_hit_becomes_a_row_once(bench):
    feeding, _, listed, store, *_ = bench
    health = await feeding.run("new")
    assert (health.names, health.matched, health.new, health.error) == (2, 1, 1, None)
    assert set(await rows(store)) == {"amry.mil.com"}
    assert (await feeding.run("new")).names == 2
    assert listed.asked == [None, "1"]
    listed.position = "2"
    assert (await feeding.run("new")).new == 0, "no second effect"


async def test_the_difference_of_two_days_is_exact_and_answers_existence(bench):
    feeding, zone, _, store, clock, folder = bench
    first = await feeding.run("ml")
    assert (first.names, first.appeared, first.vanished, first.matched) == (1000, 1000, 0, 0)
    await clock.advance(86_400)
    zone.names, zone.position = [*zone.names[100:], "army.ml", "brandnew.ml"], "2"
    second = await feeding.run("ml")
    assert (second.names, second.appeared, second.vanished, second.matched, second.new) == (902, 2, 100, 1, 1)
    assert set(await rows(store)) == {"army.ml"}
    kept = read_existing([names_file(folder, "ml")])
    assert "army.ml" in kept
    assert kept.denies("name1.ml")
    assert not kept.denies("name1.com")


async def test_a_zone_that_shrank_or_broke_off_is_refused_and_the_old_one_stays(bench):
    feeding, zone, _, _, _, folder = bench
    await feeding.run("ml")
    whole = list(zone.names)
    zone.names, zone.position = whole[:700], "2"
    refused = await feeding.run("ml")
    assert refused.error is not None
    assert "300 of 1000 names vanished" in refused.error
    zone.names, zone.breaks_after = whole, 999
    assert (await feeding.run("ml")).error == "it was cut"
    assert len(read_existing([names_file(folder, "ml")])) == 1000
    assert zone.asked[-1] == "1", "the position is that of the last whole run"
    zone.breaks_after = None
    assert (await feeding.run("ml")).error is None


async def test_trouble_is_told_and_hinders_no_other(bench):
    feeding, zone, *_ = bench
    zone.trouble = "it does not answer"
    await feeding.run("ml")
    await feeding.run("new")
    health = {row.name: row for row in await feeding.list_health()}
    assert (health["ml"].error, health["ml"].succeeded_at) == ("it does not answer", None)
    assert health["new"].error is None


async def test_names_that_are_repeated_anywhere_count_once(bench):
    feeding, zone, _, _, clock, folder = bench
    zone.names = [*zone.names, *zone.names[:50], "name1.ml"]
    assert (await feeding.run("ml")).names == 1000
    await clock.advance(86_400)
    zone.names, zone.position = [*zone.names[10:], "a.ml", "b.ml", "a.ml"], "2"
    second = await feeding.run("ml")
    assert (second.names, second.appeared, second.vanished) == (1002, 2, 0)
    zone.names, zone.position = [f"name{number}.ml" for number in range(5, 1000)], "3"
    third = await feeding.run("ml")
    assert (third.names, third.appeared, third.vanished) == (995, 0, 7)
    assert len(read_existing([names_file(folder, "ml")])) == 995


async def test_a_name_that_vanished_or_came_back_is_looked_at(bench):
    feeding, zone, _, store, clock, _ = bench
    zone.names.append("army.ml")
    await feeding.run("ml")

    async def due():
        async with store.read() as tx:
            return (await lookalikes.find(tx, "army.ml")).next_look_at

    async def postpone():
        async with store.write() as tx:
            row = await lookalikes.find(tx, "army.ml")
            await lookalikes.save(tx, [replace(row, next_look_at=clock.now() + timedelta(days=9))])

    for position, names in (("2", zone.names[:-1]), ("3", zone.names)):
        await postpone()
        await clock.advance(86_400)
        zone.position, zone.names = position, list(names)
        await feeding.run("ml")
        assert await due() == clock.now()


async def test_a_zone_that_closed_with_its_soa_has_to_do_so_again(bench):
    feeding, zone, *_ = bench
    zone.closes = True
    await feeding.run("ml")
    zone.closes, zone.position = False, "2"
    assert "closing SOA" in (await feeding.run("ml")).error
    zone.closes = True
    assert (await feeding.run("ml")).error is None


async def test_weak_resemblances_and_lines_without_a_name_are_counted(bench):
    feeding, _, listed, store, *_ = bench
    listed.names, listed.left_out = ["amry.mil.com", "navy.mil.evil.ru", "armymom.com"], 7
    health = await feeding.run("new")
    assert health.matched + health.noted >= 1
    assert (health.left_out, health.left_out_first) == (7, "<html>")
    assert len(await rows(store)) == 1


async def test_a_folder_into_which_nothing_comes_any_more_is_stale(bench):
    feeding, _, listed, store, clock, _ = bench
    listed.waits = True
    await feeding.run("new")
    for _ in range(4):
        await clock.advance(86_400)
        assert (await feeding.run("new")).error is None
    assert list(await find_stale(store, {"new": timedelta(days=1)}, clock.now())) == ["feed.new"]


async def test_the_source_of_a_name_is_kept_with_it(bench):
    feeding, _, _, store, *_ = bench
    await feeding.run("new")
    async with store.read() as tx:
        assert (await lookalikes.find(tx, "amry.mil.com")).state.brought_by == "new"


async def test_reset_reads_all_again(bench):
    feeding, zone, _, _, _, folder = bench
    await feeding.run("ml")
    await feeding.reset("ml")
    assert not names_file(folder, "ml").exists()
    assert (await feeding.run("ml")).appeared == 1000
    assert zone.asked == [None, None]


async def test_a_run_killed_before_its_end_is_repeated(bench):
    feeding, zone, _, store, _, folder = bench
    zone.names.append("army.ml")
    await feeding.run("ml")
    async with store.write() as tx:
        from watcher.store import facts

        await facts.remove(tx, "feed:ml")  # as if the position had not been saved any more
    again = await feeding.run("ml")
    assert (again.error, again.new, set(await rows(store))) == (None, 0, {"army.ml"})
    assert [file.name for file in folder.iterdir()] == ["ml.zone"], "nothing else is left lying about"


async def test_a_feed_that_stopped_working_is_stale_and_says_why(bench):
    feeding, zone, _, store, clock, _ = bench
    every = {"ml": timedelta(days=1), "new": timedelta(days=1)}
    assert await find_stale(store, every, clock.now()) == {}, "the first runs are due"
    await feeding.run("ml")
    zone.trouble = "it does not answer"
    await clock.advance(2 * 86_400)
    await feeding.run("ml")
    assert await find_stale(store, every, clock.now()) == {}, "two runs may fail"
    await clock.advance(2 * 86_400)
    stale = await find_stale(store, every, clock.now())
    assert list(stale) == ["feed.ml"]
    assert stale["feed.ml"].endswith("(it does not answer)")
