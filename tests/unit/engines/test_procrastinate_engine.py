"""Carried jobs: done by whoever is free, and done all the same when procrastinate's rows are lost or corrupt."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy.engine import make_url

from watcher.engines.local import Job
from watcher.engines.procrastinate import Carrier
from watcher.lookups.clock import SystemClock
from watcher.store import migrate_database


@pytest.fixture
async def url(postgres):
    made = postgres.database()
    await migrate_database(made, clock=SystemClock())
    yield made
    postgres.drop(made)


class Hands:
    """A carrier whose jobs count."""

    def __init__(self, url, *, leads=True, live=2, jobs=("sweep", "relook")):
        self.done = dict.fromkeys(jobs, 0)

        async def lead():
            return leads

        made = [Job(name, lambda name=name: self.count(name), timedelta(seconds=1)) for name in jobs]
        self.carrier = Carrier(make_url(url), made, leads=lead, live=lambda: live, clock=SystemClock())

    async def count(self, name):
        self.done[name] += 1

    async def until(self, condition, seconds=60):
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.05)


async def test_who_leads_hands_out_and_others_do_it(url):
    leader, other = Hands(url, live=2), Hands(url, leads=False)
    for hands in (leader, other):
        await hands.carrier.start()
    await leader.until(lambda: min(*leader.done.values(), *other.done.values()) >= 2)
    await asyncio.gather(*(hands.carrier.stop(timedelta(seconds=5)) for hands in (leader, other)))
    assert leader.carrier.carried + other.carrier.carried > 0


async def test_the_work_is_done_while_rows_are_deleted_and_corrupted(url):
    """Jobs that are gone, and jobs that stand in `doing` under a process that never was."""
    hands = Hands(url)
    await hands.carrier.start()
    with psycopg.connect(url, autocommit=True) as session:
        for _ in range(20):
            session.execute("DELETE FROM procrastinate_jobs WHERE random() < 0.5")
            session.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo' AND random() < 0.5")
            await asyncio.sleep(0.2)
        before = dict(hands.done)
        session.execute("DROP TABLE procrastinate_jobs CASCADE")
        await hands.until(lambda: all(hands.done[name] > before[name] for name in before))
    await hands.carrier.stop(timedelta(seconds=5))
    assert hands.carrier.unasked > 0


async def test_nothing_is_handed_out_twice_and_what_is_over_is_deleted(url):
    hands = Hands(url, live=3)
    async with hands.carrier._app.open_async():
        assert await hands.carrier.hand_out(3) == 6
        assert await hands.carrier.hand_out(3) == 0
        with psycopg.connect(url, autocommit=True) as session:
            session.execute("UPDATE procrastinate_jobs SET status = 'doing'")
            session.execute("UPDATE procrastinate_events SET at = at - interval '1 hour'")
            assert await hands.carrier.hand_out(3) == 6, "what is being done is no nudge that waits"
            found = session.execute("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1").fetchall()
            assert found == [("todo", 6)], "what has been in the works for long is not"


async def test_a_job_that_fails_is_done_again(url):
    hands = Hands(url, jobs=("sweep",))
    tries = []

    async def fails(name):
        tries.append(name)
        raise ZeroDivisionError

    hands.count = fails
    await hands.carrier.start()
    await hands.until(lambda: len(tries) >= 2)
    await hands.carrier.stop(timedelta(seconds=5))
