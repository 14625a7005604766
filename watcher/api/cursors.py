"""Opaque cursors: where a list goes on. Keys of the last item, not offsets, so nothing is lost or shown twice."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from watcher.api.problems import Problem

_LONGEST = 2048

Row = TypeVar("Row")


def encode(key: Sequence[str | float | int]) -> str:
    """Return the cursor that goes on after `key`."""
    return base64.urlsafe_b64encode(json.dumps(list(key), separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str | None, *types: type) -> tuple[Any, ...] | None:
    """Return the key of a cursor, one member of each type; None for None. Raises Problem for no cursor of ours."""
    if cursor is None:
        return None
    if len(cursor) > _LONGEST:
        raise _bad()
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = json.loads(raw)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _bad() from error
    if not isinstance(key, list) or len(key) != len(types):
        raise _bad()
    for part, kind in zip(key, types, strict=True):
        if type(part) is not kind or (isinstance(part, str) and not _can_be_stored(part)):
            raise _bad()
    return tuple(key)


def page(
    rows: Sequence[Row],
    limit: int,
    key: Callable[[Row], Sequence[str | float | int]],
    shape: Callable[[Row], dict[str, Any]],
) -> dict[str, Any]:
    """Return the page made of up to `limit + 1` rows: one more than the limit says that there is a next page."""
    shown = rows[:limit]
    more = len(rows) > limit
    return {"items": [shape(row) for row in shown], "next_cursor": encode(key(shown[-1])) if more else None}


def _can_be_stored(text: str) -> bool:
    """JSON may hold half of a surrogate pair, which is no character and which no database takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bad() -> Problem:
    return Problem(400, "invalid_cursor", "this cursor is not one that was given out here; begin again without one")
