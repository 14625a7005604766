"""The local engine runs jobs again and again, never twice at once, and drains before it stops."""

import asyncio
from datetime import timedelta

from watcher.core.errors import StoreError
from watcher.engines.local import Job, Local


async def until(condition, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_failing_job_is_reported_and_runs_again_beside_a_healthy_one():
    failures, healthy = [], []

    async def breaks():
        raise ValueError("broken")

    async def works():
        healthy.append(1)

    every = timedelta(milliseconds=50)
    engine = Local(
        [Job("breaks", breaks, every), Job("works", works, every)],
        failed=lambda name, error: failures.append((name, str(error))),
    )
    engine.start()
    await until(lambda: len(failures) >= 2 and len(healthy) >= 2)
    assert engine.running
    await engine.stop()
    assert set(failures) == {("breaks", "broken")}
    assert not engine.running


async def test_a_long_job_never_runs_twice_at_once_and_is_drained():
    running, most, ended = 0, 0, 0
    release = asyncio.Event()

    async def long():
        nonlocal running, most, ended
        running += 1
        most = max(most, running)
        await release.wait()
        running -= 1
        ended += 1

    engine = Local([Job("long", long, timedelta(milliseconds=50))], failed=lambda *_: None)
    engine.start()
    await until(lambda: running == 1)
    asyncio.get_running_loop().call_later(0.3, release.set)
    await engine.stop()
    assert (most, running) == (1, 0)
    assert ended >= 1


async def test_what_does_not_end_in_time_is_cancelled():
    cancelled = asyncio.Event()

    async def stuck():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    engine = Local([Job("stuck", stuck, timedelta(milliseconds=50))], failed=lambda *_: None)
    engine.start()
    await asyncio.sleep(0)
    await until(lambda: bool(engine._running))
    await engine.stop(grace=timedelta(milliseconds=50))
    assert cancelled.is_set()


async def test_a_job_that_fails_each_time_is_failing_until_it_succeeds():
    broken, failed = True, asyncio.Event()

    async def work():
        if broken:
            raise ValueError("the disk is full")

    engine = Local(
        [Job("fails", work, timedelta(milliseconds=50)), Job("seldom", work, timedelta(hours=1))],
        failed=lambda name, _: failed.set() if engine.failing.keys() == {"fails", "seldom"} else None,
    )
    engine.start()
    await asyncio.wait_for(failed.wait(), 60)
    assert engine.failing == {"fails": "the disk is full", "seldom": "the disk is full"}
    broken = False
    async with asyncio.timeout(60):
        while "fails" in engine.failing:
            await asyncio.sleep(0.01)
    await engine.stop()


async def test_a_database_that_fails_is_one_line_and_no_traceback(caplog):
    broken = True

    def job(name):
        async def work():
            if broken:
                raise ExceptionGroup("looks", [StoreError("the database is locked")])

        return Job(name, work, timedelta(milliseconds=50))

    engine = Local([job("sweep"), job("relook")], failed=lambda *_: None)
    engine.start()
    try:
        await until(lambda: set(engine.failing) == {"sweep", "relook"}, seconds=60)
        broken = False
        await until(lambda: not engine.failing, seconds=60)
    finally:
        await engine.stop()
    lines = [record.getMessage() for record in caplog.records if record.name == "watcher.engines.local"]
    *waits, end = [line.partition(" ")[2] for line in lines]
    assert waits == [f"waits {2**number} s: the database is locked" for number in range(len(waits))]
    assert end == "goes on"
    assert not any(record.exc_info for record in caplog.records)
