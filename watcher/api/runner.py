"""From a request to an endpoint's call and back: admission, bounded parsing, JSON out. The only caller of `serve`."""

import asyncio
import json
import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, PayloadEncodingError, TransferEncodingError
from multidict import MultiMapping

from watcher.api.endpoints import B, Call, Caller, Endpoint, Input, Nothing, Q, Reply
from watcher.api.guard import admit, check_csrf
from watcher.api.parts import Parts
from watcher.api.problems import Handler, Problem
from watcher.services.names.tokens import Scope


class Strangers(logging.Filter):
    """Filter that keeps what is no HTTP out of aiohttp's log: whoever sends that would fill it with our traces."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError)


BODY_SECONDS = 30.0
"""Longest time that a client may take to send its body."""


def handler(endpoint: Endpoint[Q, B], parts: Parts) -> Handler:
    """Return the handler that the router calls for `endpoint`."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            caller = await admit(parts, endpoint, request)
        except Problem as problem:
            if problem.status != HTTPStatus.UNAUTHORIZED or not _wants_to_log_in(endpoint, request):
                raise
            way = f"/login?{urlencode({'next': request.path_qs})}"
            return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": way})
        query = parse_query(endpoint.query, request.query)
        if endpoint.form:
            body = endpoint.body.model_validate(await _form(endpoint, request, caller))
        else:
            body = endpoint.body.model_validate_json(await _body(endpoint, request))
        call = Call(parts, request, caller, dict(request.match_info), query, body)
        response = answer(endpoint, await endpoint.serve(call))
        if endpoint.writes and endpoint.scopes == (Scope.WRITE,) and response.status < HTTPStatus.BAD_REQUEST:
            await parts.note(caller.token, f"{endpoint.method} {endpoint.path}", _about(call))
        return response

    return handle


def _wants_to_log_in(endpoint: Endpoint[Q, B], request: web.Request) -> bool:
    """Return whether a person opens a page: a program with a token, or with the wrong one, is told what is missing."""
    return (
        endpoint.media == "text/html"
        and not endpoint.writes
        and "Authorization" not in request.headers
        and "text/html" in request.headers.get("Accept", "")
    )


def _about(call: Call[Q, B]) -> str:
    """Return the name, names or id that a request changed; of many the first."""
    body = call.body.model_dump(exclude_none=True)
    given = [*call.path.values(), *(body.get(key) for key in ("name", "names", "value", "text") if body.get(key))]
    texts = [text for value in given for text in (value if isinstance(value, tuple | list) else [value])]
    more = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
    return f"{texts[0]}{more}" if texts else ""


async def _form(endpoint: Endpoint[Q, B], request: web.Request, caller: Caller) -> dict[str, Any]:
    """The fields of a form, empty ones left out. Raises Problem for a form that was not made for this caller."""
    if (request.content_length or 0) > endpoint.largest_body:
        raise _too_large(endpoint.largest_body)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            fields = await request.post()
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", "this is no form that can be read") from error
    if endpoint.scopes:  # to log in or out nobody has a session that could be misused
        check_csrf(caller, str(fields.get("csrf", "")))
    values: dict[str, Any] = {}
    for name in dict.fromkeys(fields):
        field = endpoint.body.model_fields.get(name)
        given = [_text(value) for value in fields.getall(name)]
        many = field is not None and "tuple" in str(field.annotation)
        if name != "csrf" and (many or any(given)):
            values[name] = given if many else given[0]
    return values


def _text(value: str | web.FileField | bytearray | bytes) -> str:
    if isinstance(value, web.FileField):
        return value.file.read().decode("utf-8", "replace")
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def answer(endpoint: Endpoint[Q, B], data: Any) -> web.StreamResponse:
    """Return the response for what `serve` gave."""
    if isinstance(data, web.StreamResponse):
        return data
    if data is None:
        return web.Response(status=HTTPStatus.NO_CONTENT)
    reply = data if isinstance(data, Reply) else Reply(data, endpoint.status)
    return web.Response(
        body=packed(reply.data), status=reply.status, content_type="application/json", headers=reply.headers
    )


def packed(data: Any) -> bytes:
    """Return JSON as it is sent: in ASCII, since what came from outside may steer a terminal or reverse its text."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).encode()


def parse_query(model: type[Q], query: MultiMapping[str]) -> Q:
    """The query as its model; a parameter may be repeated only where it is a list. Raises Problem, ValidationError."""
    values: dict[str, Any] = {}
    for name in dict.fromkeys(query):
        given = query.getall(name)
        field = model.model_fields.get(name)
        if field is not None and "tuple" in str(field.annotation):
            values[name] = given
        elif len(given) > 1:
            raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", f"{name[:100]} is given twice")
        else:
            values[name] = given[0]
    return model.model_validate(values)


async def _body(endpoint: Endpoint[Q, B], request: web.Request) -> bytes:
    """At most `largest_body` bytes in at most `BODY_SECONDS`. An endpoint without a body takes an empty one or `{}`."""
    if not request.body_exists:
        return _nothing(endpoint.body)
    if request.content_length is not None and request.content_length > endpoint.largest_body:
        raise _too_large(endpoint.largest_body)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > endpoint.largest_body:
                    raise _too_large(endpoint.largest_body)
    except TimeoutError as error:
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "the body did not arrive in time") from error
    except (ConnectionError, web.RequestPayloadError, PayloadEncodingError, TransferEncodingError) as error:
        # Nobody reads this answer where the client has gone, and it is no fault of ours.
        closing = {"Connection": "close"}
        raise Problem(HTTPStatus.BAD_REQUEST, "cut_short", "the body ended before its end", headers=closing) from error
    return bytes(body) or _nothing(endpoint.body)


def _nothing(body: type[Input]) -> bytes:
    if body is Nothing:
        return b"{}"
    raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", "a JSON body is needed")


def _too_large(most: int) -> Problem:
    # The rest of the body stays unread, so the connection is of no further use.
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        f"the body is larger than {most} bytes",
        headers={"Connection": "close"},
    )
