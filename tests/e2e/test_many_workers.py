"""Several processes sweep one PostgreSQL together: rows, shards, events and outbox are those of one process.

They are killed, and paused for longer than their leases; the server restarts. A trigger of the test's own writes down who
wrote which row, and who had been given its shard by then: nobody writes for a shard that another has.
"""

import asyncio
import contextlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.e2e.sweep_process import EACH, NAMES, candidate, exists
from tests.fakes.quick_dns import InItsOwnProcess, QuickDns
from watcher.data import load_suffixes
from watcher.lookups.clock import SystemClock
from watcher.services.names.protect import protect
from watcher.store import Store

_ROOT = Path(__file__).parents[2]
_LEASE = 8.0
_RATE = 4_000
_THERE = {
    candidate(name, rank).name: (name, rank) for name in NAMES for rank in range(1, EACH + 1) if exists(name, rank)
}
_AUDIT = """
CREATE TABLE written_by (number bigserial, what text, key text, worker text, epoch int);
CREATE FUNCTION note_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO written_by (what, key, worker) VALUES (TG_TABLE_NAME, NEW.name, current_setting('application_name'));
  RETURN NEW; END $$;
CREATE FUNCTION note_claim() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.epoch <> OLD.epoch THEN
    INSERT INTO written_by (what, key, worker, epoch)
    VALUES ('claim', NEW.protected || ' ' || NEW.tier, NEW.lease_owner, NEW.epoch);
  ELSIF NEW.progress::text IS DISTINCT FROM OLD.progress::text THEN
    INSERT INTO written_by (what, key, worker)
    VALUES ('progress', NEW.protected || ' ' || NEW.tier, current_setting('application_name'));
  END IF;
  RETURN NEW; END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON lookalikes FOR EACH ROW EXECUTE FUNCTION note_row();
CREATE TRIGGER note AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION note_row();
CREATE TRIGGER note AFTER UPDATE ON shards FOR EACH ROW EXECUTE FUNCTION note_claim();
"""


async def _prepare(url):
    clock = SystemClock()
    store = await Store.open_or_create(url, clock=clock)
    await protect(store, NAMES, suffixes=load_suffixes(), now=clock.now())
    await store.close()


def _start(url, port, count):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.worker_process", url, str(port), str(_LEASE), str(_RATE / count)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def _sweep(postgres, url, port, workers, disturb=lambda running, start: None):
    """Sweep with so many processes; `disturb` is called twice a second meanwhile. Return how long it took."""
    asyncio.run(_prepare(url))
    with postgres.session(url) as session:
        session.execute(_AUDIT)
    running = [_start(url, port, workers) for _ in range(workers)]
    begun, deadline = time.monotonic(), time.monotonic() + 500
    try:
        while any(process.poll() is None for process in running):
            assert time.monotonic() < deadline, f"the sweep does not end: {_left(url)}"
            assert all(process.poll() in {None, 0, -signal.SIGKILL} for process in running)
            time.sleep(0.5)
            disturb(running, lambda: running.append(_start(url, port, workers)))
        return time.monotonic() - begun
    finally:
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.communicate()


def _left(url):
    with psycopg.connect(url, autocommit=True) as session:
        query = "SELECT protected, tier, attempts, lease_owner, leased_until, now() FROM shards WHERE last_finished_at IS NULL"
        return session.execute(query).fetchall()


def _recorded(url):
    with psycopg.connect(url, autocommit=True) as session:

        def ask(query):
            return session.execute(query).fetchall()

        return {
            "rows": ask("SELECT name, registrable_domain, ability, basis FROM lookalikes ORDER BY 1"),
            "resemblances": ask("SELECT name, protected, rank FROM resemblances ORDER BY 1, 2"),
            "shards": ask(
                "SELECT protected, tier, settled, unsettled, total, progress IS NULL FROM shards ORDER BY 1, 2"
            ),
            "events": ask("SELECT kind, name FROM events ORDER BY 1, 2"),
            "outbox": ask("SELECT kind, name FROM outbox JOIN events ON id = event_id ORDER BY 1, 2"),
        }


def _late_writes(url):
    """Count what was written for a shard by another than who had claimed it last, by the order of the transactions."""
    late, claims, written = [], {}, 0
    with psycopg.connect(url, autocommit=True) as session:
        for what, key, worker, _ in session.execute("SELECT what, key, worker, epoch FROM written_by ORDER BY number"):
            if what == "claim":
                claims[key] = worker
                continue
            if what == "progress":
                shard = key
            else:
                name, rank = _THERE[key]
                shard = f"{name} {0 if rank <= 200 else 1 if rank <= 2000 else 2}"
            written += 1
            if claims.get(shard) != worker:
                late.append((what, key, worker, claims.get(shard)))
    assert written > len(_THERE)
    return late


@pytest.fixture(scope="module")
def of_one(postgres):
    """What one process records."""
    url = postgres.database()
    with InItsOwnProcess(QuickDns()) as server:
        _sweep(postgres, url, server.port, 1)
    found = _recorded(url)
    assert [row[0] for row in found["rows"]] == sorted(_THERE)
    assert found["events"] == found["outbox"]
    assert all(done and not unsettled for _, _, _, unsettled, _, done in found["shards"])
    assert sum(settled for _, _, settled, *_ in found["shards"]) == EACH * len(NAMES)
    return found


def test_four_record_what_one_does(postgres, of_one):
    url = postgres.database()
    with InItsOwnProcess(QuickDns()) as server:
        _sweep(postgres, url, server.port, 4)
    assert _recorded(url) == of_one
    assert _late_writes(url) == []


class Trouble:
    """Kills a process and starts another, or pauses one for three leases, at random."""

    def __init__(self, postgres, seed, *, most=4, restarts=0):
        self.postgres, self.chance, self.restarts = postgres, random.Random(seed), restarts
        self.left, self.next_at = most, time.monotonic() + 4
        self.paused = {}
        self.kills = self.pauses = 0

    def __call__(self, running, start):
        now = time.monotonic()
        for process, until in list(self.paused.items()):
            if now >= until:
                process.send_signal(signal.SIGCONT)
                del self.paused[process]
        alive = [process for process in running if process.poll() is None and process not in self.paused]
        if now < self.next_at:
            return
        self.next_at = now + self.chance.uniform(3, 8)
        if len(alive) > 1 and self.left:
            self.left -= 1
            victim = self.chance.choice(alive)
            if self.kills <= self.pauses:
                victim.kill()
                start()
                self.kills += 1
            else:
                victim.send_signal(signal.SIGSTOP)
                self.paused[victim] = now + 3 * _LEASE
                self.pauses += 1
        if self.restarts and self.kills:
            self.postgres.stop()
            self.postgres.start()
            self.restarts -= 1


def test_kills_pauses_and_a_restart_of_the_server_change_nothing(postgres, of_one):
    url, trouble = postgres.database(), Trouble(postgres, 3, restarts=1)
    with InItsOwnProcess(QuickDns()) as server:
        _sweep(postgres, url, server.port, 4, trouble)
    assert trouble.kills >= 1
    assert trouble.pauses >= 1
    assert _recorded(url) == of_one
    assert _late_writes(url) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_much_trouble_changes_nothing(postgres, of_one, seed):
    url, trouble = postgres.database(), Trouble(postgres, seed, most=20, restarts=3)
    with InItsOwnProcess(QuickDns()) as server:
        _sweep(postgres, url, server.port, 4, trouble)
    assert _recorded(url) == of_one
    assert _late_writes(url) == []
