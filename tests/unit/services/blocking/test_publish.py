"""The list that is handed out: serials that only rise, changes that add up, times that are unique."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.block_bench import BlockBench, block_bench
from tests.fakes.sightings import explicit, look
from watcher.data import load_suffixes
from watcher.services.blocking.publish import Publisher, is_later, next_serial
from watcher.services.names.protect import protect
from watcher.store import block_list
from watcher.store.block_list import TakenBy, ZoneName


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[BlockBench]:
    async with block_bench(tmp_path) as made:
        await made.see("army.ml", "aarmy.ml", "armyy.ml")
        await made.publisher.begin()
        yield made


async def test_a_decision_raises_the_serial_and_tells(bench: BlockBench) -> None:
    told = []

    async def tell() -> None:
        told.append(True)

    bench.publisher.tell(tell)
    before = await bench.publisher.state()
    assert not await bench.publisher.refresh()
    await bench.decide("blocked", "army.ml")
    assert await bench.publisher.refresh()
    after = await bench.publisher.state()
    assert after.serial > before.serial
    assert after.names == (ZoneName("army.ml", "army.mil"),)
    assert told == [True]
    assert not await bench.publisher.refresh()


async def test_differences_add_up(bench: BlockBench) -> None:
    states = [await bench.publisher.state()]
    for step in (
        ("blocked", "army.ml"),
        ("blocked", "armyy.ml"),
        ("new", "army.ml"),
        ("blocked", "aarmy.ml", "army.ml"),
    ):
        await bench.decide(*step)
        await bench.publisher.refresh()
        states.append(await bench.publisher.state())
    assert len({state.serial for state in states}) == len(states)
    for state in states:
        difference = await bench.publisher.difference(state.serial)
        assert difference is not None
        assert difference.new == states[-1].serial
        assert set(difference.removed) <= set(state.names)
        assert not set(difference.added) & set(state.names)
        assert (set(state.names) - set(difference.removed)) | set(difference.added) == set(states[-1].names)


async def test_what_stands_in_the_zone_about_a_name_stays_while_the_history_lasts(bench: BlockBench) -> None:
    await bench.decide("blocked", "army.ml")
    await bench.publisher.refresh()
    before = await bench.publisher.state()
    await protect(bench.store, ["aarmy.ml"], suffixes=load_suffixes(), now=bench.clock.now())
    await bench.see("army.ml", protected="aarmy.ml", likelihood=0.5)
    await bench.later(minutes=2)
    await bench.publisher.refresh()
    assert (await bench.publisher.state()).names == before.names
    await bench.publisher.begin("another shape")
    assert (await bench.publisher.state()).names == (ZoneName("army.ml", "aarmy.ml"),)


async def test_exchanges_come_once_before_their_names_and_leave(bench: BlockBench) -> None:
    await bench.decide("blocked", "army.ml", "armyy.ml")
    await bench.publisher.refresh()
    async with bench.store.read() as tx:
        hosts = await block_list.list_exchanges(tx, after=None, limit=10)
        entries = await block_list.list_added(tx, after=None, limit=10)
    assert [host for _, host in hosts] == ["mx.army.ml", "mx.armyy.ml"]
    assert [entry.exchanges for entry in entries] == [(TakenBy("mx.army.ml"),), (TakenBy("mx.armyy.ml"),)]
    times = [at for at, _ in hosts] + [entry.added_at for entry in entries]
    assert times == sorted(set(times))
    verdict = explicit("army.ml", bench.clock.now(), "mx.armyy.ml")
    await bench.later(hours=1)
    await bench.watch.record(look("army.ml", verdict, bench.clock.now()))
    await bench.publisher.refresh()
    async with bench.store.read() as tx:
        found = (await block_list.find_entries(tx, ["army.ml"]))["army.ml"]
        assert await block_list.list_exchanges(tx, after=times[-1], limit=10) == []
    assert found.exchanges == (TakenBy("mx.armyy.ml"), TakenBy("mx.army.ml", left=True))
    assert found.added_at > times[-1]


async def test_an_exchange_that_is_listed_itself_is_one_object(bench: BlockBench) -> None:
    await bench.later(hours=1)
    verdict = explicit("army.ml", bench.clock.now(), "armyy.ml", "army.ml")
    await bench.watch.record(look("army.ml", verdict, bench.clock.now()))
    await bench.decide("blocked", "army.ml")
    await bench.publisher.refresh()
    async with bench.store.read() as tx:
        assert [host for _, host in await block_list.list_exchanges(tx, after=None, limit=10)] == ["armyy.ml"]
    await bench.decide("blocked", "armyy.ml")
    await bench.publisher.refresh()
    async with bench.store.read() as tx:
        assert [host for _, host in await block_list.list_exchanges(tx, after=None, limit=10)] == ["mx.armyy.ml"]


async def test_a_serial_that_is_not_ours_has_no_difference(bench: BlockBench) -> None:
    state = await bench.publisher.state()
    assert await bench.publisher.difference(state.serial - 1) is None
    assert await bench.publisher.difference(state.serial + 5) is None


async def test_a_start_raises_the_serial_beyond_what_a_lost_database_gave(bench: BlockBench) -> None:
    await bench.decide("blocked", "army.ml")
    await bench.publisher.refresh()
    before = await bench.publisher.state()
    restarted = Publisher(bench.store, bench.lists, bench.clock)
    await bench.later(seconds=1)
    await restarted.begin()
    after = await restarted.state()
    assert after.serial > before.serial
    assert after.names == before.names
    difference = await restarted.difference(before.serial)
    assert difference is not None
    assert (difference.added, difference.removed) == ((), ())


async def test_what_left_is_remembered_and_times_are_unique(bench: BlockBench) -> None:
    await bench.decide("blocked", "army.ml", "aarmy.ml", "armyy.ml")
    await bench.publisher.refresh()
    await bench.decide("new", "aarmy.ml")
    await bench.publisher.refresh()
    async with bench.store.read() as tx:
        entries = await block_list.list_added(tx, after=None, limit=10)
    assert [entry.name for entry in entries] == ["army.ml", "armyy.ml", "aarmy.ml"]
    assert [entry.removed_at is not None for entry in entries] == [False, False, True]
    assert len({entry.added_at for entry in entries}) == 3


@given(st.integers(0, 2**32 - 1), st.integers(946_684_800, 7_258_118_400))
def test_the_next_serial_is_later(last: int, seconds: int) -> None:
    serial = next_serial(last, datetime.fromtimestamp(seconds, UTC))
    assert 0 < serial < 2**32
    assert is_later(serial, last)
    assert not is_later(last, serial)
