"""The arithmetic of the plan, with the figures that the documentation gives."""

from datetime import timedelta

import pytest

from watcher.core.budget import QUESTIONS_A_CANDIDATE, needed, stretches

PLAN = ((200, timedelta(hours=1)), (2000, timedelta(hours=6)), (20_000, timedelta(hours=24)))


def test_a_name_takes_thirty_thousand_questions_a_day_when_nothing_exists():
    assert sum(needed(PLAN, 1)) * 86_400 / QUESTIONS_A_CANDIDATE == pytest.approx(30_000)


def test_what_fits_is_not_stretched():
    assert stretches(PLAN, 400, 200) == (1.0, 1.0, 1.0)
    assert stretches(PLAN, 10_000, float("inf")) == (1.0, 1.0, 1.0)


def test_the_tail_stretches_first():
    first, second, third = stretches(PLAN, 700, 200)
    assert (first, second) == (1.0, 1.0)
    assert third == pytest.approx(needed(PLAN, 700)[2] / (200 - sum(needed(PLAN, 700)[:2])))
    assert stretches(PLAN, 2_000, 200)[0] == 1.0
    assert min(stretches(PLAN, 10_000, 200)) > 1


@pytest.mark.parametrize("names", [1, 500, 1_000, 5_000, 100_000])
def test_what_is_stretched_fits_and_no_tier_is_given_up(names):
    budget = 200
    stretched = stretches(PLAN, names, budget)
    assert sum(need / stretch for need, stretch in zip(needed(PLAN, names), stretched, strict=True)) <= budget * 1.001
    assert all(1 <= stretch < float("inf") for stretch in stretched)
    assert list(stretched) == sorted(stretched) or names > 2_000
