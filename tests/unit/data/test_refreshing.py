"""The tools that refresh bundled data: input that looks cut wipes no table."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.refreshing import words

HERE = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path):
    """A copy of the tree's tools and data, so that no test can spoil the real ones."""
    shutil.copytree(HERE / "tools", tmp_path / "tools")
    shutil.copytree(HERE / "watcher", tmp_path / "watcher", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(checkout, tool, *arguments):
    return subprocess.run(
        [sys.executable, str(checkout / "tools" / tool), *map(str, arguments)],
        cwd=checkout, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def gov(path, rows):
    path.write_text("Domain name,Domain type,Organization name\n" + "".join(rows))
    return path


def test_a_list_that_is_empty_small_or_has_broken_quotes_is_refused(checkout, tmp_path):
    target = checkout / "watcher" / "data" / "gov_labels.txt"
    before = target.read_text()
    assert words(before) > 16_000, "the whole list"
    cases = {
        "empty": gov(tmp_path / "empty.csv", []),
        "small": gov(tmp_path / "small.csv", [f"name{number}.gov,City,X\n" for number in range(3000)]),
        "broken": gov(tmp_path / "broken.csv", ['a.gov,City,"X\n', 'b.gov,City,"Y\n']),
        "cut": gov(tmp_path / "cut.csv", [*(f"name{number}.gov,City,X\n" for number in range(20_000)), "last.gov,Ci"]),
    }
    for case, file in cases.items():
        done = run(checkout, "refresh_gov_labels.py", file, "2026-01-01")
        assert done.returncode == 1, case
        assert done.stderr.count("\n") == 1, done.stderr
        assert target.read_text() == before, case
    done = run(checkout, "refresh_gov_labels.py", cases["small"], "2026-01-01", "--force")
    assert done.returncode == 0, done.stderr
    assert words(target.read_text()) == 3000


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", json.dumps({"services": []}).encode()])
def test_a_broken_bootstrap_is_one_line(checkout, tmp_path, content):
    (tmp_path / "dns.json").write_bytes(content)
    done = run(checkout, "refresh_rdap_bootstrap.py", tmp_path / "dns.json")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "Traceback" not in done.stderr
