"""The engine of a single process: APScheduler runs each job again and again, never twice at once, and stops cleanly."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from watcher.core.errors import outside_failure
from watcher.core.states.outages import Outages

log = logging.getLogger(__name__)

_FAILS = 2  # times in a row
_SELDOM = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Job:
    """A call of `work` every `every`; one that is missed because the last still runs is dropped, not queued."""

    name: str
    work: Callable[[], Awaitable[object]]
    every: timedelta


class Local:
    """Runs `jobs` from `start` until `stop`. A job that raises is told to `failed` and runs again at its next time.

    One that failed for a reason from outside waits longer each time, and the log has one line instead of a traceback.
    """

    def __init__(self, jobs: Sequence[Job], *, failed: Callable[[str, Exception], None]) -> None:
        self._failed = failed
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._failures: dict[str, tuple[int, str]] = {}
        self._outages = Outages()
        self._every = {job.name: job.every for job in jobs}
        self._scheduler = AsyncIOScheduler(
            executors={"default": AsyncIOExecutor()},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        for job in jobs:
            self._scheduler.add_job(
                self._run,
                IntervalTrigger(seconds=max(job.every.total_seconds(), 0.05), timezone=UTC),
                args=(job,),
                id=job.name,
                next_run_time=datetime.now(UTC),
            )
        # a long job is no news: APScheduler warns each time that it lets a call drop
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    @property
    def running(self) -> bool:
        """Return whether jobs are being run."""
        return bool(self._scheduler.running) and not self._stopping

    @property
    def failing(self) -> dict[str, str]:
        """Return the jobs that failed the last times they ran, with the reason; a seldom one, the last time."""
        return {
            name: why
            for name, (count, why) in self._failures.items()
            if count >= _FAILS or self._every[name] >= _SELDOM
        }

    def start(self) -> None:
        """Begin; every job runs at once for the first time."""
        self._scheduler.start()

    async def stop(self, grace: timedelta = timedelta(seconds=10)) -> None:
        """Start nothing new, wait `grace` for what runs, then cancel it.

        APScheduler's own waiting shutdown cancels coroutines at once, so the draining is done here.
        """
        self._stopping = True
        if self._scheduler.running:
            self._scheduler.pause()
        if self._running:
            _, late = await asyncio.wait(set(self._running), timeout=grace.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _run(self, job: Job) -> None:
        if self._stopping:
            return
        task = asyncio.ensure_future(self._guarded(job))
        self._running.add(task)
        try:
            await task
        except asyncio.CancelledError:
            if not self._stopping:  # APScheduler would call a cancelled job a failure
                raise
        finally:
            self._running.discard(task)

    async def _guarded(self, job: Job) -> None:
        began = asyncio.get_running_loop().time()
        count, why = self._failures.get(job.name, (0, ""))
        if self._outages.wait(job.name, began):
            self._failures[job.name] = (count + 1, why)  # it would fail as the others do
            return
        try:
            await job.work()
        except Exception as error:  # noqa: BLE001 (one job's bug must not stop the watch; it is reported instead)
            log_failure(log, self._outages, job.name, error, began=began)
            self._failures[job.name] = (count + 1, outside_failure(error) or str(error) or type(error).__name__)
            self._failed(job.name, error)
        else:
            self._failures.pop(job.name, None)
            if (line := self._outages.worked(job.name)) is not None:
                log.warning("%s", line)


def log_failure(to: logging.Logger, outages: Outages, work: str, error: Exception, *, began: float) -> None:
    """Log that work failed: a bug with its traceback, a failure from outside in one line where it is time for one.

    `began`: when the work began, by the event loop's clock.
    """
    reason = outside_failure(error)
    if reason is None:
        to.error("%s failed", work, exc_info=error)
        return
    line = outages.struck(work, reason, began=began, now=asyncio.get_running_loop().time())
    if line is not None:
        to.warning("%s", line)
