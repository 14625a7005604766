"""Every scenario file is played; what each look shows must be what it expects, and nothing it forbids."""

import re
from pathlib import Path

import pytest

from tests.scenarios.timeline import expectations, play, read_scenario, scenario_files
from watcher.core.mail.verdict import Basis, Flag

_NAME = re.compile(r"m\d\d[a-z]?_[a-z0-9_]+")
_VOCABULARY = {member.value for kind in (Basis, Flag) for member in kind}


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
async def test_the_scenario_plays_as_written(path: Path):
    scenario = read_scenario(path)
    shown = await play(scenario)
    for number, (look, seen) in enumerate(zip(scenario["look"], shown, strict=True), 1):
        expected = {part: look[part] for part in expectations(look)}
        assert {part: seen[part] for part in expected} == expected, f"look {number}"
        assert not {seen["basis"], *seen["flags"]} & set(look["forbidden"]), f"look {number}"


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
def test_a_scenario_says_what_it_shows_and_forbids_in_known_words(path: Path):
    scenario = read_scenario(path)
    assert scenario["title"]
    for look in scenario["look"]:
        assert look["forbidden"]
        assert {look["basis"], *look["flags"], *look["forbidden"]} <= _VOCABULARY
        assert look["flags"] == sorted(look["flags"])


def test_every_scenario_file_is_named_by_its_row_and_by_what_it_shows():
    files = sorted(Path(__file__).parent.rglob("*.toml"))
    assert files
    assert [path.name for path in files if not _NAME.fullmatch(path.stem)] == []
