"""Stamps of mail logs: RFC 3339, RFC 3164 without a year, journald's microseconds, and those of exports."""

import re
from datetime import UTC, datetime, timedelta

from watcher.core.mail.log_years import LEAP, MONTHS

_ISO = re.compile(rb"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(?: ?(Z|[+-]\d\d:?\d\d))?", re.IGNORECASE)
_BSD = re.compile(rb"(?:<\d{1,3}>)?([A-Z][a-z][a-z]) ([ 0-3]\d) (\d\d):(\d\d):(\d\d)")
_JOURNAL = re.compile(rb'__REALTIME_TIMESTAMP(?:" ?: ?"|=)(\d{15,17})')
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:,? (\d{1,2}):(\d\d)(?::(\d\d))?(?: ([AP]M))?)?", re.IGNORECASE)
_ISO_TEXT = re.compile(r"\d{4}[-/]\d\d[-/]\d\d[T ]")
_NOON = 12


def iso_stamp(line: bytes) -> datetime | None:
    """Return the RFC 3339 stamp at the beginning of a line, with its zone where it has one."""
    found = _ISO.match(line)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 (the zone follows where there is one)
    except ValueError:
        return None
    return _zoned(at, found[7])


def bsd_stamp(line: bytes) -> datetime | None:
    """Return the RFC 3164 stamp at the beginning of a line, in the year `LEAP`."""
    found = _BSD.match(line)
    month = None if found is None else MONTHS.get(found[1])
    if found is None or month is None:
        return None
    day, hour, minute, second = (int(part) for part in found.groups()[1:])
    try:
        return datetime(LEAP, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 (syslog writes local time)
    except ValueError:
        return None


def journal_stamp(text: bytes) -> datetime | None:
    """Return the last journald stamp in `text`."""
    found = None
    for found in _JOURNAL.finditer(text):  # noqa: B007 (the last one counts)
        pass
    return None if found is None else datetime.fromtimestamp(int(found[1]) / 1_000_000, UTC)


def table_stamp(text: str) -> datetime | None:
    """Return a stamp as exports write it; UTC where it says nothing else. Of 03/04/2026 the month comes first."""
    text = text.strip()
    if _ISO_TEXT.match(text):
        at = iso_stamp(text[:10].replace("/", "-").encode() + text[10:40].encode())
        return at if at is None or at.tzinfo is not None else at.replace(tzinfo=UTC)
    found = _SLASHED.match(text)
    if found is None:
        return None
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    month, day = (second, first) if first > _NOON else (first, second)
    hour = int(found[4] or 0)
    if found[7]:
        hour = hour % _NOON + (_NOON if found[7].upper() == "PM" else 0)
    try:
        return datetime(year, month, day, hour, int(found[5] or 0), min(int(found[6] or 0), 59), tzinfo=UTC)
    except ValueError:
        return None


def _zoned(at: datetime, zone: bytes | None) -> datetime:
    if zone is None:
        return at
    if zone in {b"Z", b"z"}:
        return at.replace(tzinfo=UTC)
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    try:
        return (at - offset if zone[:1] == b"+" else at + offset).replace(tzinfo=UTC)
    except OverflowError:
        return at.replace(tzinfo=UTC)
