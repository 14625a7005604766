"""A sweep over 100,000 names, killed at random moments: what is recorded in the end is what an unbroken run records."""

import asyncio
import contextlib
import itertools
import random
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

from tests.e2e.sweep_process import EACH, NAMES, candidate, exists
from tests.fakes.quick_dns import InItsOwnProcess, QuickDns

_ROOT = Path(__file__).parents[2]
_MX = 15
_LAST_WORK = 2.0  # seconds: progress is written each second, and the machine may be busy
_THERE = {candidate(name, rank).name for name in NAMES for rank in range(1, EACH + 1) if exists(name, rank)}


def _run(database, port, kill_after):
    """Sweep until it ends, or is killed; when that was, or None."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.sweep_process", str(database), str(port)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sweeping\n"
        if kill_after is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(kill_after)
            if process.poll() is None:
                process.kill()
                process.wait()
                return time.time()
        output, _ = process.communicate(timeout=240)
        assert process.returncode == 0, output
    return None


def _recorded(database):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = dict(connection.execute("SELECT name, ability FROM lookalikes"))
        shards = connection.execute(
            "SELECT protected, tier, settled, unsettled, total, progress, last_finished_at IS NOT NULL FROM shards"
        ).fetchall()
        events = connection.execute("SELECT kind, name FROM events ORDER BY kind, name").fetchall()
    return rows, sorted(shards), events


def _killed_at_random(tmp_path, kills, seed):
    chance = random.Random(seed)
    log, database = tmp_path / "asked", tmp_path / "watcher.db"
    moments = []
    with InItsOwnProcess(QuickDns(), log) as server:
        while len(moments) < kills:
            moment = _run(database, server.port, chance.uniform(0.2, 12 / kills + 1))
            if moment is None:
                break
            moments.append(moment)
        _run(database, server.port, None)
        time.sleep(0.3)  # the server writes its log when nothing is asked
    return database, log, moments


def _judge(database, log, moments):
    rows, shards, events = _recorded(database)
    assert set(rows) == _THERE
    assert set(rows.values()) == {"able"}
    assert len(shards) == 3 * len(NAMES)
    assert sum(settled for _, _, settled, *_ in shards) == EACH * len(NAMES)
    assert all(done and progress is None and not unsettled for _, _, _, unsettled, _, progress, done in shards)
    assert [name for kind, name in events if kind == "mail_found_able"] == sorted(_THERE), "each told once"
    asked = defaultdict(list)
    for line in log.read_text().splitlines():
        label, kind, at = line.split()
        if int(kind) == _MX and label != "nobody" and not label.startswith("x"):
            asked[label].append(float(at))
    assert len(asked) == EACH * len(NAMES) - len(_THERE), "every candidate was asked for"
    for label, times in asked.items():
        for first, again in itertools.pairwise(times):
            kill = min((moment for moment in moments if first <= moment <= again), default=None)
            lost = kill is not None and kill - first <= _LAST_WORK
            assert lost or again - first >= 2.9, f"{label} was asked again without need"  # (a lost datagram: 3 s)


async def test_three_kills_change_nothing(tmp_path):
    database, log, moments = await asyncio.to_thread(_killed_at_random, tmp_path, 3, 5)
    assert moments, "the sweep was too quick to be killed"
    _judge(database, log, moments)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2))
async def test_twenty_kills_change_nothing(tmp_path, seed):
    database, log, moments = await asyncio.to_thread(_killed_at_random, tmp_path, 20, seed)
    assert len(moments) >= 10
    _judge(database, log, moments)
