"""Failures from outside the program (a database that is locked or away, a full disk): one line each, at growing waits.

1. A piece of work that fails so waits, twice as long each time, up to a minute.
2. Pieces that fail for the same reason share the wait, and one line says it each time that it begins.
3. When none of them fails any more, one line says so.

Pure arithmetic on seconds of any clock.
"""

from dataclasses import dataclass

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0


@dataclass(slots=True)
class _Outage:
    wait: float
    until: float


class Outages:
    """The reasons for which work waits, and the pieces of work that wait."""

    def __init__(self) -> None:
        self._by_reason: dict[str, _Outage] = {}
        self._struck: dict[str, str] = {}

    def struck(self, work: str, reason: str, *, began: float, now: float) -> str | None:
        """Record that `work`, begun at `began`, failed for `reason`.

        Return the line to log, None where one was said already.
        """
        self._leave(work, reason)
        self._struck[work] = reason
        outage = self._by_reason.get(reason)
        if outage is None:
            outage = self._by_reason[reason] = _Outage(FIRST_WAIT, now + FIRST_WAIT)
        elif began >= outage.until:
            outage.wait = min(2 * outage.wait, LONGEST_WAIT)
            outage.until = now + outage.wait
        else:
            return None  # it belongs to what was said already
        return f"{work} waits {outage.wait:g} s: {reason}"

    def wait(self, work: str, now: float) -> float:
        """Return the seconds that `work` still waits, 0 where it may be done."""
        reason = self._struck.get(work)
        return 0.0 if reason is None else max(0.0, self._by_reason[reason].until - now)

    def worked(self, work: str) -> str | None:
        """Record that `work` was done; return the line to log where an outage is over with it."""
        reason = self._struck.get(work)
        return f"{work} goes on" if reason is not None and self._leave(work, None) else None

    def _leave(self, work: str, reason: str | None) -> bool:
        """Take `work` from the outage it is in, unless that is `reason`; return whether that outage is over."""
        before = self._struck.get(work)
        if before is None or before == reason:
            return False
        del self._struck[work]
        if before in self._struck.values():
            return False
        del self._by_reason[before]
        return True
