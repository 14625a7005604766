"""`/reports`: text for a takedown or block request about one name."""

import hashlib
from http import HTTPStatus
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing, Reply
from watcher.api.problems import Problem
from watcher.api.report_models import Report
from watcher.core.errors import ReportRefused
from watcher.core.names.protected import parse_any
from watcher.core.shapes.report import report_json
from watcher.services.answers.report import report_on
from watcher.services.names.tokens import Scope


class Wanted(Input):
    """Query for a report in one of its forms."""

    text: Literal["takedown", "block"] | None = Field(
        default=None, description="Only this request, as `text/plain`; absent: everything, as JSON"
    )


async def reported(call: Call[Wanted, Nothing]) -> Any:
    """Return the report on a name that was looked at, made from what is known; nothing is sent.

    Its registry is asked where what is known of the registration is older than an hour.
    """
    name = parse_any(call.path["name"], call.parts.suffixes)
    try:
        made = await report_on(call.parts.lookup, name, store=call.parts.store)
    except ReportRefused as error:
        raise Problem(HTTPStatus.CONFLICT, "report_refused", str(error)) from error
    if made is None:
        raise Problem(404, "not_found", f"{name} was never looked at; GET /api/v1/domains/{name}?fresh=true looks")
    wanted = call.query.text
    shape = report_json(made)
    told = shape["texts"][wanted] if wanted is not None else repr(shape)
    etag = f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
    # It may be kept, but not used without asking whether it is still so.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(call.request, etag):
        return web.Response(status=304, headers=headers)
    if wanted is not None:
        return web.Response(text=told, headers=headers)
    return Reply(shape, 200, headers)


def is_known(request: web.BaseRequest, etag: str) -> bool:
    """Return whether the client has what `etag` names: one that it lists, weak or not, or `*` (RFC 9110 13.1.2)."""
    listed = ",".join(request.headers.getall("If-None-Match", []))
    return any(item.strip().removeprefix("W/") in {etag, "*"} for item in listed.split(","))


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/v1/reports/{name}",
        reported,
        "A takedown or block request about this name, with evidence and timeline",
        "reports",
        Wanted,
        Nothing,
        Report,
        (Scope.READ,),
        also=(304,),
        also_media=("text/plain",),
        errors=(404, 409),
    ),
)
