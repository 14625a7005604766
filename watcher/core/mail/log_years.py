"""Years for stamps that have none (RFC 3164): worked out backwards from when the log was written last."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from watcher.core.mail.log_entry import LogEntry

MONTHS = {
    name: number
    for number, name in enumerate(
        (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"), 1
    )
}
LEAP = 2000
"""The year in which stamps without a year are kept until it is known: it has a 29 February."""
_BACK = 60
_TURN = 3
_MOST_HELD = 100_000


class Years:
    """Dates the entries of one log.

    A log is written in order, so a step back by two months is a new year. The last stamp is not later than `reference`
    (a day is allowed for zones), and every earlier turn is a year before it.
    """

    def __init__(self, reference: datetime) -> None:
        self._reference = reference.date() + timedelta(days=1)
        self._turn = 0
        self._last: date | None = None
        self._held: list[tuple[int, LogEntry]] = []

    def advance(self, reference: datetime) -> None:
        """Take the log as written until `reference`."""
        self._reference = reference.date() + timedelta(days=1)

    def note(self, day: date) -> int:
        """Take the day of the next line, in the year `LEAP`; return the turn of the year it belongs to."""
        if self._last is not None:
            step = (day - self._last).days
            if step < -_BACK:
                self._turn += 1
            elif step > 0 and self._last.timetuple().tm_yday <= _TURN and day >= date(LEAP, 12, 32 - _TURN):
                return self._turn - 1  # a late line of the old year
        self._last = day
        return self._turn

    def hold(self, entry: LogEntry) -> bool:
        """Keep an entry whose `at` is in the year `LEAP`; whether it is time to `release`."""
        assert entry.at is not None  # noqa: S101 (only dated entries are given here)
        self._held.append((self.note(entry.at.date()), entry))
        return len(self._held) >= _MOST_HELD

    def release(self) -> list[LogEntry]:
        """Return the held entries with their years."""
        if self._last is None:
            return []
        newest = self._year(self._last)
        dated = [
            replace(entry, at=None if entry.at is None else _in_year(entry.at, newest + turn - self._turn))
            for turn, entry in self._held
        ]
        self._held = []
        return dated

    def _year(self, day: date) -> int:
        """Return the latest year in which `day` was not later than the reference."""
        for year in range(self._reference.year, self._reference.year - 9, -1):
            if (day.month, day.day) == (2, 29) and not _is_leap(year):
                continue
            if day.replace(year=year) <= self._reference:
                return year
        return self._reference.year


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _in_year(at: datetime, year: int) -> datetime:
    if (at.month, at.day) == (2, 29) and not _is_leap(year):
        return at.replace(year=year, day=28)
    return at.replace(year=year)
