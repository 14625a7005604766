"""Times as text: RFC 3339 in UTC."""

from datetime import UTC, datetime


def time_text(at: datetime) -> str:
    """Return `2026-11-23T12:46:03Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
