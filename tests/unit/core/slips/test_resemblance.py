"""Explaining in reverse: a sentence that says where the slip is."""

import pytest

from watcher.core.names.names import parse
from watcher.core.names.protected import parse_protected
from watcher.core.slips.candidates import enumerate_candidates
from watcher.core.slips.resemblance import resemblance_of, resembles
from watcher.data import load_tables
from watcher.techniques import ALL

TABLES = load_tables()


def found(name: str, *protected: str):
    return resembles(parse(name), [parse_protected(text, TABLES.suffixes) for text in protected], TABLES, ALL)


@pytest.mark.parametrize(
    ("name", "protected", "explanation"),
    [
        ("army.ml", "army.mil", "army.mil with `i` left out of the suffix"),
        ("amy.mil", "army.mil", "army.mil with `r` left out of `army`"),
        ("modgov.uk", "mod.gov.uk", "mod.gov.uk with the dot between `mod` and `gov` forgotten"),
        ("mod.uk", "mod.gov.uk", "mod.gov.uk with `gov` forgotten"),
        (
            "usarmy.com",
            "us.army.mil",
            "us.army.mil with the dot between `us` and `army` forgotten and the suffix `com` for `mil`",
        ),
        ("army.ml", "us.army.mil", "us.army.mil with `us` forgotten and `i` left out of the suffix"),
        ("ml", ".mil", "mil with `i` left out of the suffix"),
        ("navy.ml", ".mil", "navy.mil with `i` left out of the suffix"),
        ("munchen.de", "münchen.de", "münchen.de with `munchen` for `münchen`"),
        ("ārmy.com", "army.com", "army.com with `ā` for `a` in `army`"),
    ],
)
def test_says_where_the_slip_is(name: str, protected: str, explanation: str) -> None:
    (one,) = found(name, protected)
    assert one.explanation == explanation
    assert one.protected == protected.removeprefix(".").encode("idna").decode()


def test_the_likeliest_comes_first() -> None:
    both = found("army.ml", "us.army.mil", "army.mil", "navy.mil")
    assert [one.protected for one in both] == ["army.mil", "us.army.mil"]
    assert both[0].likelihood > both[1].likelihood > 0


@pytest.mark.parametrize("name", ["army.mil", "us.army.mil", "mil", "unrelated.example.com"])
def test_what_is_ones_own_or_a_stranger_resembles_nothing(name: str) -> None:
    assert found(name, "army.mil") == ()


def test_an_unknown_label_under_a_confusable_suffix_is_a_stranger() -> None:
    assert found("gardening.ml", ".mil") == ()


def test_a_candidate_keeps_its_rank() -> None:
    protected = parse_protected("army.mil", TABLES.suffixes)
    for candidate in enumerate_candidates(protected, TABLES, ALL, limit=5):
        resemblance = resemblance_of(candidate, protected[1], TABLES, ALL)
        assert resemblance.rank == candidate.rank
        assert resemblance.techniques == candidate.techniques
