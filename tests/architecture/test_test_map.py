"""The table in tests/README.md that says which tests cover which module is complete."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
_ROW = re.compile(r"^\| `([\w/]+)/` \| (.+) \|$", re.MULTILINE)
ROWS = {f"watcher/{folder}": re.findall(r"`([^`]+)`", tests) for folder, tests in _ROW.findall(
    (HERE / "tests" / "README.md").read_text(encoding="utf-8").partition("## Which tests cover which module")[2]
)}  # fmt: skip


def _file(module: str) -> Path | None:
    path = HERE / module.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def _imported(file: Path) -> frozenset[Path]:
    """The files of this tree that a file imports, or names as text where it imports late."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value.partition(":")[0]
            names |= {name} if re.fullmatch(r"watcher\.[\w.]+", name) else set()
            names |= {"watcher.__main__"} if name == "watcher" else set()  # the program, in a process of its own
    return frozenset(found for name in names if (found := _file(name)))


def _reached(paths: list[str]) -> set[Path]:
    """The files that tests import, by whatever way."""
    reached: set[Path] = set()
    waiting = [file for path in paths for file in _files(HERE / "tests" / path)]
    while waiting:
        file = waiting.pop()
        if file not in reached:
            reached.add(file)
            waiting += _imported(file)
    return reached


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def test_each_package_has_a_row() -> None:
    packages = {str(path.parent.relative_to(HERE)) for path in (HERE / "watcher").rglob("*.py")} - {"watcher"}
    assert set(ROWS) == packages


@pytest.mark.parametrize("package", ROWS)
def test_the_tests_of_a_row_reach_each_module(package: str) -> None:
    assert [path for path in ROWS[package] if not (HERE / "tests" / path).exists()] == []
    modules = {path for path in (HERE / package).glob("*.py") if path.stem != "__init__"}
    assert {str(path.relative_to(HERE)) for path in modules - _reached(ROWS[package])} == set()
