"""The list that is handed out: serials that only rise, changes that add up, times that are unique."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.block_bench import BlockBench, block_bench
from watcher.services.blocking.publish import Publisher, is_later, next_serial
from watcher.store import block_list


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
    assert after.names == ("army.ml",)
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
