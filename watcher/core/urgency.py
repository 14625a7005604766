"""Who comes first when there are not questions enough for all: the least expected time to detection.

Looks at the names we know and passes over candidates want the same questions. With worth w (moments a day that a look
may find), c questions a look and looks T apart, a moment is found T/2 later in the mean; the sum of w·T/2 at so many
questions a second is least where T goes as the root of c/w. Whoever has the greatest w·waited²/c when there is a
question to spare leads to those distances, without a plan, and goes on doing so when the budget or the names change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import inf, log
from typing import Generic, TypeVar

from watcher.core.cadence import Cadence, is_new
from watcher.core.mail_state import MailState, Standing, exists, standing_of
from watcher.core.registration import RegistrationFacts
from watcher.core.verdict import Flag

Key = TypeVar("Key")

QUESTIONS_A_LOOK = 5.0
"""Of a look at a name that exists, in the mean; see docs/explanation/sweep.md."""

GAINS_A_NAME = 0.0013
"""Moments a day at which a candidate of one protected name that was absent turns out able."""

_REACH = ((1, 0.07), (20, 0.38), (200, 0.72), (2_000, 0.91), (20_000, 1.0))
"""Rank, and the share of what people mistype that candidates to it take; between them by the logarithm of the rank."""


class Sort(StrEnum):
    """What a look at a known name may find, from the most to the least."""

    CONFIRMING = "confirming"
    """A second look at what one look said already: the moment has been, and waits to be told."""
    NEW = "new"
    ARMED = "armed"
    GONE = "gone"
    UNABLE = "unable"
    UNSETTLED = "unsettled"
    ABLE = "able"


WORTH = {
    Sort.CONFIRMING: inf,
    Sort.NEW: 0.05,
    Sort.ARMED: 0.02,
    Sort.GONE: 0.007,
    Sort.UNABLE: 0.0012,
    Sort.UNSETTLED: 0.0014,
    Sort.ABLE: 0.0003,
}
"""Moments a day. `gone`, `unable`, `unsettled` and `able` (from an address alone to an exchange) are as the nine real
months of docs/explanation/watching.md had them, GAINS_A_NAME likewise; `new` and `armed` were too few there to count
and stand so that their distances go with the default cadence's."""


def sort_of(
    state: MailState,
    now: datetime,
    *,
    cadence: Cadence,
    registration: RegistrationFacts | None = None,
    first_seen_at: datetime | None = None,
) -> Sort:
    """What a look now may find."""
    standing = state.standing
    if state.unconfirmed:
        return Sort.CONFIRMING
    if standing is None:
        return Sort.UNSETTLED
    if standing_of(standing) is not Standing.UNABLE:
        return Sort.ABLE
    if is_new(standing, now, cadence, registration, first_seen_at):
        return Sort.NEW
    if Flag.ARMED in standing.flags:
        return Sort.ARMED
    return _quiet(state.failures, there=exists(standing))


def _quiet(failures: int, *, there: bool) -> Sort:
    if failures:
        return Sort.UNSETTLED
    return Sort.UNABLE if there else Sort.GONE


def worth_of_ranks(first: int, last: int) -> float:
    """Moments a day among the absent candidates of one protected name with first <= rank <= last."""
    return GAINS_A_NAME * max(0.0, _reach(last) - _reach(first - 1))


def urgency(worth: float, waited: timedelta, questions: float) -> float:
    """Who has more of it comes first. `waited` since the last look, `questions` the look takes."""
    days = max(waited.total_seconds(), 0.0) / 86_400
    return inf if worth == inf else worth * days * days / max(questions, 1e-9)


@dataclass(frozen=True, slots=True)
class Wish(Generic[Key]):
    """Somebody who is due: one known name, or some candidates of one protected name."""

    key: Key
    worth: float
    waited: timedelta
    questions: float = QUESTIONS_A_LOOK

    @property
    def urgency(self) -> float:
        """As the function."""
        return urgency(self.worth, self.waited, self.questions)


def in_order(wishes: Iterable[Wish[Key]]) -> list[Wish[Key]]:
    """The most urgent first; among equals, who has waited longest, then as they came."""
    return sorted(wishes, key=lambda wish: (-wish.urgency, -wish.waited))


def affordable(wishes: Iterable[Wish[Key]], questions: float) -> list[Wish[Key]]:
    """The most urgent ones that so many questions are enough for, in order; the first one in any case."""
    chosen: list[Wish[Key]] = []
    left = questions
    for wish in in_order(wishes):
        left -= wish.questions
        if chosen and left < 0:
            break
        chosen.append(wish)
    return chosen


def _reach(rank: int) -> float:
    if rank < 1:
        return 0.0
    for (low, below), (high, above) in pairwise(_REACH):
        if rank <= high:
            return below + (above - below) * log(rank / low) / log(high / low)
    return 1.0
