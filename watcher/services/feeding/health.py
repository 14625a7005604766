"""The health of a feed, kept between runs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from watcher.store import Store, facts

PREFIX = "feed:"
"""Of the keys that feeds have among the facts."""
MISSED = 3
"""Runs that a feed may miss before it is stale."""


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """State of a feed. Of the `names` of its last whole run `appeared` were not there before; `vanished` were.

    `matched` resemble a protected name (grade `warn` or stronger), `new` of them had no row; `noted` resemble one less.
    `left_out` lines held no name, the first is `left_out_first`. `ends_with_soa`: the zone file closed with its SOA.
    `seconds`: how long the run took. `error` is of the
    last run, None where it worked. Of certificate logs: `behind` entries are still to be read, `skipped` ones never
    will be, `lag_seconds` is the age of the oldest head that was read last, and `logs` tells of each.
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
    noted: int = 0
    left_out: int = 0
    left_out_first: str | None = None
    ends_with_soa: bool = False
    seconds: float = 0.0
    behind: int = 0
    skipped: int = 0
    lag_seconds: float | None = None
    logs: tuple[Mapping[str, Any], ...] = ()

    @property
    def names_a_second(self) -> float | None:
        """The rate of the last run; None where it read nothing."""
        return self.names / self.seconds if self.seconds and self.names else None

    def age(self, now: datetime) -> timedelta | None:
        """Return the time since it last worked; None: it never did."""
        return None if self.succeeded_at is None else now - self.succeeded_at


_TIMES = ("attempted_at", "succeeded_at")


def health_json(health: FeedHealth, now: datetime | None = None) -> dict[str, Any]:
    """The shape of `GET /feeds` and `watcher feed list`; with the feed's age at `now`."""
    shape = asdict(health)
    for key in _TIMES:
        shape[key] = None if shape[key] is None else shape[key].isoformat().replace("+00:00", "Z")
    shape["logs"] = [dict(log) for log in health.logs]
    if now is not None:
        age, rate = health.age(now), health.names_a_second
        shape["age_seconds"] = None if age is None else round(age.total_seconds(), 1)
        shape["names_a_second"] = None if rate is None else round(rate, 1)
    return shape


def health_from_json(name: str, kind: str, kept: dict[str, Any] | None) -> FeedHealth:
    """The inverse; a feed that never ran has nothing."""
    known = {field.name for field in fields(FeedHealth)}
    values = {key: value for key, value in (kept or {}).items() if key in known}
    for key in _TIMES:
        values[key] = datetime.fromisoformat(values[key]) if values.get(key) else None
    values["logs"] = tuple(values.get("logs") or ())
    return FeedHealth(**{**values, "name": name, "kind": kind})


async def find_health(store: Store) -> dict[str, FeedHealth]:
    """The health of every feed that ever ran, whether or not the settings name it still."""
    async with store.read() as tx:
        kept = await facts.find_starting(tx, PREFIX)
    return {
        key.removeprefix(PREFIX): health_from_json(key.removeprefix(PREFIX), value.get("kind", ""), value)
        for key, value in kept.items()
    }


async def find_stale(store: Store, every: Mapping[str, timedelta], now: datetime) -> dict[str, str]:
    """Return what is wrong with feeds, by `feed.NAME`, in words. `every`: the interval of each feed.

    A feed is stale when it has not worked for three of its intervals, or never did.
    """
    health = await find_health(store)
    found = {}
    for name, interval in every.items():
        known = health.get(name)
        if known is None or known.attempted_at is None:
            continue  # its first run is due
        why = f" ({known.error})" if known.error else ""
        if known.succeeded_at is None:
            found[f"feed.{name}"] = f"the feed {name} has never worked{why}"
        elif now - known.succeeded_at > MISSED * interval:
            found[f"feed.{name}"] = f"the feed {name} has not worked since {known.succeeded_at:%Y-%m-%d %H:%M} UTC{why}"
    return found
