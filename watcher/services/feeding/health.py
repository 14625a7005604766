"""The health of a feed, kept between runs."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """State of a feed. Of the `names` of its last whole run `appeared` were not there before; `vanished` were.

    `matched` resemble a protected name, `new` of them had no row. `error` is of the last run, None where it worked.
    """

    name: str
    kind: str
    attempted_at: datetime | None = None
    succeeded_at: datetime | None = None
    error: str | None = None
    position: str | None = None
    names: int = 0
    appeared: int = 0
    vanished: int = 0
    matched: int = 0
    new: int = 0
    first_run: bool = True


_TIMES = ("attempted_at", "succeeded_at")


def health_json(health: FeedHealth) -> dict[str, Any]:
    """The shape of `GET /feeds` and `watcher feed list`."""
    shape = asdict(health)
    for key in _TIMES:
        shape[key] = None if shape[key] is None else shape[key].isoformat().replace("+00:00", "Z")
    return shape


def health_from_json(name: str, kind: str, kept: dict[str, Any] | None) -> FeedHealth:
    """The inverse; a feed that never ran has nothing."""
    known = {field.name for field in fields(FeedHealth)}
    values = {key: value for key, value in (kept or {}).items() if key in known}
    for key in _TIMES:
        values[key] = datetime.fromisoformat(values[key]) if values.get(key) else None
    return FeedHealth(**{**values, "name": name, "kind": kind})
