"""Who comes first when there are not questions enough for all: the least expected time to detection.

With worth w (moments a day that a look may find), c questions a look and looks T apart, a moment is found T/2 later in
the mean; the sum of w·T/2 at so many questions a second is least where T goes as the root of c/w. Whoever has the
greatest w·waited²/c when there is a question to spare leads to those distances, without a plan, and goes on doing so
when the budget or the names change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Generic, TypeVar

Key = TypeVar("Key")

QUESTIONS_A_LOOK = 5.0
"""Of a look at a name that exists, in the mean; see docs/explanation/verdict.md."""
SHORTEST_WAIT = timedelta(seconds=1)
"""A planned wait counts as no shorter: a confirming look is worth most, and not infinitely much."""
_DAY = timedelta(days=1)


def worth_of(planned: timedelta, questions: float = QUESTIONS_A_LOOK) -> float:
    """The moments a day that a planned wait stands for: `core.cadence` plans shorter ones where more may be found."""
    days = max(planned, SHORTEST_WAIT) / _DAY
    return questions / (days * days)


def urgency(worth: float, waited: timedelta, questions: float = QUESTIONS_A_LOOK) -> float:
    """Who has more of it comes first. `waited` since the last look, `questions` the look takes."""
    days = max(waited.total_seconds(), 0.0) / _DAY.total_seconds()
    return worth * days * days / questions


@dataclass(frozen=True, slots=True)
class Wish(Generic[Key]):
    """Somebody who is due. `waited` None: never looked at, so that everything may be found."""

    key: Key
    worth: float
    waited: timedelta | None
    questions: float = QUESTIONS_A_LOOK

    @property
    def urgency(self) -> float:
        """As the function."""
        return inf if self.waited is None else urgency(self.worth, self.waited, self.questions)


def in_order(wishes: Iterable[Wish[Key]]) -> list[Wish[Key]]:
    """The most urgent first; equals as they came."""
    return sorted(wishes, key=lambda wish: -wish.urgency)
