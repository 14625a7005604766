"""The generated reference pages are those that the code would write now."""

import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]


@pytest.mark.parametrize(("tool", "page"), [("generate_settings", "settings"), ("generate_cli", "cli")])
def test_a_reference_page_is_current(tool, page):
    made = runpy.run_path(str(HERE / "tools" / f"{tool}.py"))["page"]()
    kept = (HERE / "docs" / "reference" / f"{page}.md").read_text(encoding="utf-8")
    assert kept == made, f"run `python tools/{tool}.py`"
