"""Section E, played: which events follow as zones change and time passes, and which must not."""

from pathlib import Path

import pytest

from tests.scenarios.passing_time import play, read_scenario, scenario_files
from watcher.core.events import EventKind

_KINDS = {kind.value for kind in EventKind}


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
async def test_the_events_are_those_of_the_scenario(path: Path, tmp_path: Path):
    scenario = read_scenario(path)
    shown = await play(scenario, tmp_path)
    for number, (step, seen) in enumerate(zip(scenario["step"], shown, strict=True), 1):
        assert seen["events"] == step["events"], f"step {number}"
        assert not seen["kinds"] & set(step["forbidden"]), f"step {number}"
        assert seen["evidence"], f"step {number}: an event without evidence"
        assert seen["stands"] == step.get("stands", {}), f"step {number}"
        wanted = step.get("readings", {})
        assert {name: seen["readings"].get(name) for name in wanted} == wanted, f"step {number}"


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
def test_each_step_says_what_it_forbids_in_known_words(path: Path):
    scenario = read_scenario(path)
    assert scenario["title"]
    for step in scenario["step"]:
        assert {event.split()[0] for event in step["events"]} <= _KINDS
        assert set(step["forbidden"]) <= _KINDS
        assert step["forbidden"]
