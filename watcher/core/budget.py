"""The budget: how many questions a second a plan needs, how its intervals bend to what there is, what is seen when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

QUESTIONS_A_CANDIDATE = 1.25
"""Mean, with the looks at what exists; see docs/explanation/watching.md."""
TAIL_FIRST = 2.0
"""A tier begins to stretch when the next one has stretched so many times. What people really mistype stands in the
first tier with three in four, in the last one with one in fourteen: the mean time to detection is then within twice
of the best that any order reaches (docs/explanation/detection.md)."""
SHORTEST = timedelta(minutes=1)
"""Where spare rate shortens intervals: none below this."""

Plan = Sequence[tuple[int, timedelta]]
"""Rank up to, interval; as the setting."""


def sizes(plan: Plan) -> tuple[int, ...]:
    """Candidates of one protected name in each tier."""
    firsts = [0, *(last for last, _ in plan)]
    return tuple(last - first for first, (last, _) in zip(firsts, plan, strict=False))


def needed(plan: Plan, names: int) -> tuple[float, ...]:
    """Questions a second that each tier of `names` protected names takes."""
    return tuple(
        names * size * QUESTIONS_A_CANDIDATE / interval.total_seconds()
        for size, (_, interval) in zip(sizes(plan), plan, strict=True)
    )


def stretches(plan: Plan, names: int, budget: float, *, spare: float = 0.0) -> tuple[float, ...]:
    """By what each tier's interval is multiplied so that all of it fits `budget` questions a second.

    At least 1, the tail first. Of a budget that the plan leaves free the share `spare` is spent on looking sooner: then
    all are below 1 alike, no interval shorter than SHORTEST.
    """
    needs = needed(plan, names)
    total = sum(needs)
    if total <= budget:
        sooner = total / (total + spare * (budget - total)) if spare and total else 1.0
        return tuple(min(1.0, max(sooner, SHORTEST / interval)) for _, interval in plan)
    low, high = 1.0, total / budget * TAIL_FIRST ** len(needs)
    for _ in range(60):
        middle = (low + high) / 2
        fits = sum(need / one for need, one in zip(needs, _tail_first(middle, len(needs)), strict=True)) <= budget
        low, high = (low, middle) if fits else (middle, high)
    return _tail_first(high, len(needs))


def _tail_first(tail: float, tiers: int) -> tuple[float, ...]:
    return tuple(max(1.0, tail / TAIL_FIRST ** (tiers - 1 - place)) for place in range(tiers))


def outlook(
    plan: Plan, names: int, budget: float, moments: Sequence[timedelta], *, spare: float = 0.0
) -> tuple[tuple[float, ...], ...]:
    """What a start from nothing has seen at each of the rising `moments`: the share of each tier's candidates.

    As the sweep works: the best tier that is due first, in it the first candidates of every name before the next ones.
    """
    rate = budget / QUESTIONS_A_CANDIDATE
    stretched = stretches(plan, names, budget, spare=spare)
    waits = [interval.total_seconds() * one for (_, interval), one in zip(plan, stretched, strict=True)]
    tiers = [_Going(float(names * size), wait) for size, wait in zip(sizes(plan), waits, strict=True)]
    now, shown = 0.0, []
    for moment in moments:
        end = moment.total_seconds()
        while now < end:
            place = next((place for place, tier in enumerate(tiers) if tier.due <= now), None)
            better = [tier.due for tier in tiers[:place] if tier.due > now]
            until = min([end, *better])
            if place is None:
                now = until
            else:
                now += tiers[place].work(now, until - now, rate)
        shown.append(tuple(tier.seen / tier.size if tier.size else 1.0 for tier in tiers))
    return tuple(shown)


@dataclass(slots=True)
class _Going:
    """One tier of all names on its way."""

    size: float
    wait: float
    due: float = 0.0
    begun: float | None = None
    done: float = 0.0
    seen: float = 0.0

    def work(self, now: float, most: float, rate: float) -> float:
        """Go on for at most so many seconds; how many it took."""
        self.begun = now if self.begun is None else self.begun
        left = (self.size - self.done) / rate
        ends = left <= most
        self.done = self.size if ends else self.done + most * rate
        self.seen = max(self.seen, self.done)
        if ends:
            self.due = max(now + left, self.begun + self.wait)
            self.begun, self.done = None, 0.0
        return left if ends else most
