"""The budget: how many questions a second a plan needs, and by how much its intervals stretch where there are fewer."""

from collections.abc import Sequence
from datetime import timedelta

QUESTIONS_A_CANDIDATE = 1.25
"""Mean, with the looks at what exists; see docs/explanation/watching.md."""
_KEPT_FOR_EACH = 0.05
"""Of the budget, for each tier further down: a tail that stretches is still gone through."""

Plan = Sequence[tuple[int, timedelta]]
"""Rank up to, interval; as the setting."""


def needed(plan: Plan, names: int) -> tuple[float, ...]:
    """Questions a second that each tier of `names` protected names takes."""
    firsts = [0, *(last for last, _ in plan)]
    return tuple(
        names * (last - first) * QUESTIONS_A_CANDIDATE / interval.total_seconds()
        for first, (last, interval) in zip(firsts, plan, strict=False)
    )


def stretches(plan: Plan, names: int, budget: float) -> tuple[float, ...]:
    """By what each tier's interval is multiplied so that all of it fits `budget` questions a second; at least 1.

    The best tier takes what it needs first, so the tail stretches first; a twentieth of the budget stays for each tier
    below, so that nothing is never looked at.
    """
    left, found = budget, []
    needs = needed(plan, names)
    for place, need in enumerate(needs):
        below = len(needs) - place - 1
        share = min(need, left - below * _KEPT_FOR_EACH * budget)
        found.append(need / share if share > 0 else 1.0)
        left -= share
    return tuple(max(1.0, stretch) for stretch in found)
