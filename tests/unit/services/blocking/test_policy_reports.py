"""A policy service that is behind, or fell silent, is a trouble of the watch; one that was stopped is not."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from watcher.services.blocking.policy_reports import PolicyReports, find_policy_troubles
from watcher.store import Store


class Bench:
    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self.trouble: str | None = None

    def service(self, place: str = "127.0.0.1:10040 on mx1") -> PolicyReports:
        async def trouble() -> str | None:
            return self.trouble

        return PolicyReports(self.store, self.clock, place=place, trouble=trouble)

    async def found(self) -> list[str]:
        return list((await find_policy_troubles(self.store, self.clock)).values())

    async def later(self, **span: float) -> None:
        await self.clock.advance(timedelta(**span).total_seconds())


@pytest.fixture
async def bench(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path / 'watcher.db'}", clock=clock)
    yield Bench(store, clock)
    await store.close()


async def test_a_service_that_is_well_is_no_trouble(bench):
    await bench.service().report()
    await bench.later(seconds=60)
    assert await bench.found() == []


async def test_an_old_list_is_a_trouble_until_it_is_fresh(bench):
    bench.trouble = "the policy service answers from a list that is 300 s old"
    await bench.service().report()
    assert await bench.found() == [f"{bench.trouble} (127.0.0.1:10040 on mx1)"]
    bench.trouble = None
    await bench.service().report()
    assert await bench.found() == []


async def test_a_service_that_fell_silent_is_a_trouble_and_one_of_last_year_is_not(bench):
    await bench.service().report()
    await bench.service("127.0.0.1:10040 on mx2").report()
    await bench.later(minutes=3)
    await bench.service().report()
    (said,) = await bench.found()
    assert "on mx2 is silent since" in said
    await bench.later(days=8)
    assert await bench.found() == []


async def test_a_service_that_was_stopped_is_not_missed(bench):
    service = bench.service()
    await service.report()
    await service.end()
    await bench.later(minutes=30)
    assert await bench.found() == []


async def test_a_database_that_cannot_be_written_is_tried_again(bench, tmp_path):
    import asyncio

    service = bench.service()
    running = asyncio.create_task(service.run(every=20.0))
    await bench.store.close()
    (tmp_path / "watcher.db").rename(tmp_path / "kept.db")
    (tmp_path / "watcher.db").mkdir()
    await bench.later(seconds=25)
    (tmp_path / "watcher.db").rmdir()
    (tmp_path / "kept.db").rename(tmp_path / "watcher.db")
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await service.report()
    assert await bench.found() == []
