"""CONTRIBUTING leads to files that exist, and names every kind of plugin with all the files that it needs."""

import re
from pathlib import Path

import pytest

from watcher import channels, checks, exports, mail_logs, techniques

HERE = Path(__file__).parents[2]
TABLE = [row for row in (HERE / "CONTRIBUTING.md").read_text().splitlines() if row.startswith("| ")][1:]
PLUGINS = {
    "techniques": (techniques, "tests/unit/techniques/test_NAME.py"),
    "checks": (checks, "tests/scenarios/"),
    "channels": (channels, "tests/golden/test_golden_alerts.py"),
    "exports": (exports, "tests/golden/test_golden_exports.py"),
    "mail_logs": (mail_logs, "tests/unit/mail_logs/"),
}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.split("|")[1].strip())
def test_every_path_of_the_table_is_there(row: str) -> None:
    for path in re.findall(r"`((?:watcher|tests|tools|migrations)/[^`]*)`", row):
        if "NAME" in path or "mNN" in path:
            assert (HERE / path).parent.is_dir(), path
        elif "*" in path:
            assert list(HERE.glob(path)), path
        else:
            assert (HERE / path).exists(), path


@pytest.mark.parametrize("package", PLUGINS)
def test_a_plugin_is_one_file_and_its_line_in_all(package: str) -> None:
    """Every module of the package is in `ALL`, but those that say what a plugin is or what plugins share."""
    module, test = PLUGINS[package]
    shared = {"__init__", "form", "posting", "shared"}
    files = {path.stem for path in (HERE / "watcher" / package).glob("*.py")} - shared
    source = (HERE / "watcher" / package / "__init__.py").read_text()
    missing = {
        file
        for file in files
        if not re.search(rf"^ +{file}(\\.\\w+)?,$|[(, ]{file}(\\.\\w+)?[,)]", source, re.MULTILINE)
    }
    assert missing == set()
    assert len(module.ALL) >= len(files)
    row = next(row for row in TABLE if f"watcher/{package}/NAME.py" in row)
    assert f"watcher/{package}/__init__.py" in row
    assert test.removesuffix("test_NAME.py") in row
