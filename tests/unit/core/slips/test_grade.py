"""Grades: the ends of the scale, and what survives the store."""

import pytest

from watcher.core.events import Grade, Resemblance, best_grade
from watcher.core.names.names import parse
from watcher.core.names.protected import parse_protected
from watcher.core.shapes.events import resemblance_from_json, resemblance_json
from watcher.core.slips.resemblance_index import Index
from watcher.data import load_tables
from watcher.techniques import ALL

TABLES = load_tables()


def graded(name: str, protected: str) -> Resemblance:
    index = Index(TABLES, ALL)
    index.add(*parse_protected(protected, TABLES.suffixes))
    (found,) = index.resembling(parse(name))
    return found


@pytest.mark.parametrize(
    ("name", "protected", "grade"),
    [
        ("army.ml", "army.mil", Grade.BLOCK),
        ("bundeswher.de", "bundeswehr.de", Grade.BLOCK),
        ("my-business-now.com", "business.gov", Grade.NOTE),
        ("army.mil.evil.ru", "army.mil", Grade.BLOCK),
        ("login.mod.gov.uk.evil.example.ru", "mod.gov.uk", Grade.BLOCK),
        ("xn--rmy-0oa.com", "army.com", Grade.BLOCK),
        ("bundeswehr-login.de", "bundeswehr.de", Grade.BLOCK),
        ("bundesweh.gov", "bundeswehr.gov", Grade.WARN),
        ("ri.gov", "ai.gov", Grade.NOTE),
        ("harvard.edu", "havard.com", Grade.NOTE),
    ],
)
def test_the_grade_has_its_reason(name: str, protected: str, grade: Grade) -> None:
    found = graded(name, protected)
    assert found.grade is grade
    assert found.grade_reason


def test_a_grade_comes_back_from_json() -> None:
    found = graded("army.ml", "army.mil")
    assert resemblance_from_json(resemblance_json(found)) == found


def test_a_row_from_before_there_were_grades_is_worth_a_warning() -> None:
    row = resemblance_json(graded("army.ml", "army.mil"))
    del row["grade"], row["grade_reason"]
    assert resemblance_from_json(row).grade is Grade.WARN


def test_the_strongest_of_several_counts() -> None:
    note = Resemblance("army.mil", ("containment",), 1e-5, "", grade=Grade.NOTE)
    assert best_grade([note, Resemblance("navy.mil", ("omission",), 0.1, "", grade=Grade.BLOCK)]) is Grade.BLOCK
    assert best_grade([note]) is Grade.NOTE
    assert best_grade([]) is None
    assert Grade.BLOCK.at_least(Grade.WARN)
    assert not Grade.NOTE.at_least(Grade.WARN)
