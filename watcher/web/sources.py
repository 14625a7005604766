"""`/feeds` and `/workers`: where names come from, and the processes that share the work."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from watcher.api.endpoints import AnyEndpoint, Call, Input, Nothing
from watcher.api.inputs import Line
from watcher.api.problems import not_found
from watcher.core.shapes.workers import worker_json
from watcher.services.feeding.health import health_json
from watcher.services.health.attendance import list_workers
from watcher.web.page import PageRows, Shown, back, form, page, view


class FeedForm(Input):
    """One feed."""

    name: Annotated[Line, Field(min_length=1, max_length=64)]


async def list_feeds(call: Call[Shown, Nothing]) -> web.Response:
    """Return the feeds with their health."""
    rows = [] if call.parts.feeding is None else await call.parts.feeding.list_health()
    shapes = [health_json(row) for row in rows]
    return page(call, "feeds.html", PageRows("feeds", shapes, dict), rows=shapes)


async def run(call: Call[Nothing, FeedForm]) -> web.Response:
    """Read a feed now."""
    name = call.body.name
    if call.parts.feeding is None or name not in call.parts.feeding.feeds:
        raise not_found(name)
    health = await call.parts.feeding.run(name)
    said = f"{name} was read" if health.error is None else f"{name} could not be read: {health.error}"
    return back(None, "/feeds", done=said[:300])


async def workers(call: Call[Shown, Nothing]) -> web.Response:
    """Return the processes, by their start."""
    now, every = await list_workers(call.parts.store, call.parts.clock)
    shapes = [worker_json(row.worker, alive=row.alive, now=now) for row in every]
    return page(call, "workers.html", PageRows("workers", shapes, dict), rows=shapes)


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    view("/feeds", list_feeds, "Where names come from"),
    form("/feeds/run", run, "Read a feed now", FeedForm),
    view("/workers", workers, "The processes that share the work"),
)
