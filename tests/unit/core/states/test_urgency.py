"""Who comes first: the least expected time to detection that so many questions a second can buy."""

from dataclasses import fields
from datetime import timedelta
from math import inf, sqrt

import pytest

from watcher.core.states.cadence import Cadence
from watcher.core.states.urgency import QUESTIONS_A_LOOK, Wish, in_order, urgency, worth_of

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def wish(key, planned, waited):
    return Wish(key, worth_of(planned), waited)


def test_who_waited_longest_for_his_measure_is_first():
    wishes = [
        wish("hourly, an hour and a half", HOUR, 90 * MINUTE),
        wish("five minutes, ten", 5 * MINUTE, 10 * MINUTE),
        wish("five minutes, forty", 5 * MINUTE, 40 * MINUTE),
        wish("hourly, five hours", HOUR, 5 * HOUR),
        Wish("never", 0.0, None),
        wish("to be confirmed, ten minutes late", MINUTE, 11 * MINUTE),
    ]
    assert [one.key for one in in_order(wishes)] == [
        "never",
        "to be confirmed, ten minutes late",
        "five minutes, forty",
        "hourly, five hours",
        "five minutes, ten",
        "hourly, an hour and a half",
    ]


def test_a_wait_that_is_no_wait_is_worth_something_finite():
    assert worth_of(timedelta(0)) == worth_of(-HOUR) < inf
    assert urgency(1.0, -HOUR) == 0.0


def test_the_planned_waits_rank_as_real_moments_do():
    """Moments a day in nine real months: names without mail 0.0012, an address that gains an exchange 0.0003.

    An own name waits as long as a lookalike with mail: its loss is rare and costs its owner most.
    """
    waits = {field.name: getattr(Cadence(), field.name) for field in fields(Cadence)}
    worth = {name: worth_of(waits[name]) for name in ("new", "armed", "unable", "able", "owned")}
    assert worth["new"] > worth["armed"] > worth["unable"] >= worth["able"] == worth["owned"]


def mean_wait(groups, budget, looks):
    """Days from a moment to its detection in the mean, times worth, when the most urgent always comes first."""
    members = [group for group in groups for _ in range(group[0])]
    last = [0.0] * len(members)
    now = cost = began = 0.0
    for look in range(looks):
        waits = (urgency(worth, timedelta(days=now - at), c) for (_, worth, c), at in zip(members, last, strict=True))
        place = max(enumerate(waits), key=lambda one: one[1])[0]
        _, worth, questions = members[place]
        now += questions / budget
        if look == looks // 2:
            began = now
        elif look > looks // 2:
            cost += worth * (now - last[place]) ** 2 / 2
        last[place] = now
    return cost / (now - began)


@pytest.mark.parametrize(
    "groups",
    [
        [(5, 0.05, QUESTIONS_A_LOOK), (20, 0.0012, QUESTIONS_A_LOOK), (20, 0.0003, QUESTIONS_A_LOOK)],
        [(20, 0.0012, QUESTIONS_A_LOOK), (6, 0.0008, 125.0)],
        [(10, 1.0, 1.0), (10, 0.3, 8.0), (10, 0.01, 2.0)],
    ],
    ids=["known names", "names and candidates", "any"],
)
def test_no_fixed_intervals_do_better(groups):
    """T as the root of c/w is the best there is; ours comes within a tenth of it, and asking in turn does not."""
    budget = 1000.0
    ours = mean_wait(groups, budget, looks=2400)
    best = sum(count * sqrt(worth * c) for count, worth, c in groups) ** 2 / (2 * budget)
    in_turn = sum(count * worth for count, worth, _ in groups) * sum(count * c for count, _, c in groups) / (2 * budget)
    assert 0.95 * best <= ours <= 1.1 * best < in_turn
