"""The generated reference pages are those that the code would write now."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
PRINT = "import runpy, sys; sys.stdout.write(runpy.run_path(sys.argv[1])['page']())"


@pytest.mark.parametrize(
    ("tool", "page"), [("generate_settings", "settings"), ("generate_cli", "cli"), ("generate_exports", "exports")]
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
