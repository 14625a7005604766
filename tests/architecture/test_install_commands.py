"""Every command that installs the package names ours: the name `watcher` on the index is a stranger's."""

import re
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
NAME = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]["name"]
EXTRAS = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]["optional-dependencies"]
PAGES = [HERE / "README.md", HERE / "CONTRIBUTING.md", HERE / "Dockerfile", *(HERE / "docs").rglob("*.md")]
TEXTS = [*PAGES, *(HERE / "watcher").rglob("*.py"), *(HERE / "watcher").rglob("*.service")]
COMMAND = re.compile(r"\b(?:pip3? install|pipx install|uv tool install|uv pip install)\s+([^`\n|&;)]+)")
OTHERS = {"apprise"}
"""Packages of others that a page may tell to install."""


def wanted(command: str) -> list[str]:
    """Return the packages that a command installs: no options, no files, no folders."""
    words = [word.strip("'\"") for word in re.sub(r"(-r|--python|-c)\s+\S+", "", command).split()]
    return [word for word in words if re.match(r"[A-Za-z]", word) and "/" not in word and not word.endswith(".whl")]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(HERE)))
def test_install_commands_name_our_distribution(path: Path) -> None:
    for command in COMMAND.findall(path.read_text(encoding="utf-8")):
        for package in wanted(command):
            name, _, extra = package.rstrip(".,:").partition("[")
            name = re.split(r"[=<>~!]", name)[0]
            if name in OTHERS or not re.fullmatch(r"[a-z][a-z0-9-]*", name):
                continue
            assert name == NAME, f"{path}: {command}"
            assert not extra or re.match(r"[a-z]*", extra)[0] in EXTRAS, f"{path}: {command}"


def test_some_page_says_how_to_install_it() -> None:
    assert any(NAME in package for path in PAGES for c in COMMAND.findall(path.read_text()) for package in wanted(c))
