"""The order of looks when the questions do not suffice for all: the least expected time to detection.

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
"""The mean questions of a look at a name that exists; see docs/explanation/verdict.md."""
SHORTEST_WAIT = timedelta(seconds=1)
"""A planned wait counts as no shorter: a confirming look is worth most, and not infinitely much."""
_DAY = timedelta(days=1)


def worth_of(planned: timedelta, questions: float = QUESTIONS_A_LOOK) -> float:
    """Return the moments a day of a planned wait: `core.cadence` plans shorter waits where more may be found."""
    days = max(planned, SHORTEST_WAIT) / _DAY
    return questions / (days * days)


def urgency(worth: float, waited: timedelta, questions: float = QUESTIONS_A_LOOK) -> float:
    """Return the urgency of a look; the greatest comes first. `waited` since the last look, `questions` it takes."""
    days = max(waited.total_seconds(), 0.0) / _DAY.total_seconds()
    return worth * days * days / questions


@dataclass(frozen=True, slots=True)
class Wish(Generic[Key]):
    """A key that is due for a look. `waited` None: never looked at, so that everything may be found."""

    key: Key
    worth: float
    waited: timedelta | None
    questions: float = QUESTIONS_A_LOOK

    @property
    def urgency(self) -> float:
        """The urgency as the function `urgency` computes it; infinite where `waited` is None."""
        return inf if self.waited is None else urgency(self.worth, self.waited, self.questions)


def in_order(wishes: Iterable[Wish[Key]]) -> list[Wish[Key]]:
    """Return the wishes, most urgent first; equals as they came."""
    return sorted(wishes, key=lambda wish: -wish.urgency)
