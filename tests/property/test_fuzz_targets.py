"""No kept input and no changed one breaks a parser of what comes from outside."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS
from tools.fuzz import LONGEST, MOST_KEPT, changed, inputs_of

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus"
TRIES = 60


@pytest.mark.parametrize("name", TARGETS)
def test_the_kept_inputs_and_changes_of_them(name: str) -> None:
    kept = inputs_of(CORPUS / name)
    assert 0 < len(kept) <= MOST_KEPT
    chance = random.Random(name)
    for data in [*kept, *(changed(chance.choice(kept), kept, chance) for _ in range(TRIES))]:
        assert len(data) <= LONGEST
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=25, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes(name: str, data: bytes) -> None:
    TARGETS[name](data)


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
