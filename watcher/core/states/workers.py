"""Processes that share one database, and what each may ask of the resolvers that several of them share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

MOST_SKEW_SECONDS = 5.0
"""A process whose clock is further off than this does no work: what is due would be told by a wrong clock."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One process. `doing` says what, since `doing_since`; `skew_seconds` is its clock minus the database's.

    It counts as alive `until` then, unless it beats again.
    """

    id: str
    kind: str
    host: str
    version: str
    started_at: datetime
    beat_at: datetime
    until: datetime
    doing: str = ""
    doing_since: datetime | None = None
    resolvers: tuple[str, ...] = ()
    sees_dns: bool = True
    skew_seconds: float = 0.0

    @property
    def clock_is_wrong(self) -> bool:
        """Return whether it does no work for that reason."""
        return abs(self.skew_seconds) > MOST_SKEW_SECONDS


def share(resolver: str, me: Worker, live: Sequence[Worker], joined_at: datetime) -> float:
    """Return the part of a resolver's rate that `me` may use, 0 to 1.

    All who ask it have the same part. One that joined, or came back after its own time was over, has none until each of
    the others has beaten since `joined_at`: only then have they made room for it, and the parts never add up to more
    than the whole.
    """
    others = [worker for worker in live if worker.id != me.id and resolver in worker.resolvers]
    if me.clock_is_wrong or any(worker.beat_at <= joined_at for worker in others):
        return 0.0
    return 1.0 / (1 + len(others))
