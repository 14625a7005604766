"""The arithmetic of the plan, with the figures that the documentation gives."""

from datetime import timedelta
from itertools import pairwise

import pytest

from watcher.core.states.budget import (
    QUESTIONS_A_CANDIDATE,
    SHORTEST,
    Budget,
    SuffixLoad,
    needed,
    outlook,
    sizes,
    stretches,
)

PLAN = ((200, timedelta(hours=1)), (2000, timedelta(hours=6)), (20_000, timedelta(hours=24)))


def test_a_name_takes_thirty_thousand_questions_a_day_when_nothing_exists():
    assert sum(needed(PLAN, 1)) * 86_400 / QUESTIONS_A_CANDIDATE == pytest.approx(30_000)


def test_what_fits_is_not_stretched():
    assert stretches(PLAN, 400, 200) == (1.0, 1.0, 1.0)
    assert stretches(PLAN, 10_000, float("inf")) == (1.0, 1.0, 1.0)


def test_the_tail_stretches_first():
    first, second, third = stretches(PLAN, 650, 200)
    assert (first, second) == (1.0, 1.0)
    assert third == pytest.approx(needed(PLAN, 650)[2] / (200 - sum(needed(PLAN, 650)[:2])))
    assert stretches(PLAN, 1_000, 200)[0] == 1.0
    assert min(stretches(PLAN, 10_000, 200)) > 1


@pytest.mark.parametrize("names", [1, 500, 1_000, 5_000, 100_000])
def test_what_is_stretched_fits_and_no_tier_is_given_up(names):
    budget = 200
    stretched = stretches(PLAN, names, budget)
    assert sum(need / stretch for need, stretch in zip(needed(PLAN, names), stretched, strict=True)) <= budget * 1.001
    assert all(1 <= stretch < float("inf") for stretch in stretched)
    assert list(stretched) == sorted(stretched) or names > 2_000


def test_spare_rate_is_spent_only_where_that_is_asked_for():
    assert stretches(PLAN, 100, 200, spare=0.0) == (1.0, 1.0, 1.0)
    sooner = stretches(PLAN, 100, 200, spare=1.0)
    assert len(set(sooner)) == 1
    assert sum(needed(PLAN, 100)) / sooner[0] == pytest.approx(200)
    half = stretches(PLAN, 100, 200, spare=0.5)
    assert sooner[0] < half[0] < 1
    assert stretches(PLAN, 1, 1e9, spare=1.0)[0] * PLAN[0][1] == SHORTEST
    assert min(stretches(PLAN, 10_000, 200, spare=1.0)) > 1


@pytest.mark.parametrize("names", [100, 1_000, 10_000])
@pytest.mark.parametrize("rate", [200, 5_000])
def test_a_cold_start_sees_what_the_rate_allows_and_the_best_first(names, rate):
    moments = [timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)]
    seen = outlook(PLAN, names, rate, moments)
    for shares, moment in zip(seen, moments, strict=True):
        candidates = sum(share * names * size for share, size in zip(shares, sizes(PLAN), strict=True))
        assert candidates <= rate / QUESTIONS_A_CANDIDATE * moment.total_seconds() * 1.001
        assert list(shares) == sorted(shares, reverse=True)
        assert all(0 <= share <= 1 for share in shares)
    for earlier, later in pairwise(seen):
        assert all(one <= other for one, other in zip(earlier, later, strict=True))


def test_the_first_candidates_of_ten_thousand_names():
    """Two hundred a second: the first hundred of each within an hour and three quarters."""
    ((first, *_),) = outlook(PLAN, 10_000, 200, [timedelta(seconds=10_000 * 100 * QUESTIONS_A_CANDIDATE / 200)])
    assert first == pytest.approx(0.5)


LOAD = SuffixLoad(50, {"com": (20.0, 300.0, 3_000.0), "ml": (1.0, 2.0, 30.0)})


def test_of_the_suffixes_own_servers_the_busiest_suffix_binds():
    assert stretches(PLAN, 10, Budget(200, LOAD)) == (1.0, 1.0, 1.0)
    suffix, rate = LOAD.busiest(PLAN, 1_000)
    assert suffix == "com"
    assert rate == pytest.approx(1_000 * (20 / 3600 + 300 / 21_600 + 3_000 / 86_400))
    bent = stretches(PLAN, 1_000, Budget(1e6, LOAD))
    assert bent[0] == 1.0
    assert bent[2] > bent[1] >= 1.0
    asked = sum(
        1_000 * count / interval.total_seconds() / one
        for count, (_, interval), one in zip((20, 300, 3_000), PLAN, bent, strict=True)
    )
    assert asked == pytest.approx(50), "as much as com's servers may be asked"


def test_with_the_suffixes_own_servers_the_resolvers_are_asked_for_what_exists():
    assert stretches(PLAN, 1_000, Budget(200, SuffixLoad(50, {}))) == (1.0, 1.0, 1.0)
    few = stretches(PLAN, 1_000, Budget(20, SuffixLoad(50, {})))
    looks = sum(need / 5 / one for need, one in zip(needed(PLAN, 1_000), few, strict=True))
    assert looks == pytest.approx(20)
