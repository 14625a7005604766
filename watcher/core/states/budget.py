"""The budget: questions a second that a plan needs, intervals stretched to the rate, and times of first looks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf

QUESTIONS_A_CANDIDATE = 1.25
"""Mean, with the looks at what exists; see docs/explanation/watching.md."""
TAIL_FIRST = 2.0
"""A tier begins to stretch when the next one has stretched so many times. What people really mistype stands in the
first tier with three in four, in the last one with one in fourteen: the mean time to detection is then within twice
of the best that any order reaches (docs/explanation/detection.md)."""
SHORTEST = timedelta(minutes=1)
"""The shortest interval that spare rate leads to."""

Plan = Sequence[tuple[int, timedelta]]
"""Rank up to, interval; as the setting."""


def sizes(plan: Plan) -> tuple[int, ...]:
    """Return the candidates of one protected name in each tier."""
    firsts = [0, *(last for last, _ in plan)]
    return tuple(last - first for first, (last, _) in zip(firsts, plan, strict=False))


def needed(plan: Plan, names: int) -> tuple[float, ...]:
    """Return the questions a second that each tier of `names` protected names takes."""
    return tuple(
        names * size * QUESTIONS_A_CANDIDATE / interval.total_seconds()
        for size, (_, interval) in zip(sizes(plan), plan, strict=True)
    )


@dataclass(frozen=True, slots=True)
class SuffixLoad:
    """The load on the suffixes' own nameservers: at most `most` questions a second to those of one suffix.

    `candidates`: how many of one protected name lie under each suffix, tier by tier, in the mean.
    """

    most: float
    candidates: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def needed(self, plan: Plan, names: int) -> Iterator[tuple[str, tuple[float, ...]]]:
        """Yield for each suffix the questions a second that each tier takes of its servers."""
        for suffix, each in self.candidates.items():
            yield (
                suffix,
                tuple(names * item / interval.total_seconds() for item, (_, interval) in zip(each, plan, strict=True)),
            )

    def busiest(self, plan: Plan, names: int) -> tuple[str, float] | None:
        """Return the suffix that needs most questions a second to hold the plan; None where nothing is known of any."""
        return max(((suffix, sum(needs)) for suffix, needs in self.needed(plan, names)), key=_second, default=None)


@dataclass(frozen=True, slots=True)
class Budget:
    """Questions a second that there are: `rate` for the resolvers together; `suffixes` where their servers are asked.

    With `suffixes` the resolvers are asked only for what exists.
    """

    rate: float = inf
    suffixes: SuffixLoad | None = None

    def limits(self, plan: Plan, names: int) -> list[tuple[tuple[float, ...], float]]:
        """Return each limit: the questions a second of every tier, and the rate that they share."""
        needs = needed(plan, names)
        if self.suffixes is None:
            return [(needs, self.rate)]
        looks = (QUESTIONS_A_CANDIDATE - 1) / QUESTIONS_A_CANDIDATE
        return [
            (tuple(need * looks for need in needs), self.rate),
            *((under, self.suffixes.most) for _, under in self.suffixes.needed(plan, names)),
        ]


def stretches(plan: Plan, names: int, budget: float | Budget, *, spare: float = 0.0) -> tuple[float, ...]:
    """Return the factor of each tier's interval so that all fits the budget (a number: questions a second).

    At least 1, the tail first. Of a budget that the plan leaves free the share `spare` is spent on looking sooner: then
    all are below 1 alike, no interval shorter than SHORTEST.
    """
    limits = (budget if isinstance(budget, Budget) else Budget(budget)).limits(plan, names)
    scarcity = max((sum(needs) / most for needs, most in limits), default=0.0)
    if scarcity <= 1:
        sooner = scarcity / (scarcity + spare * (1 - scarcity)) if spare and scarcity else 1.0
        return tuple(min(1.0, max(sooner, SHORTEST / interval)) for _, interval in plan)
    low, high = 1.0, scarcity * TAIL_FIRST ** len(plan)
    for _ in range(60):
        middle = (low + high) / 2
        bent = _tail_first(middle, len(plan))
        fits = all(sum(need / item for need, item in zip(needs, bent, strict=True)) <= most for needs, most in limits)
        low, high = (low, middle) if fits else (middle, high)
    return _tail_first(high, len(plan))


def _tail_first(tail: float, tiers: int) -> tuple[float, ...]:
    return tuple(max(1.0, tail / TAIL_FIRST ** (tiers - 1 - place)) for place in range(tiers))


def _second(pair: tuple[str, float]) -> float:
    return pair[1]


def outlook(
    plan: Plan, names: int, budget: float, moments: Sequence[timedelta], *, spare: float = 0.0
) -> tuple[tuple[float, ...], ...]:
    """Return the share of each tier's candidates that a start from nothing has seen at each of the rising `moments`.

    As the sweep works: the best tier that is due first, in it the first candidates of every name before the next ones.
    """
    rate = budget / QUESTIONS_A_CANDIDATE
    stretched = stretches(plan, names, budget, spare=spare)
    waits = [interval.total_seconds() * item for (_, interval), item in zip(plan, stretched, strict=True)]
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


def first_sweep(plan: Plan, names: int, budget: float, *, spare: float = 0.0) -> timedelta:
    """Return the time from nothing until every candidate was seen once, to a hundredth.

    Longer than all questions at that rate: the best tiers come round again meanwhile.
    """
    least = names * sum(sizes(plan)) * QUESTIONS_A_CANDIDATE / budget
    low, high = 0.0, least

    def is_through(seconds: float) -> bool:
        return min(outlook(plan, names, budget, [timedelta(seconds=seconds)], spare=spare)[0]) >= 1.0

    while not is_through(high):
        low, high = high, 2 * high
    while high - low > 0.01 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if is_through(middle) else (middle, high)
    return timedelta(seconds=high)


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
        """Go on for at most `most` seconds; return the seconds it took."""
        self.begun = now if self.begun is None else self.begun
        left = (self.size - self.done) / rate
        ends = left <= most
        self.done = self.size if ends else self.done + most * rate
        self.seen = max(self.seen, self.done)
        if ends:
            self.due = max(now + left, self.begun + self.wait)
            self.begun, self.done = None, 0.0
        return left if ends else most
