"""Query parameters and bodies that several resources share."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from watcher.api.endpoints import Input

MOST_ITEMS = 1000


class Paged(Input):
    """A list's `limit` and `cursor`."""

    limit: int = Field(default=100, ge=1, le=MOST_ITEMS, description="At most so many items")
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")


def _no_control(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters are not allowed")
    return text


Line = Annotated[str, AfterValidator(_no_control)]
"""Text on one line."""

Note = Annotated[str, Field(max_length=2000)]
Tag = Annotated[Line, Field(min_length=1, max_length=64)]
Tags = Annotated[tuple[Tag, ...], Field(max_length=50)]
Owner = Annotated[Line, Field(max_length=200)]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it is beyond the years 1 to 9999 in UTC") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""RFC 3339 with a zone, kept in UTC; naive times are refused, never guessed."""

__all__ = ["MOST_ITEMS", "Line", "Moment", "Note", "Owner", "Paged", "Tag", "Tags"]
