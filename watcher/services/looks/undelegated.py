"""Top-level labels that the bundled root list lacks: asked about now and then, since the list grows old (M04)."""

from datetime import datetime, timedelta

from watcher.core.mail.dns import Outcome, RRType
from watcher.core.mail.findings import Observation
from watcher.core.names.suffixes import Suffixes
from watcher.core.ports import Clock

_MOST = 10_000


class UndelegatedLabels:
    """Says which looks ask the root: one for each label `every` so often, all of them once the root knows the label."""

    def __init__(self, clock: Clock, suffixes: Suffixes, every: timedelta) -> None:
        self._clock = clock
        self._suffixes = suffixes
        self._every = every
        self._next: dict[str, datetime] = {}
        self.found: set[str] = set()
        """Labels that the root turned out to delegate."""

    def due(self, name: str) -> bool:
        """Return whether the next look at `name` should ask for its top-level label's nameservers."""
        if self._suffixes.is_delegated(name):
            return False
        at = self._next.get(_label(name))
        return at is None or at <= self._clock.now()

    def heard(self, observation: Observation) -> None:
        """Learn from such a look; a label that has nameservers, or gave no answer, is asked about each time."""
        label = _label(observation.name)
        for answer in observation.answers:
            if answer.question.name == label and answer.question.type is RRType.NS and answer.settled:
                if answer.outcome is Outcome.ANSWER:
                    self._next.pop(label, None)
                    if len(self.found) < _MOST:
                        self.found.add(label)
                else:
                    if len(self._next) >= _MOST:
                        self._next.clear()
                    self._next[label] = self._clock.now() + self._every


def _label(name: str) -> str:
    return name.rpartition(".")[2]
