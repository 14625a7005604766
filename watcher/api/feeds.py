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
    matched: int = Field(description="Names that resemble a protected one")
    new: int
    first_run: bool


class FeedPage(Page[FeedState]):
    """One page of feeds."""


async def listed(call: Call[Paged, Nothing]) -> Any:
    """Return the feeds in the order of the settings."""
    key = cursors.decode(call.query.cursor, int)
    first = max(key[0], 0) if key else 0
    rows = [] if call.parts.feeding is None else await call.parts.feeding.list_health()
    page = list(enumerate(rows, 1))[first : first + call.query.limit + 1]
    return cursors.page(page, call.query.limit, lambda row: (row[0],), lambda row: health_json(row[1]))


async def run(call: Call[Nothing, Nothing]) -> Any:
    """Run the feed and return when it was read; 502 says why it was not."""
    name = call.path["name"]
    if call.parts.feeding is None or name not in call.parts.feeding.feeds:
        raise not_found(name)
    health = await call.parts.feeding.run(name)
    if health.error is not None:
        raise Problem(502, "feed_failed", health.error)
    return health_json(health)


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
