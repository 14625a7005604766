"""`watcher worker` waits for a PostgreSQL that is not there yet, in one line, and ends when it is asked to."""

import signal
import subprocess
import sys

import pytest

from tests.fakes.postgres import Postgres


def _worker(url, folder):
    (folder / "watcher.toml").write_text("[dns]\nresolvers = ['127.0.0.1:1']\n")
    return subprocess.Popen(
        [sys.executable, "-m", "watcher", "--config", "watcher.toml", "--database-url", url, "worker"],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


@pytest.fixture
def server():
    with Postgres() as made:
        yield made


def test_a_worker_waits_for_its_database_and_then_works(server, tmp_path):
    url = server.database()
    server.stop()
    process = _worker(url, tmp_path)
    try:
        waiting = process.stderr.readline()
        assert waiting.endswith("waiting for it\n")
        assert "cannot be used" in waiting
        server.start()
        assert "works on" in process.stderr.readline(), "one line, however often it tried"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=40)
    assert process.returncode == 0


def test_a_worker_that_waits_ends_when_it_is_told_to(tmp_path):
    process = _worker("postgresql://watcher@127.0.0.1:1/watcher", tmp_path)
    assert "waiting for it" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=40)
    assert (process.returncode, rest) == (0, "")


def test_what_no_waiting_mends_ends_a_worker_at_once(server, tmp_path):
    process = _worker(server.database() + "_not", tmp_path)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "does not exist" in said
