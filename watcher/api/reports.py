"""`/reports`: text for a takedown or block request about one name."""

import hashlib
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from watcher.api import models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing, Reply
from watcher.api.problems import Problem
from watcher.core import names
from watcher.core.report import Purpose
from watcher.services.report import report_on
from watcher.services.tokens import Scope


class Wanted(Input):
    """Which form of the report."""

    text: Literal["takedown", "block"] | None = Field(
        default=None, description="Only this request, as `text/plain`; absent: everything, as JSON"
    )


async def reported(call: Call[Wanted, Nothing]) -> Any:
    """The report on a name that was looked at, made from what is known; nothing is asked and nothing sent."""
    name = names.parse(call.path["name"])
    made = await report_on(call.parts.lookup, name, store=call.parts.store)
    if made is None:
        raise Problem(404, "not_found", f"{name} was never looked at; GET /api/v1/domains/{name}?fresh=true looks")
    wanted = call.query.text
    told = made["texts"][Purpose(wanted)] if wanted is not None else repr(made)
    etag = f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
    if call.request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag})
    if wanted is not None:
        return web.Response(text=told, headers={"ETag": etag, "X-Content-Type-Options": "nosniff"})
    return Reply(made, 200, {"ETag": etag})


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/v1/reports/{name}",
        reported,
        "A takedown or block request about this name, with evidence and timeline",
        "reports",
        Wanted,
        Nothing,
        models.Report,
        (Scope.READ,),
        also=(304,),
        errors=(404,),
    ),
)
