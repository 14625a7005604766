"""Every error as `application/problem+json` (RFC 9457): the one place that knows which error is which status."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from watcher.core.errors import (
    ConfigurationError,
    DeliveryFailed,
    DishonestResolver,
    InvalidName,
    StoreError,
    WatcherError,
)

log = logging.getLogger(__name__)

MEDIA = "application/problem+json"
PREFIX = "urn:watcher:problem:"
_SHOWN = 300


class Problem(Exception):
    """An answer that is an error: status, a stable kind for programs, and one line for a person.

    `more` are further members of the document, `headers` of the response.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more
        super().__init__(detail)


def not_found(what: str) -> Problem:
    """Return the problem 404: `what` is not known here."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"{_short(what)} is not known here")


def document(problem: Problem) -> dict[str, Any]:
    """Return the problem document."""
    return {
        "type": PREFIX + problem.kind,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": _one_line(problem.detail),
        **problem.more,
    }


def response(problem: Problem) -> web.Response:
    """Return the problem as a response."""
    return web.Response(
        body=json.dumps(document(problem)).encode(),
        status=problem.status,
        content_type=MEDIA,
        headers=problem.headers,
    )


def from_error(error: Exception) -> Problem | None:  # noqa: PLR0911 (one line an error)
    """Return the problem that a known error is to a client; None for a bug."""
    match error:
        case Problem():
            return error
        case InvalidName():
            return Problem(
                HTTPStatus.BAD_REQUEST, "invalid_name", str(error), text=_short(error.text), reason=error.reason
            )
        case ValidationError():
            return _from_validation(error)
        case StoreError():
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "store_unavailable", str(error))
        case DishonestResolver():
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "dishonest_resolver", str(error))
        case DeliveryFailed():
            return Problem(HTTPStatus.BAD_GATEWAY, "delivery_failed", str(error))
        case ConfigurationError():
            return Problem(HTTPStatus.BAD_REQUEST, "invalid_request", str(error))
        case WatcherError():
            return Problem(HTTPStatus.BAD_REQUEST, "refused", str(error))
        case web.HTTPException():
            return _from_http(error)
        case _:
            return None


def _from_validation(error: ValidationError) -> Problem:
    complaints = [
        {"where": ".".join(str(part) for part in row["loc"]), "what": row["msg"].removeprefix("Value error, ")}
        for row in error.errors(include_url=False, include_input=False, include_context=False)[:20]
    ]
    first = complaints[0]
    where = f"{_short(first['where'])}: " if first["where"] else ""
    return Problem(HTTPStatus.BAD_REQUEST, "invalid_request", where + first["what"], errors=complaints)


def _from_http(error: web.HTTPException) -> Problem | None:
    """Return the problem for a refusal by aiohttp itself: an unknown path, a wrong method, a body too large."""
    headers = {name: value for name, value in error.headers.items() if name in {"Allow", "Location"}}
    match error:
        case web.HTTPNotFound():
            return Problem(error.status, "no_such_path", "there is nothing at this path; see /docs")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return Problem(error.status, "method_not_allowed", f"this path knows {allowed}", headers=headers)
        case web.HTTPRequestEntityTooLarge():
            return Problem(error.status, "too_large", "the body is too large")
        case web.HTTPError():
            return Problem(error.status, "refused", error.reason, headers=headers)
        case _:
            return None


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a problem document, as the outermost middleware."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        problem = from_error(error)
        if problem is None:
            raise
        return response(problem)
    except Exception as error:
        problem = from_error(error)
        if problem is None:
            log.exception("a request failed: %s %s", request.method, request.match_info.route.resource)
            problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "bug", "this is a bug in watcher; its log says more")
        return response(problem)


def _short(text: str) -> str:
    """Return one harmless line of what was sent."""
    return _one_line(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def _one_line(text: str) -> str:
    return text if text.isprintable() else ascii(text)[1:-1]
