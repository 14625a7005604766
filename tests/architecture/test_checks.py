"""Every basis and flag has its check, its scenarios and its line in the docs, all under one name."""

from pathlib import Path

import pytest

from tests.scenarios.timeline import read_scenario, scenario_files
from tools import generate_verdicts
from watcher import checks
from watcher.core.mail.verdict import Basis, Flag

_ROOT = Path(__file__).parents[2]
_FROM_THE_PROBE = {Flag.ACCEPTS_ANY, Flag.REJECTS_UNKNOWN, Flag.REFUSES, Flag.CLOSED}


def test_each_basis_and_flag_has_one_check():
    tags = [check.TAG for check in checks.ALL]
    assert len(tags) == len(set(tags))
    assert set(tags) == {*Basis, *Flag} - _FROM_THE_PROBE - {Flag.INCONSISTENT}


def test_each_check_is_named_as_its_tag_and_stands_in_the_list():
    listed = {check.__name__.rpartition(".")[2]: check.TAG.value for check in checks.ALL}
    assert all(file == tag for file, tag in listed.items())
    files = {path.stem for path in (_ROOT / "watcher" / "checks").glob("*.py")} - {"__init__"}
    assert files == set(listed)


@pytest.mark.parametrize("tag", sorted({*Basis, *Flag} - _FROM_THE_PROBE))
def test_each_basis_and_flag_is_expected_by_one_scenario_and_forbidden_by_another(tag: str):
    looks = [look for path in scenario_files() for look in read_scenario(path)["look"]]
    assert any(tag in (look["basis"], *look["flags"]) for look in looks)
    assert any(tag in look["forbidden"] for look in looks)


def test_each_basis_and_flag_has_words_and_each_basis_a_sentence():
    assert set(checks.VOCABULARY.words) == {*Basis, *Flag}
    assert set(checks.VOCABULARY.sentences) == set(Basis)
    assert set(checks.VOCABULARY.notes) < set(Flag)
    texts = [*checks.VOCABULARY.words.values(), *checks.VOCABULARY.notes.values()]
    assert [text for text in texts if not text or text.endswith(".")] == []


def test_the_reference_page_is_current():
    page = (_ROOT / "docs" / "reference" / "verdicts.md").read_text(encoding="utf-8")
    assert page == generate_verdicts.page(), "run tools/generate_verdicts.py"
