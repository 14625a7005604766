"""Constructors take no more arguments than a reader holds in the head, and recording a look stays short."""

import ast

from tests.architecture.test_words import HERE, trees

MOST = 8
WIDE = {"Agenda", "Examiner", "Lookup", "Notifier", "OwnLooks", "Probes", "Relook", "Sweep", "Wellness"}
"""Classes whose constructors are wider still; a name leaves the set when what belongs together is grouped."""


def _arguments(node: ast.FunctionDef) -> int:
    return len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs) - 1


def test_no_constructor_takes_more_than_eight_arguments() -> None:
    wide = {
        cls.name: str(path.relative_to(HERE))
        for path, tree in trees()
        for cls in ast.walk(tree)
        if isinstance(cls, ast.ClassDef)
        for node in cls.body
        if isinstance(node, ast.FunctionDef) and node.name == "__init__" and _arguments(node) > MOST
    }
    assert {name: path for name, path in wide.items() if name not in WIDE} == {}
    assert WIDE - wide.keys() == set(), "grouped: take them out of the set"


def test_a_look_is_recorded_in_fifteen_lines() -> None:
    lengths = {
        node.name: node.end_lineno - node.lineno + 1
        for path, tree in trees()
        if path.name == "watch.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef) and node.end_lineno is not None
    }
    assert lengths["_record"] <= 15
