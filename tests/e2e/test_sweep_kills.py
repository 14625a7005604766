"""A sweep over 100,000 names, killed at random moments: what is recorded in the end is what an unbroken run records.

Nothing is asked again that the database says is done with. That it says so of all that was answered a second before is
shown in simulated time (`tests/unit/services/sweeps/test_sweep_marks.py`), where no busy machine can bend the second.
"""

import asyncio
import contextlib
import json
import random
import socket
import sqlite3
import subprocess
import sys
import time
from math import inf
from pathlib import Path

import pytest

from tests.e2e.sweep_process import EACH, NAMES, candidate, exists
from tests.fakes.quick_dns import InItsOwnProcess, QuickDns

_ROOT = Path(__file__).parents[2]
_MX = 15
_RETRY = 2.9  # seconds: a datagram that was lost is sent again after three
_KILL = "kill"
_THERE = {candidate(name, rank).name for name in NAMES for rank in range(1, EACH + 1) if exists(name, rank)}


def _run(database, port, kill_after):
    """Sweep until it ends, or is killed; whether it was killed."""
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
                return True
        output, _ = process.communicate(timeout=240)
        assert process.returncode == 0, output
    return False


def _mark(port, number):
    """Ask the server something of our own: what it had received before is in its log before that."""
    label = b"%s%d" % (_KILL.encode(), number)
    query = b"\0\7\1\0\0\1\0\0\0\0\0\0" + bytes([len(label)]) + label + b"\2ml\0\0\x0f\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(60)
        asking.sendto(query, ("127.0.0.1", port))
        assert asking.recv(512)[:2] == b"\0\7"


def _done_with(database):
    """The labels that need not be asked for any more, by what a killed run left; and those that have rows."""
    done = set()
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = {name.removesuffix(".ml") for (name,) in connection.execute("SELECT name FROM lookalikes")}
        query = "SELECT protected, tier, progress, last_finished_at FROM shards"
        for protected, tier, kept, finished in connection.execute(query):
            first, last = [(1, 200), (201, 2_000), (2_001, EACH)][tier]
            progress = None if kept is None else json.loads(kept)
            if progress is not None:
                following, _, left, found, _ = progress
                ranks = set(range(first, following)).difference(*(range(low, high + 1) for low, high in left))
                ranks.update(*(range(low, high + 1) for low, high in found))
            else:
                ranks = range(first, last + 1) if finished else ()
            done.update(candidate(protected, rank).name.removesuffix(".ml") for rank in ranks)
    return done, rows


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
    left = []
    with InItsOwnProcess(QuickDns(), log) as server:
        while len(left) < kills and _run(database, server.port, chance.uniform(0.2, 12 / kills + 1)):
            _mark(server.port, len(left))
            left.append(_done_with(database) if database.exists() else (set(), set()))
        _run(database, server.port, None)
        _mark(server.port, len(left))
        return database, _asked(log, len(left)), left


def _asked(log, last):
    """What each run asked for the exchanges of, in order: (label, moment)."""
    runs = [[]]
    deadline = time.monotonic() + 60
    while f"{_KILL}{last} " not in log.read_text():
        assert time.monotonic() < deadline, "the server writes its log when nothing is asked"
        time.sleep(0.05)
    for line in log.read_text().splitlines():
        label, kind, at = line.split()
        if label.startswith(_KILL):
            runs.append([])
        elif int(kind) == _MX:
            runs[-1].append((label, float(at)))
    return runs


def _judge(database, runs, left):
    rows, shards, events = _recorded(database)
    assert set(rows) == _THERE
    assert set(rows.values()) == {"able"}
    assert len(shards) == 3 * len(NAMES)
    assert sum(settled for _, _, settled, *_ in shards) == EACH * len(NAMES)
    assert all(done and progress is None and not unsettled for _, _, _, unsettled, _, progress, done in shards)
    assert [name for kind, name in events if kind == "mail_found_able"] == sorted(_THERE), "each told once"
    absent = [[(label, at) for label, at in run if label[0] == "a"] for run in runs]
    assert len({label for run in absent for label, _ in run}) == EACH * len(NAMES) - len(_THERE), "all were asked for"
    for number, (done, rows) in enumerate(left, start=1):
        later = {label for run in runs[number:] for label, _ in run}
        assert not later & rows, "what has a row was asked for again"
        assert not {label for run in absent[number:] for label, _ in run} & done, (
            "what is done with was asked for again"
        )
    for run in absent:
        last = {}
        for label, at in run:
            assert at - last.get(label, -inf) >= _RETRY, f"{label} was asked twice by one run"
            last[label] = at


async def test_three_kills_change_nothing(tmp_path):
    database, runs, left = await asyncio.to_thread(_killed_at_random, tmp_path, 3, 5)
    assert any(done for done, _ in left), "killed before anything was done, or not at all"
    _judge(database, runs, left)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2))
async def test_twenty_kills_change_nothing(tmp_path, seed):
    database, runs, left = await asyncio.to_thread(_killed_at_random, tmp_path, 20, seed)
    assert len(left) >= 10
    _judge(database, runs, left)
