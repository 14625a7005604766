"""Names that are known to be in honest use, and how rare a label is among them.

A protected label that many honest names hold, or that stands one letter from others, is resembled by chance.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


class KnownNames:
    """Registrable domains as `load` yields them, read when first needed. Labels are those in front of the suffix."""

    def __init__(self, load: Callable[[], Iterable[str]]) -> None:
        self._load = load
        self._near: dict[str, int] = {}
        self._holding: dict[str, int] = {}

    @cached_property
    def names(self) -> frozenset[str]:
        """The names themselves."""
        return frozenset(self._load())

    @cached_property
    def labels(self) -> Mapping[str, int]:
        """Each label with the number of names that have it."""
        counted: dict[str, int] = {}
        for name in self.names:
            label = name.partition(".")[0]
            counted[label] = counted.get(label, 0) + 1
        return counted

    @cached_property
    def _text(self) -> str:
        return "\n".join(sorted(self.labels))

    def near(self, label: str) -> int:
        """Return how many known labels are one letter lost, added, replaced or turned round away from `label`."""
        found = self._near.get(label)
        if found is None:
            found = self._near[label] = len(_one_away(label) & self.labels.keys())
        return found

    def holding(self, label: str) -> int:
        """Return how many known labels hold `label` and more."""
        found = self._holding.get(label)
        if found is None:
            found = self._holding[label] = self._text.count(label) - (label in self.labels)
        return found


def _one_away(label: str) -> set[str]:
    made = set()
    for at in range(len(label) + 1):
        start, end = label[:at], label[at:]
        made.update([start + extra + end for extra in _CHARACTERS])
        if end:
            made.update([start + other + end[1:] for other in _CHARACTERS])
            made.add(start + end[1:])
        if len(end) > 1:
            made.add(start + end[1] + end[0] + end[2:])
    made.discard(label)
    return made
