"""Each rule lists or excludes what it should, and says so."""

from datetime import timedelta

import pytest

from tests.fakes.block_entries import SINCE, block_candidate, resemblance
from watcher.core.blocking.friends import Friends, ListedName
from watcher.core.blocking.selection import (
    BlockCandidate,
    BlockEntry,
    Cause,
    Exclusion,
    LeftOut,
    Rules,
    Select,
    choose,
    explanation,
)
from watcher.core.events import Grade
from watcher.core.mail.risk import Severity
from watcher.data import load_tables

FRIENDS = Friends([ListedName("army.mil", since=SINCE)], load_tables(), {"gmail.com"})
ABLE = Rules(select=Select.ABLE)
LATER, EARLIER = SINCE + timedelta(hours=1), SINCE - timedelta(hours=1)


def blocked(name: str = "army.ml", **more: object) -> BlockCandidate:
    return block_candidate(name, **{"triage": "blocked", "triage_at": LATER, "triage_by": "alice", **more})


@pytest.mark.parametrize(
    ("row", "rules", "cause"),
    [
        (blocked(), Rules(), Cause.BLOCKED),
        (blocked(able=False), Rules(), Cause.BLOCKED),
        (blocked("gmail.com"), Rules(), Cause.BLOCKED),
        (blocked("mail.army.mil"), Rules(), Cause.BLOCKED),
        (blocked(voters=frozenset({"alice", "bob"})), Rules(approval=True), Cause.BLOCKED),
        (block_candidate(), ABLE, Cause.ABLE),
        (block_candidate(resembles=(resemblance(grade=Grade.WARN),)), ABLE, Cause.ABLE),
        (block_candidate(severity=Severity.CRITICAL), Rules(auto_block=Severity.HIGH), Cause.AUTO_BLOCK),
        (blocked(voters=frozenset({"alice"})), Rules(select=Select.ABLE, approval=True), Cause.ABLE),
    ],
)
def test_it_is_listed(row: BlockCandidate, rules: Rules, cause: Cause) -> None:
    choice = choose(row, FRIENDS, rules)
    assert isinstance(choice, BlockEntry)
    assert choice.cause is cause
    assert "is listed" in explanation(choice)


@pytest.mark.parametrize(
    ("row", "rules", "exclusion"),
    [
        (block_candidate(), Rules(), Exclusion.NOT_SELECTED),
        (block_candidate(able=False), ABLE, Exclusion.NOT_ABLE),
        (block_candidate(defensive=True), ABLE, Exclusion.DEFENSIVE),
        (block_candidate(resembles=(resemblance(grade=Grade.NOTE),)), ABLE, Exclusion.GRADE),
        (block_candidate(resembles=()), ABLE, Exclusion.GRADE),
        (block_candidate(resembles=(resemblance(likelihood=1e-9),)), ABLE, Exclusion.LIKELIHOOD),
        (
            block_candidate(resembles=(resemblance(likelihood=0.5, grade=Grade.NOTE), resemblance(likelihood=1e-9))),
            ABLE,
            Exclusion.LIKELIHOOD,
        ),
        (block_candidate("gmail.com"), ABLE, Exclusion.FRIEND),
        (block_candidate("mail.army.mil"), ABLE, Exclusion.FRIEND),
        (blocked("mail.army.mil", triage_at=EARLIER), Rules(), Exclusion.FRIEND),
        (blocked(voters=frozenset({"alice"})), Rules(approval=True), Exclusion.NOT_APPROVED),
        (block_candidate(triage="ignored"), ABLE, Exclusion.SET_ASIDE),
        (block_candidate(triage="owned"), ABLE, Exclusion.SET_ASIDE),
        (block_candidate(severity=Severity.MEDIUM), Rules(auto_block=Severity.HIGH), Exclusion.NOT_SELECTED),
        (block_candidate(able=False), Rules(auto_block=Severity.INFO), Exclusion.NOT_SELECTED),
        (block_candidate(), Rules(auto_block=Severity.INFO, approval=True), Exclusion.NOT_SELECTED),
        (blocked(), Rules(protected=frozenset({"navy.mil"})), Exclusion.OTHER_PROTECTED),
    ],
)
def test_it_is_not_listed(row: BlockCandidate, rules: Rules, exclusion: Exclusion) -> None:
    choice = choose(row, FRIENDS, rules)
    assert isinstance(choice, LeftOut)
    assert choice.exclusion is exclusion
    assert choice.sentence in explanation(choice)


def test_the_likeliest_of_the_names_asked_for_is_the_best() -> None:
    row = blocked(resembles=(resemblance("navy.mil", 0.1), resemblance("army.mil", 0.9), resemblance("mil", 0.5)))
    choice = choose(row, FRIENDS, Rules(protected=frozenset({"navy.mil", "mil"})))
    assert isinstance(choice, BlockEntry)
    assert choice.best is not None
    assert choice.best.protected == "mil"
