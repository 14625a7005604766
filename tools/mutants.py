"""Change the code in small ways and see whether the tests notice: `python tools/mutants.py [--most N] [FOLDER ...]`.

Each mutant is one change of one expression: a comparison turned, `and` for `or`, a number off by one, a `not` taken
away, a value that is returned replaced. It lives in memory only: a forked process imports the changed module and runs
the tests of its folder, then wider ones. What no test notices is listed. A seed makes every run the same.
"""

import argparse
import ast
import contextlib
import importlib.abc
import importlib.util
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parents[1]
sys.path.insert(0, str(HERE))

WIDER = {
    "core": ["tests/scenarios"],
    "store": ["tests/unit/store"],
    "services": ["tests/unit/services"],
}
SECONDS = 240
"""A mutant that runs longer has made something endless, which the tests would notice."""

TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


def changes(tree: ast.Module) -> Iterator[tuple[ast.AST, str, Any]]:  # noqa: C901 (one case for each kind of change)
    """Yield (node, field, new value) for every change; docstrings, annotations and text stay as they are."""
    hidden = {id(inner) for node in ast.walk(tree) for part in annotations(node) for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        match node:
            case ast.Compare(ops=[op]) if type(op) in TURNED:
                yield node, "ops", [TURNED[type(op)]()]
            case ast.BoolOp(op=op):
                yield node, "op", ast.Or() if isinstance(op, ast.And) else ast.And()
            case ast.BinOp(op=ast.Add()):
                yield node, "op", ast.Sub()
            case ast.BinOp(op=ast.Sub()):
                yield node, "op", ast.Add()
            case ast.UnaryOp(op=ast.Not()):
                yield node, "op", ast.UAdd()
            case ast.Constant(value=bool() as value):
                yield node, "value", not value
            case ast.Constant(value=int() as value):
                yield node, "value", value + 1
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
                yield node, "value", ast.Constant(None)
            case ast.If(test=test) | ast.IfExp(test=test) if not isinstance(
                test, ast.Compare | ast.BoolOp | ast.UnaryOp
            ):
                yield node, "test", ast.UnaryOp(ast.Not(), test)


def annotations(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that nothing runs: annotations and the arguments of decorators."""
    for name in ("annotation", "returns"):
        if isinstance(found := getattr(node, name, None), ast.AST):
            yield found
    yield from getattr(node, "decorator_list", ())


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed tree."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self._name, self._path, self._tree = name, path, tree

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> Any:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def create_module(self, _spec: Any) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, str(self._path), "exec"), module.__dict__)  # the mutant


def noticed(path: Path, tree: ast.Module | None, tests: Sequence[str]) -> bool:
    """Run tests in a forked process with the module changed; return whether one failed."""
    child = os.fork()
    if child == 0:
        os.setsid()
        if tree is not None:
            name = ".".join(path.relative_to(HERE).with_suffix("").parts).removesuffix(".__init__")
            sys.meta_path.insert(0, Changed(name, path, tree))
        with (
            Path(os.devnull).open("w") as nowhere,
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            code = pytest.main(
                [
                    "-x",
                    "-q",
                    "-p",
                    "no:cacheprovider",
                    "-m",
                    "not lab and not soak and not perf",
                    "-W",
                    "ignore",
                    *tests,
                ]
            )
        os._exit(0 if code in {0, 5} else 1)
    end = time.monotonic() + SECONDS
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        if time.monotonic() > end:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, 9)
            os.waitpid(child, 0)
            return True
        time.sleep(0.02)


def tests_of(path: Path) -> list[list[str]]:
    """Return the tests of a module: those of its own name first, then its folder's, then those of its layer."""
    parts = path.relative_to(HERE / "watcher").parts
    folder = HERE / "tests" / "unit" / Path(*parts[:-1])
    own = [str(found) for found in folder.glob(f"test_*{path.stem}*.py")]
    wider = [name for name in WIDER[parts[0]] if (HERE / name).exists()]
    near = [str(folder)] if folder.is_dir() and len(parts) > 2 else []
    return [stage for stage in (own, near, wider) if stage]


def require_sound(path: Path, tests: list[str], sound: set[str]) -> list[str]:
    """Return the tests, which must pass without any change; `sound` remembers that they do."""
    if str(tests) not in sound:
        if noticed(path, None, tests):
            sys.exit(f"these tests fail without any change, or take longer than {SECONDS} s: {' '.join(tests)}")
        sound.add(str(tests))
    return tests


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", default=["core", "store", "services"])
    parser.add_argument("--most", type=int, default=200, help="mutants of each folder, chosen at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600, help="for each folder")
    chosen = parser.parse_args()
    sound: set[str] = set()
    for folder in chosen.folders:
        everything = []
        for path in sorted((HERE / "watcher" / folder).rglob("*.py")):
            number = sum(1 for _ in changes(ast.parse(path.read_text())))
            everything += [(path, index) for index in range(number)]
        random.Random(chosen.seed).shuffle(everything)
        end, tried, survivors = time.monotonic() + chosen.seconds, 0, []
        for path, index in everything[: chosen.most]:
            if time.monotonic() > end:
                break
            source = path.read_text()
            tree = ast.parse(source)
            node, field, value = list(changes(tree))[index]
            before = ast.unparse(node)[:100]
            setattr(node, field, value)
            ast.fix_missing_locations(tree)
            tried += 1
            if not any(noticed(path, tree, require_sound(path, stage, sound)) for stage in tests_of(path)):
                where = f"{path.relative_to(HERE)}:{getattr(node, 'lineno', 0)}"
                survivors.append(f"{where}: {before}  ->  {ast.unparse(node)[:100]}")
                print("survived", survivors[-1], flush=True)
        share = 1 - len(survivors) / tried if tried else 0
        print(
            f"{folder}: {tried} of {len(everything)} mutants, {share:.1%} noticed, {len(survivors)} survived",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
