"""The budget that looks at known names share with the sweep: by worth, and neither starves the other.

At the resolvers careful questions go before those of a sweep. Unchecked, many known names would keep a small budget
from the candidates altogether: so while candidates wait, only a share of it goes to looks, and `store.lookalikes`
hands out first what has waited longest for its measure.
"""

from collections.abc import Callable
from math import inf

from watcher.core.ports import Clock
from watcher.core.states.urgency import QUESTIONS_A_LOOK

BESIDE_THE_FIRST_TIER, BESIDE_THE_TAIL = 0.5, 0.8
"""Shares of the budget. Seven in ten of all slips lie in the first tier; what is known comes before the tail."""
_LONGEST = 60.0  # seconds whose questions may be saved up


class Ration:
    """`rate`: questions a second that there are. `tier`: the best one of which candidates wait, None where none do.

    At most `most` looks at once; `part` is the part of the looks' share that this ration is.
    """

    def __init__(
        self,
        rate: Callable[[], float],
        tier: Callable[[], int | None],
        clock: Clock,
        *,
        most: int = 200,
        part: float = 1.0,
    ) -> None:
        self._rate = rate
        self._tier = tier
        self._clock = clock
        self._most = most
        self._part = part
        self._taken_at = clock.now()
        self._left = 0.0

    def looks(self) -> int:
        """Take and return the number of looks that may begin now."""
        now, tier = self._clock.now(), self._tier()
        elapsed = min(max((now - self._taken_at).total_seconds(), 0.0), _LONGEST)
        self._taken_at = now
        if tier is None or self._rate() == inf:
            self._left = 0.0
            return self._most
        share = self._part * (BESIDE_THE_FIRST_TIER if tier == 0 else BESIDE_THE_TAIL)
        self._left = min(self._left + elapsed * self._rate() * share / QUESTIONS_A_LOOK, float(self._most))
        count = int(self._left)
        self._left -= count
        return count
