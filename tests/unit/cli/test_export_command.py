"""`watcher export`: what it writes, and that a list that cannot be read leaves nothing behind."""

import asyncio
import json
import signal
import subprocess
import sys

import pytest

from tests.fakes.block_bench import block_bench
from watcher.cli.export import write_whole
from watcher.exports import FORMATS


@pytest.fixture
def listed(watcher):
    """A database in which one lookalike is blocked."""

    async def made() -> None:
        async with block_bench(watcher.database.parent) as bench:
            await bench.see("army.ml")
            await bench.decide("blocked", "army.ml")

    asyncio.run(made())
    return watcher


@pytest.mark.parametrize("kind", FORMATS)
def test_without_a_database_nothing_is_written(bare, kind, tmp_path):
    assert "there is no database" in bare.refused("export", kind, code=3)
    before = sorted(tmp_path.iterdir())
    assert "there is no database" in bare.refused("export", kind, "--output", str(tmp_path / "list"), code=3)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("kind", FORMATS)
def test_a_list_goes_to_standard_output_or_to_a_file(listed, kind, tmp_path):
    ran = listed("export", kind)
    assert ran.code == 0
    assert "army.ml" in ran.out
    written = listed("export", kind, "--output", str(tmp_path / "list"))
    assert (written.code, written.out) == (0, "")
    assert (tmp_path / "list").read_bytes().decode() == ran.out
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".list")] == []


def test_an_old_list_stays_where_the_new_one_cannot_be_read(listed, tmp_path):
    target = tmp_path / "list"
    target.write_text("the list of yesterday\n")
    target.chmod(0o640)
    listed.database.write_bytes(b"no database" * 1000)
    assert listed("export", "plain", "--output", str(target)).code == 3
    assert target.read_text() == "the list of yesterday\n"
    assert target.stat().st_mode & 0o777 == 0o640


def test_the_table_of_formats_needs_no_database(bare):
    rows = json.loads(bare("export", "--list", "--format", "json").out)
    assert [row["name"] for row in rows] == list(FORMATS)


WRITING = """
import sys, time
from pathlib import Path
from watcher.cli.export import write_whole

def pieces():
    yield "army.ml\\n" * 100_000
    print("half", flush=True)
    time.sleep(600)
    yield "navy.ml\\n"

write_whole(Path(sys.argv[1]), pieces())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_kill_in_the_middle_leaves_the_old_list(tmp_path, how):
    target = tmp_path / "list"
    target.write_text("the list of yesterday\n")
    with subprocess.Popen(
        [sys.executable, "-c", WRITING, str(target)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as writing:
        assert writing.stdout is not None
        assert writing.stdout.readline() == b"half\n"
        assert target.read_text() == "the list of yesterday\n"
        writing.send_signal(how)
        try:
            assert writing.wait(60) != 0
        finally:
            writing.kill()
    assert target.read_text() == "the list of yesterday\n"
    write_whole(target, ["the list of today\n"])
    assert target.read_text() == "the list of today\n"
