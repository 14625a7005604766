"""`/scans`: ask for a sweep now, and see how far it is."""

from http import HTTPStatus
from typing import Annotated, Any

from pydantic import Field

from watcher.api import plan_models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing, Reply
from watcher.api.inputs import Line
from watcher.api.problems import Problem, not_found
from watcher.core.names.protected import parse_protected
from watcher.core.slips.candidates import DEFAULT_LIMIT
from watcher.services.answers.scans import TooManyScans
from watcher.services.names.tokens import Scope
from watcher.store import protected_names


class NewScan(Input):
    """Protected names to sweep; none: all of them."""

    names: Annotated[tuple[Line, ...], Field(max_length=1000)] = ()
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=DEFAULT_LIMIT, description="Candidates of each name, best first")


async def asked(call: Call[Nothing, NewScan]) -> Any:
    """Ask for a sweep, which begins before anything else that is due. 404 for a name that is not protected."""
    parts = call.parts
    names = [parse_protected(text, parts.suffixes)[0] for text in call.body.names]
    async with parts.store.read() as tx:
        known = (
            await protected_names.find_all(tx, names)
            if names
            else {row.name: row for row in await protected_names.list_all(tx)}
        )
    for name in names:
        if name not in known:
            raise not_found(name)
    if parts.scans is None:
        raise not_found("a sweep in this process")
    try:
        scan = parts.scans.ask(list(dict.fromkeys(names)) or list(known), call.body.limit)
    except TooManyScans as error:
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too_many_scans", str(error)) from error
    return Reply(scan, 202, {"Location": f"/api/v1/scans/{scan['id']}"})


async def one(call: Call[Nothing, Nothing]) -> Any:
    """Return the scan; it is forgotten when the service ends."""
    scan = None if call.parts.scans is None else call.parts.scans.found(call.path["id"])
    if scan is None:
        raise not_found(call.path["id"])
    return scan


_TAG = "scans"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "POST",
        "/api/v1/scans",
        asked,
        "Ask for a sweep now",
        _TAG,
        Nothing,
        NewScan,
        plan_models.Scan,
        (Scope.LOOKUP,),
        202,
        errors=(404, 429),
    ),
    Endpoint(
        "GET",
        "/api/v1/scans/{id}",
        one,
        "How far a scan is",
        _TAG,
        Nothing,
        Nothing,
        plan_models.Scan,
        (Scope.READ,),
        errors=(404,),
    ),
)
