"""`/healthz`, `/readyz`, `/metrics`, `/version`: what machines ask that keep this one running."""

import asyncio
from typing import Any

from aiohttp import hdrs, web

from watcher.api import models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing, Reply, Whatever
from watcher.api.parts import Ready
from watcher.core.errors import WatcherError

_PATIENCE_SECONDS = 5.0


async def alive(_call: Call[Whatever, Nothing]) -> Any:
    """Say that the event loop turns; nothing else is asked."""
    return {"status": "ok"}


async def ready(call: Call[Whatever, Nothing]) -> Any:
    """200 when every check says ok, else 503; the checks run at once and none may take longer than a few seconds."""
    names = list(call.parts.ready)
    results = await asyncio.gather(*(_checked(call.parts.ready[name]) for name in names))
    checks = {name: result or "ok" for name, result in zip(names, results, strict=True)}
    well = not any(results)
    return Reply({"ready": well, "checks": checks}, 200 if well else 503)


async def _checked(check: Ready) -> str | None:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {_PATIENCE_SECONDS:.0f} s"
    except WatcherError as error:
        return str(error)


async def metrics(call: Call[Whatever, Nothing]) -> web.Response:
    """Return the metrics for Prometheus."""
    body, media = call.parts.metrics.exposition(call.request.headers.get(hdrs.ACCEPT, ""))
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: media})


async def version(call: Call[Whatever, Nothing]) -> Any:
    """Return the name and version of the running program."""
    return {"name": "watcher", "version": call.parts.version}


_TAG = "about"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint("GET", "/healthz", alive, "Alive", _TAG, Whatever, Nothing, models.Health, any_host=True),
    Endpoint(
        "GET",
        "/readyz",
        ready,
        "Ready: sees the DNS, writes its database, jobs run, nothing is stale",
        _TAG,
        Whatever,
        Nothing,
        models.Readiness,
        also=(503,),
        any_host=True,
    ),
    Endpoint("GET", "/metrics", metrics, "For Prometheus", _TAG, Whatever, Nothing, any_host=True, media="text/plain"),
    Endpoint("GET", "/version", version, "What runs here", _TAG, Whatever, Nothing, models.Version),
)
