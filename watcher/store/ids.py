"""Ids that sort by the time they were made: UUID version 7 (RFC 9562), as text."""

import secrets
from collections.abc import Callable

from watcher.core.ports import Clock

_COUNTER_BITS = 12


class TimeOrderedIds:
    """Calling it gives the next id, always greater than the one before, also when the clock is set back.

    Milliseconds in the first 48 bits, a counter in the next 12, the rest random, from `random_bits`.
    """

    def __init__(self, clock: Clock, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._last = 0  # milliseconds and counter as one number

    def follow(self, last: str | None) -> None:
        """Make only ids greater than `last` from now on."""
        if last is not None:
            digits = last.replace("-", "")
            self._last = max(self._last, int(digits[:12] + digits[13:16], 16))

    def __call__(self) -> str:
        """Return the next id."""
        now = int(self._clock.now().timestamp() * 1000) << _COUNTER_BITS
        self._last = max(now, self._last + 1)
        first = f"{self._last:015x}"
        tail = f"{0b10 << 62 | self._random_bits(62):016x}"
        return f"{first[:8]}-{first[8:12]}-7{first[12:]}-{tail[:4]}-{tail[4:]}"
