"""Names of a sweep that are slow to settle: each is given up when its time is over, whatever tries it has left.

Whoever runs a name's nameservers decides how long they take, and a pass lasts as long as its slowest name.
"""

from math import inf

from watcher.core.mail.dns import Outcome
from watcher.core.ports import Clock
from watcher.lookups.existence.course import Course, Item

_TICK, _LONGEST_TICK = 0.005, 0.25  # seconds: they are looked through no more, and no less, often
_SECOND_CHANCE = 1.0  # seconds from the second try on that a name has in any case: a lost packet makes none slow


class SlowNames:
    """The names of one sweep that failed at a resolver and are asked again.

    `patience`: seconds from its first question until a name is given up; waits for its turn are not its doing, and do
    not count. None: its tries are its only limit.
    """

    def __init__(self, course: Course, clock: Clock, *, patience: float | None) -> None:
        self._course = course
        self._clock = clock
        self._patience = patience
        self._under_way: set[Item] = set()
        self._expires_at = inf
        self._watching = False

    def note_failure(self, item: Item, outcome: Outcome, seconds: float | None) -> None:
        """Record a failure, `seconds` after the question was sent; None: a timeout after it."""
        item.outcome = outcome
        if item.began_at is None:
            item.began_at = self._now() - (self._course.timeout if seconds is None else seconds)

    def note_question(self, item: Item) -> None:
        """Record that a name is asked; one that failed before has a limit from now on."""
        if self._patience is None or item.began_at is None:
            return
        if not item.ends_at:
            item.ends_at = max(item.began_at + self._patience, self._now() + _SECOND_CHANCE)
        self._expires_at = min(self._expires_at, item.ends_at)
        self._under_way.add(item)
        if not self._watching:
            self._watching = True
            self._course.start(self._watch())

    def note_end(self, item: Item) -> bool:
        """Record that a name's question is under way no more; return whether the name was given up meanwhile."""
        self._under_way.discard(item)
        self._course.given_up -= item.given_up
        return item.given_up

    async def _watch(self) -> None:
        while self._under_way:
            await self._clock.sleep(min(max(self._expires_at - self._now(), _TICK), _LONGEST_TICK))
            self._expire()
        self._watching = False

    def _expire(self) -> None:
        now = self._now()
        if now < self._expires_at:
            return
        late = [item for item in self._under_way if item.ends_at <= now]
        self._under_way.difference_update(late)
        self._expires_at = min((item.ends_at for item in self._under_way), default=inf)
        self._course.given_up += len(late)
        for item in late:
            item.given_up = True
            self._course.leave_unsettled(item.name, item.outcome, item.lane.name)

    def _now(self) -> float:
        return self._clock.now().timestamp()
