"""The aiohttp application: every endpoint there is, behind the guard, with problems and security headers around."""

from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Middleware

from watcher.api import (
    candidates,
    channels,
    coverage,
    decisions,
    deliveries,
    domains,
    events,
    exports,
    feeds,
    lookalikes,
    own,
    pages,
    probes,
    protected,
    recipients,
    records,
    reports,
    runner,
    scans,
    silences,
    taxii,
    workers,
)
from watcher.api.door import UNPACKS, Door
from watcher.api.endpoints import AnyEndpoint
from watcher.api.guard import check_host, harden
from watcher.api.parts import Parts
from watcher.api.problems import Handler, problems
from watcher.api.shedding import Shedding

_RESOURCES: tuple[AnyEndpoint, ...] = (
    *domains.ENDPOINTS,
    *protected.ENDPOINTS,
    *own.ENDPOINTS,
    *silences.ENDPOINTS,
    *candidates.ENDPOINTS,
    *coverage.ENDPOINTS,
    *feeds.ENDPOINTS,
    *scans.ENDPOINTS,
    *lookalikes.ENDPOINTS,
    *reports.ENDPOINTS,
    *records.ENDPOINTS,
    *recipients.ENDPOINTS,
    *exports.ENDPOINTS,
    *taxii.ENDPOINTS,
    *events.ENDPOINTS,
    *decisions.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *channels.ENDPOINTS,
    *workers.ENDPOINTS,
    *probes.ENDPOINTS,
)


def every_endpoint(version: str) -> tuple[AnyEndpoint, ...]:
    """Return all endpoints, the pages that describe them included."""
    return (*_RESOURCES, *pages.endpoints(_RESOURCES, version))


DOOR: web.AppKey[Door] = web.AppKey("door", Door)
"""The door that lets connections in: listen through it."""


def make_app(
    parts: Parts, endpoints: Sequence[AnyEndpoint] | None = None, *, door: Door | None = None
) -> web.Application:
    """Return the application, not yet listening. `parts.store` stays the caller's to close."""
    door = door or Door()
    app = web.Application(
        middlewares=[door.asked, _counted(parts), Shedding().middleware, problems, _known_host(parts)],
        handler_args={"auto_decompress": UNPACKS},
    )
    app[DOOR] = door
    app.on_response_prepare.append(harden)
    app[events.STREAMS] = events.Streams()
    app.on_shutdown.append(events.end_streams)
    for endpoint in endpoints or every_endpoint(parts.version):
        serve = runner.handler(endpoint, parts)
        if endpoint.method == "GET":
            app.router.add_get(endpoint.path, serve, allow_head=endpoint.media != events.MEDIA)
        else:
            app.router.add_route(endpoint.method, endpoint.path, serve)
    return app


def _known_host(parts: Parts) -> Middleware:
    """Refuse unknown hosts also where there is no endpoint (404, 405)."""

    @web.middleware
    async def known_host(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.http_exception is not None:
            check_host(parts, request)
        return await handler(request)

    return known_host


def _counted(parts: Parts) -> Middleware:
    """Count every answer by its path's pattern."""

    @web.middleware
    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        resource = request.match_info.route.resource
        method = request.method if request.method in _METHODS else "other"
        parts.metrics.served(method, resource.canonical if resource else "none", response.status)
        return response

    return counted


_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"})
