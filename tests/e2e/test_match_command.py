"""`watcher match` as a process: names come as a stream, those that resemble a protected name go out."""

import json
import os
import select
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).parents[2]
STREAM = (
    "# new today\narmy.ml\n*.amry.mil.com\tIN NS\nweather.org\nno name at all!\nus.army.mil\nmilitary-army-pay.top\n"
)


def watcher(*arguments: str, cwd: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "watcher", *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), "PYTHONUTF8": "1"},
        input=given,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_prints_what_resembles_a_protected_name(tmp_path: Path) -> None:
    assert watcher("protect", "add", "army.mil", cwd=tmp_path).returncode == 0
    done = watcher("match", cwd=tmp_path, given=STREAM)
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "watcher: 7 lines read, 5 held a name, 2 matched",
        "watcher: 1 lines held no name, the first: 'no name at all!'",
    ]
    assert done.stdout.splitlines() == ["army.ml", "amry.mil.com"]
    assert watcher("match", "--grade", "block", cwd=tmp_path, given=STREAM).stdout.splitlines() == ["army.ml"]
    likely = watcher("match", "--min-likelihood", "0.01", "--grade", "note", cwd=tmp_path, given=STREAM)
    assert likely.stdout.splitlines() == ["army.ml"]
    file = tmp_path / "names.txt"
    file.write_text(STREAM)
    rows = [
        json.loads(line)
        for line in watcher(
            "match", "names.txt", "--grade", "note", "--format", "jsonl", cwd=tmp_path
        ).stdout.splitlines()
    ]
    assert [row["protected"] for row in rows] == [["army.mil"]] * 3
    assert rows[0]["resembles"][0]["explanation"] == "army.mil with `i` left out of the suffix"
    assert rows[2]["techniques"] == ["containment"]
    assert [row["grade"] for row in rows] == ["block", "warn", "note"]
    assert all(row["resembles"][0]["grade_reason"] for row in rows)


def test_what_is_saved_waits_for_the_service(tmp_path: Path) -> None:
    assert watcher("protect", "add", "army.mil", cwd=tmp_path).returncode == 0
    done = watcher("match", "--save", "--grade", "note", cwd=tmp_path, given=STREAM)
    assert (done.returncode, done.stdout.splitlines()) == (0, ["army.ml", "amry.mil.com", "military-army-pay.top"])
    assert done.stderr.startswith("watcher: 3 of 3 names are new and get looked at next\n")
    assert watcher("match", "--save", "--grade", "note", cwd=tmp_path, given=STREAM).stderr.startswith(
        "watcher: none of 3 names are new"
    )
    with closing(sqlite3.connect(tmp_path / "watcher.db")) as database:
        rows = database.execute("select name, first_seen_at, next_look_at is not null from lookalikes").fetchall()
    assert {(name, None, 1) for name in ("army.ml", "amry.mil.com", "military-army-pay.top")} <= set(rows)


def test_without_protected_names_it_says_so(tmp_path: Path) -> None:
    done = watcher("match", cwd=tmp_path, given=STREAM)
    assert done.returncode in {2, 3}
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_neither_bytes_that_are_no_text_nor_a_line_without_end_stop_the_stream(tmp_path: Path) -> None:
    assert watcher("protect", "add", "army.mil", cwd=tmp_path).returncode == 0
    limited = "import resource, runpy; resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29)); "
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            limited + "import sys; sys.argv[1:] = ['match']; runpy.run_module('watcher', run_name='__main__')",
        ],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), "PYTHONIOENCODING": "utf-8:strict"},
        input=b"bad\xff.com\n" + b"a" * (200 << 20) + b"\narmy.ml\n",
        capture_output=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr.startswith(b"watcher: 3 lines read, 1 held a name, 1 matched\n")
    assert done.stdout == b"army.ml\n"


def test_a_list_of_which_nothing_can_be_read_is_no_success(tmp_path: Path) -> None:
    assert watcher("protect", "add", "army.mil", cwd=tmp_path).returncode == 0
    done = watcher("match", cwd=tmp_path, given="rank;site\n1;bad name\n")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the first: '1;bad name'" in done.stderr
    assert watcher("match", cwd=tmp_path, given="\ufeffarmy.ml\n").stdout == "army.ml\n", "behind a byte order mark"
    assert (
        watcher("match", cwd=tmp_path, given="0.0.0.0 army.ml\n||amry.mil.com^\n").stdout == "army.ml\namry.mil.com\n"
    )
    assert watcher("match", "--column", "2", cwd=tmp_path, given="a.ml,army.ml\n").stdout == "army.ml\n"


def test_an_import_reports_every_bad_line_or_leaves_them_out(tmp_path: Path) -> None:
    rows = "name,owner,tags\narmy.mil,US Army,gov;mil\nbad name,,\nnavy.nosuchtop,,\nstate.gov,US,\n"
    (tmp_path / "names.csv").write_text(rows, encoding="utf-16")
    refused = watcher("protect", "import", "names.csv", cwd=tmp_path)
    assert refused.returncode == 2
    assert "line 3" in refused.stderr
    assert "line 4" in refused.stderr
    done = watcher("protect", "import", "names.csv", "--skip-bad", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 added" in done.stderr
    listed = json.loads(watcher("protect", "list", "--format", "json", cwd=tmp_path).stdout)
    assert {row["name"]: (row["owner"], row["tags"]) for row in listed} == {
        "army.mil": ("US Army", ["gov", "mil"]),
        "state.gov": ("US", []),
    }


def test_what_is_found_comes_out_while_the_input_waits(tmp_path: Path) -> None:
    """As `tail -f` gives it: the pipe stays open, and each line is answered."""
    assert watcher("protect", "add", "army.mil", cwd=tmp_path).returncode == 0
    with subprocess.Popen(
        [sys.executable, "-m", "watcher", "match"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), "PYTHONUTF8": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdin is not None
            assert running.stdout is not None
            for line, found in (("weather.org\narmy.ml\n", "army.ml\n"), ("amry.mil.com\n", "amry.mil.com\n")):
                running.stdin.write(line)
                running.stdin.flush()
                assert select.select([running.stdout], [], [], 60)[0], "nothing came out"
                assert running.stdout.readline() == found
            _, said = running.communicate(timeout=60)
            assert said == "watcher: 3 lines read, 3 held a name, 2 matched\n"
        finally:
            running.kill()
