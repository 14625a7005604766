"""The rules of our language that a test can hold: names of classes and loop variables, and how docstrings begin."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parents[2]
PACKAGE = HERE / "watcher"
BEGINNINGS = re.compile(r"(what|who|whose|whom|which|where|how)\b", re.IGNORECASE)
API_MODELS = "watcher/api/"
"""Models of the API share names with what they show; they are apart from the rule of unique names."""


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def faults(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the fault of every loop variable called `one` and every docstring with a bad beginning."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            for name in ast.walk(node.target):
                if isinstance(name, ast.Name) and name.id == "one":
                    yield name.lineno, "a loop variable is called one"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            text = ast.get_docstring(node)
            if text and BEGINNINGS.match(text):
                yield getattr(node, "lineno", 1), f"a docstring begins with {text.split()[0]!r}"


def test_loop_variables_and_docstrings_speak_plainly() -> None:
    found = [f"{path.relative_to(HERE)}:{line}: {fault}" for path, tree in trees() for line, fault in faults(tree)]
    assert found == []


def test_a_class_name_stands_once_in_the_tree() -> None:
    places: dict[str, list[str]] = {}
    for path, tree in trees():
        where = str(path.relative_to(HERE))
        if where.startswith(API_MODELS):
            continue
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(where)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
