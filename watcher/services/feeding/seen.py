"""Names seen lately, in a fixed room: a name that was seen need not be matched again."""

from array import array
from datetime import datetime, timedelta

KEPT = timedelta(hours=48)
_SLOTS = 1 << 22


class SeenLately:
    """Names of the last 48 hours, by digest, in two tables of 32 MiB that take turns.

    One that was pushed out by another is only matched again. Digests are of this process alone.
    """

    def __init__(self, now: datetime, slots: int = _SLOTS) -> None:
        self._slots = slots
        self._turned_at = now
        self._fresh = self._empty()
        self._older = self._empty()

    def knows(self, name: str, now: datetime) -> bool:
        """Return whether the name was noted lately."""
        if now - self._turned_at >= KEPT / 2:
            self._older = self._fresh if now - self._turned_at < KEPT else self._empty()
            self._fresh, self._turned_at = self._empty(), now
        digest = hash(name)
        slot = digest % self._slots
        return self._fresh[slot] == digest or self._older[slot] == digest

    def note(self, name: str) -> None:
        """Note a name that was seen now."""
        digest = hash(name)
        self._fresh[digest % self._slots] = digest

    def _empty(self) -> "array[int]":
        return array("q", bytes(8)) * self._slots
