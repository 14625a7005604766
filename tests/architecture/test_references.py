"""The generated reference pages are those that the code would write now."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from watcher.core.events import EventKind
from watcher.core.telling.kind_facts import KIND_FACTS
from watcher.core.telling.kind_words import KIND_WORDS

HERE = Path(__file__).parents[2]
PRINT = "import runpy, sys; sys.stdout.write(runpy.run_path(sys.argv[1])['page']())"


@pytest.mark.parametrize(
    ("tool", "page"),
    [
        ("generate_settings", "settings"),
        ("generate_cli", "cli"),
        ("generate_exports", "exports"),
        ("generate_events", "events"),
        ("generate_rules", "rules"),
        ("generate_metrics", "metrics"),
        ("generate_alert_examples", "alert-examples"),
    ],
)
def test_a_reference_page_is_current(tool, page):
    # A process of its own: click keeps on a command the help option of whichever test invoked it first.
    made = subprocess.run(
        [sys.executable, "-c", PRINT, HERE / "tools" / f"{tool}.py"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    kept = (HERE / "docs" / "reference" / f"{page}.md").read_text(encoding="utf-8")
    assert kept == made, f"run `python tools/{tool}.py`"


def test_the_man_page_is_current_and_reads_well():
    tool = HERE / "tools" / "generate_man.py"
    made = subprocess.run(
        [sys.executable, "-c", PRINT, tool], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    kept = HERE / "watcher" / "data" / "man" / "watcher.1"
    assert kept.read_text(encoding="utf-8") == made, "run `python tools/generate_man.py`"
    said = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", kept], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stderr == ""


def test_every_rule_that_the_code_names_is_in_the_reference():
    rows = set(
        re.findall(r"^\| (M\d\d[a-z]?) \|", (HERE / "docs" / "reference" / "rules.md").read_text(), re.MULTILINE)
    )
    files = [path for folder in ("watcher", "tools", "tests") for path in (HERE / folder).rglob("*.py")]
    named = {number for path in files for number in re.findall(r"\bM\d\d[a-z]?\b", path.read_text(encoding="utf-8"))}
    assert len(named) > 60
    assert named - rows == set(), "a scenario is missing"


def test_every_kind_of_event_is_in_the_reference():
    assert set(KIND_FACTS) == set(KIND_WORDS) == set(EventKind)
