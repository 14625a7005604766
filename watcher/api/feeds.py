"""`/feeds`: the sources of names with their health and position, and a run of one."""

from datetime import datetime
from typing import Any

from pydantic import Field

from watcher.api import cursors
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing
from watcher.api.inputs import Paged
from watcher.api.models import Output, Page
from watcher.api.problems import Problem, not_found
from watcher.services.feeding.health import health_json
from watcher.services.names.tokens import Scope


class LogState(Output):
    """One certificate log of a feed."""

    name: str
    url: str
    tried_at: datetime | None
    worked_at: datetime | None
    signed_at: datetime | None = Field(description="When it signed the head that was read last")
    position: str | None
    behind: int | None = Field(description="Entries that are still to be read")
    skipped: int | None
    error: str | None


class FeedState(Output):
    """One source of names. `appeared` and `vanished` are against the run before."""

    name: str
    kind: str
    attempted_at: datetime | None
    succeeded_at: datetime | None
    error: str | None = Field(description="Of the last run; null where it worked")
    position: str | None
    names: int
    appeared: int
    vanished: int
    matched: int = Field(description="Names that resemble a protected one, by grade `warn` or stronger")
    new: int
    first_run: bool
    noted: int = Field(description="Names that resemble a protected one by grade `note`: counted only")
    left_out: int = Field(description="Lines that held no name, and texts in certificates that are none")
    left_out_first: str | None
    ends_with_soa: bool
    seconds: float = Field(description="How long the last run took")
    names_a_second: float | None
    age_seconds: float | None = Field(description="Time since it last worked")
    lag_seconds: float | None = Field(description="Of certificate logs: the age of the oldest head read last")
    behind: int = Field(description="Of certificate logs: entries that are still to be read")
    skipped: int = Field(description="Of certificate logs: entries that never will be: too many came in a break")
    logs: list[LogState]


class FeedPage(Page[FeedState]):
    """One page of feeds."""


async def listed(call: Call[Paged, Nothing]) -> Any:
    """Return the feeds in the order of the settings."""
    key = cursors.decode(call.query.cursor, int)
    first = max(key[0], 0) if key else 0
    rows = [] if call.parts.feeding is None else await call.parts.feeding.list_health()
    page = list(enumerate(rows, 1))[first : first + call.query.limit + 1]
    now = call.parts.clock.now()
    return cursors.page(page, call.query.limit, lambda row: (row[0],), lambda row: health_json(row[1], now))


async def run(call: Call[Nothing, Nothing]) -> Any:
    """Run the feed and return when it was read; 502 says why it was not."""
    name = call.path["name"]
    if call.parts.feeding is None or name not in call.parts.feeding.feeds:
        raise not_found(name)
    health = await call.parts.feeding.run(name)
    if health.error is not None:
        raise Problem(502, "feed_failed", health.error)
    return health_json(health, call.parts.clock.now())


_TAG = "feeds"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET", "/api/v1/feeds", listed, "The feeds with their health", _TAG, Paged, Nothing, FeedPage, (Scope.READ,)
    ),
    Endpoint(
        "POST",
        "/api/v1/feeds/{name}:run",
        run,
        "Run a feed now",
        _TAG,
        Nothing,
        Nothing,
        FeedState,
        (Scope.WRITE,),
        errors=(404, 502),
    ),
)
