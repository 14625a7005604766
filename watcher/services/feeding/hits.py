"""Hits of feeds: names that resemble a protected one get rows, weak resemblances are counted."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from watcher.core.events import Grade, Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.names.suffixes import Suffixes
from watcher.services.sweeps.matched import keep
from watcher.store import Store

Match = tuple[Fqdn, Sequence[Resemblance]]
Matching = Callable[[Iterable[Fqdn]], Iterator[Match]]

_AT_ONCE = 20_000
_SAVED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of hits. `matched` are of grade `warn` or stronger, `new` of them had no row; `noted` are weaker."""

    matched: int = 0
    new: int = 0
    noted: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.matched + other.matched, self.new + other.new, self.noted + other.noted)


class Hits:
    """Keeps what resembles a protected name. `matching` gives those of many names that do."""

    def __init__(self, store: Store, matching: Matching, suffixes: Suffixes) -> None:
        self._store = store
        self._matching = matching
        self._suffixes = suffixes

    async def take(
        self, names: Iterator[Fqdn], *, feed: str, now: datetime, absent_since: datetime | None = None
    ) -> Tally:
        """Match names, give those that resemble a protected one rows, and count; a name that has a row keeps it."""
        tally = Tally()
        while chunk := await asyncio.to_thread(lambda: list(islice(names, _AT_ONCE))):
            wanted, noted = await asyncio.to_thread(self._matched, chunk)
            new = 0
            for start in range(0, len(wanted), _SAVED_AT_ONCE):
                new += await keep(
                    self._store,
                    wanted[start : start + _SAVED_AT_ONCE],
                    suffixes=self._suffixes,
                    now=now,
                    absent_since=absent_since,
                    brought_by=feed,
                )
            tally += Tally(len(wanted), new, noted)
        return tally

    def _matched(self, names: Sequence[Fqdn]) -> tuple[list[Match], int]:
        """Return the names with their resemblances of grade `warn` or stronger, and how many had weaker ones only."""
        wanted: list[Match] = []
        noted = 0
        for name, resembling in self._matching(names):
            strong = [item for item in resembling if item.grade.at_least(Grade.WARN)]
            if strong:
                wanted.append((name, strong))
            else:
                noted += 1
        return wanted, noted
