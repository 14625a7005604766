"""Moments as operators write them: a date, RFC 3339, or how long ago."""

import re
from datetime import UTC, datetime, timedelta

import click

_AGO = re.compile(r"(\d{1,6})([smhdw])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class MomentParameter(click.ParamType[datetime]):
    """`2026-11-23`, `2026-11-23T08:00:00Z`, `6h` or `7d` (ago; with `ahead`, from now). Without a zone: UTC."""

    name = "time"

    def __init__(self, *, ahead: bool = False) -> None:
        self._sign = 1 if ahead else -1

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment, aware UTC."""
        text = str(value).strip()
        span = _AGO.match(text)
        try:
            if span:
                return datetime.now(UTC) + self._sign * timedelta(**{_UNITS[span[2]]: int(span[1])})
            at = datetime.fromisoformat(text)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{text[:60]!r} is no time; write 2026-11-23, 2026-11-23T08:00:00Z, 6h or 7d", param, ctx)
