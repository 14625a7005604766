"""The engine of several processes: procrastinate carries shared jobs to whoever is free, over the same PostgreSQL.

A carried job is a nudge and nothing more. What is due, who has it and how far it is stand in our own rows, by lease and
epoch. So a nudge that is lost, doubled, or stuck in `doing` under a process that died costs time and no result: every
process also does each job by itself when no nudge has come for `PATIENCE`.

There are no locks and no retries: a retried job with `queueing_lock` can stay in `doing` for ever.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import procrastinate
from sqlalchemy.engine import URL

from watcher.core.ports import Clock
from watcher.core.states.outages import Outages
from watcher.engines.local import Job, log_failure

log = logging.getLogger(__name__)

QUEUE = "watcher"
PATIENCE = timedelta(seconds=10)
_NUDGES_A_SECOND = 4  # each is two NOTIFY, and those take turns in the whole server
_FETCH_SECONDS = 2.0
_TURN = 0.5  # seconds
_STUCK = timedelta(minutes=10)

_COUNT = "SELECT task_name, count(*) AS jobs FROM procrastinate_jobs WHERE status = 'todo' GROUP BY 1"
_CLEAN = (
    "DELETE FROM procrastinate_jobs WHERE queue_name = %(queue)s AND (status NOT IN ('todo', 'doing') "
    "OR (status = 'doing' AND NOT EXISTS (SELECT 1 FROM procrastinate_events AS event "
    "WHERE event.job_id = procrastinate_jobs.id AND event.at > now() - make_interval(secs => %(stuck)s))))"
)


class Carrier:
    """Runner of shared jobs in this process, as they are carried here, from `start` until `stop`.

    `leads`: whether this process hands the jobs out at present. `live`: how many processes there are.
    """

    def __init__(
        self,
        url: URL,
        jobs: Sequence[Job],
        *,
        leads: Callable[[], Awaitable[bool]],
        live: Callable[[], int],
        clock: Clock,
        concurrency: int = 2,
    ) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._leads = leads
        self._live = live
        self._clock = clock
        self._concurrency = max(concurrency, len(jobs))
        self._running: dict[str, asyncio.Task[None]] = {}
        self._ran_at = dict.fromkeys(self._jobs, clock.now() - PATIENCE)
        self._tasks: list[asyncio.Task[Any]] = []
        self._outages = Outages()
        self._stopping = False
        parsed = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connector = procrastinate.PsycopgConnector(
            conninfo=parsed, min_size=1, max_size=4, kwargs={"prepare_threshold": None, "connect_timeout": 10}
        )
        self._app = procrastinate.App(connector=self._connector)
        for name in self._jobs:
            self._app.task(name=name, queue=QUEUE)(self._work_of(name))
        logging.getLogger("procrastinate").setLevel(logging.ERROR)  # a line for each nudge helps nobody
        self.carried = 0
        """Jobs that were done here because a nudge came."""
        self.unasked = 0
        """Jobs that were done here without a nudge."""

    async def start(self) -> None:
        """Begin to take jobs, and to hand them out where this process leads."""
        self._tasks = [asyncio.create_task(loop()) for loop in (self._take, self._hand_out, self._poll)]

    async def stop(self, grace: timedelta) -> None:
        """Take nothing new, wait `grace` for what runs, then cancel it: it hands back what it has."""
        self._stopping = True
        running = list(self._running.values())
        if running:
            await asyncio.wait(running, timeout=grace.total_seconds())
        for task in (*running, *self._tasks):
            task.cancel()
        await asyncio.gather(*running, *self._tasks, return_exceptions=True)

    def _work_of(self, name: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            if await self._do(name):
                self.carried += 1

        return work

    async def _do(self, name: str) -> bool:
        """Do the job, unless it runs here already; whatever it raises is logged, and the job is done again later."""
        if self._stopping or name in self._running:
            return False
        task = asyncio.ensure_future(self._guarded(self._jobs[name]))
        self._running[name] = task
        try:
            await asyncio.shield(task)
        finally:
            if task.done():
                self._running.pop(name, None)
            else:
                task.add_done_callback(lambda _: self._running.pop(name, None))
            self._ran_at[name] = self._clock.now()
        return True

    async def _guarded(self, job: Job) -> None:
        began = asyncio.get_running_loop().time()
        if self._outages.wait(job.name, began):
            return
        try:
            await job.work()
        except Exception as error:  # noqa: BLE001 (one job's bug must not stop the others)
            log_failure(log, self._outages, job.name, error, began=began)
        else:
            if (line := self._outages.worked(job.name)) is not None:
                log.warning("%s", line)

    async def _take(self) -> None:
        """Run procrastinate's worker; after a failure of the database again and again."""
        while True:
            try:
                async with self._app.open_async():
                    await self._app.run_worker_async(
                        queues=[QUEUE],
                        concurrency=self._concurrency,
                        wait=True,
                        fetch_job_polling_interval=_FETCH_SECONDS,
                        listen_notify=True,
                        delete_jobs="successful",
                        install_signal_handlers=False,
                        shutdown_graceful_timeout=0,
                    )
            except Exception as error:  # noqa: BLE001 (whatever it is, the jobs are done unasked meanwhile)
                log.warning("no jobs are carried here: %s", _line(error))
            await self._clock.sleep(_FETCH_SECONDS)

    async def _hand_out(self) -> None:
        """See that there is a nudge of each kind for every process, while this process leads."""
        while True:
            live = max(1, self._live())
            await self._clock.sleep(max(1.0, len(self._jobs) * live / _NUDGES_A_SECOND))
            try:
                if await self._leads():
                    await self.hand_out(live)
            except Exception as error:  # noqa: BLE001 (as above)
                log.info("no jobs are handed out: %s", _line(error))

    async def hand_out(self, live: int) -> int:
        """Defer what is missing, each kind in one statement, and delete what is over or stuck; return how many."""
        rows = await self._connector.execute_query_all_async(_COUNT)
        waiting = {str(row["task_name"]): int(row["jobs"]) for row in rows}
        deferred = 0
        for name in self._jobs:
            missing = live - waiting.get(name, 0)
            if missing > 0:
                await self._app.configure_task(name, queue=QUEUE).batch_defer_async(*({} for _ in range(missing)))
                deferred += missing
        await self._connector.execute_query_async(_CLEAN, queue=QUEUE, stuck=_STUCK.total_seconds())
        return deferred

    async def _poll(self) -> None:
        """Do each job unasked when nothing has asked for it for `PATIENCE`."""
        while True:
            await self._clock.sleep(_TURN)
            now = self._clock.now()
            for name, at in self._ran_at.items():
                if name not in self._running and now - at >= PATIENCE:
                    self.unasked += 1
                    await self._spawn(name)

    async def _spawn(self, name: str) -> None:
        task = asyncio.ensure_future(self._do(name))
        self._tasks.append(task)
        task.add_done_callback(lambda done: self._tasks.remove(done) if done in self._tasks else None)
        await asyncio.sleep(0)


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
