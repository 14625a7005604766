"""`watcher candidates` as a process: without settings, database or network, soon."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]


def watcher(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "watcher", *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), "PYTHONUTF8": "1", **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_piped_it_is_one_name_a_line_best_first(tmp_path: Path) -> None:
    done = watcher("candidates", "army.mil", "--limit", "200", cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr, len(lines)) == (0, "", 200)
    assert "army.ml" in lines[:10]
    assert list(tmp_path.iterdir()) == []


def test_the_rank_starts_again_for_each_name_in_the_order_given(tmp_path: Path) -> None:
    done = watcher("candidates", "navy.mil", "x@us.army.mil", ".mil", "--limit", "3", "--format", "jsonl", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["protected"] for row in rows] == ["navy.mil"] * 3 + ["us.army.mil"] * 3 + ["mil"] * 3
    assert [row["rank"] for row in rows] == [1, 2, 3] * 3


def test_every_format_says_the_same(tmp_path: Path) -> None:
    def out(output_format: str) -> str:
        return watcher("candidates", "münchen.de", "--limit", "50", "--format", output_format, cwd=tmp_path).stdout

    rows = json.loads(out("json"))
    names = [row["name"] for row in rows]
    assert len(names) == 50
    assert set(rows[0]) == {
        "name",
        "unicode",
        "registrable_domain",
        "techniques",
        "likelihood",
        "impersonation",
        "rank",
        "marks",
        "protected",
        "why",
    }
    assert [json.loads(line) for line in out("jsonl").splitlines()] == rows
    assert out("plain").split() == names
    table = list(csv.DictReader(io.StringIO(out("csv"))))
    assert [row["name"] for row in table] == names
    assert [row["techniques"].split(";") for row in table] == [row["techniques"] for row in rows]
    assert all(name in line for name, line in zip(names, out("table").splitlines()[1:], strict=True))


def test_only_what_one_technique_makes(tmp_path: Path) -> None:
    done = watcher("candidates", "army.mil", "--technique", "suffix_edit", "--format", "jsonl", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["name"] for row in rows} >= {"army.ml", "army.il"}
    assert {technique for row in rows for technique in row["techniques"]} == {"suffix_edit"}


def test_an_unknown_technique_is_refused_with_the_list(tmp_path: Path) -> None:
    done = watcher("candidates", "army.mil", "--technique", "magic", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "magic" in done.stderr
    assert "suffix_edit" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", [".army.mil", "army..mil", "army.con", "_x.army.mil", "a" * 64 + ".mil", ""])
def test_what_is_no_name_is_one_line_and_nothing_else(tmp_path: Path, name: str) -> None:
    done = watcher("candidates", "navy.mil", name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("watcher: ")
    assert done.stderr.count("\n") == 1


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m watcher candidates army.mil | head -1",
        shell=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("army.ml\n", "")


def test_it_imports_nothing_heavy(tmp_path: Path) -> None:
    """It starts fast because settings, models, the network and the database stay out; the time is printed only."""
    program = (
        "import sys; from watcher.cli.main import run; code = run(['candidates', 'army.mil', '--limit', '200']); "
        "heavy = {'pydantic', 'sqlalchemy', 'aiohttp', 'dns', 'rich', 'idna', 'asyncio', 'watcher.settings'}; "
        "print(sorted(heavy & set(sys.modules)), code, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.stderr == "[] 0\n"
    started = time.perf_counter()
    watcher("candidates", "army.mil", "--limit", "200", cwd=tmp_path)
    print(f"200 candidates, whole process: {time.perf_counter() - started:.2f} s")
