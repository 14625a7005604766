"""Times in JSON: RFC 3339 in UTC."""

from datetime import UTC, datetime
from typing import Any

from watcher.core.names.times import time_text

JSON = dict[str, Any]


def time_json(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with a Z."""
    return None if at is None else time_text(at)


def time_from_json(text: str | None) -> datetime | None:
    """Return the inverse of `time_json`."""
    return None if text is None else datetime.fromisoformat(text)


def short_time(at: datetime | str | None) -> str | None:
    """Return a time for tables, to the minute in UTC, from a time or its JSON."""
    if at is None or isinstance(at, str):
        at = time_from_json(at)
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"
