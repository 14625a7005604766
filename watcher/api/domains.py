"""`/domains`: everything about one name, known or looked up now; what is known about many."""

from typing import Any

from aiohttp import web
from pydantic import Field

from watcher.api import models
from watcher.api.endpoints import LARGE_BODY, AnyEndpoint, Call, Endpoint, Input, Nothing
from watcher.api.guard import check_origin, check_scopes
from watcher.api.problems import Problem, document, from_error
from watcher.api.runner import packed
from watcher.core.errors import InvalidName
from watcher.core.names.names import Fqdn
from watcher.core.names.protected import parse_any
from watcher.core.shapes.known import check_json, known_json
from watcher.services.names.tokens import Scope

MOST_NAMES = 10_000
MOST_SHOWN = 300


class Freshness(Input):
    """Required freshness of the answer."""

    fresh: bool | None = Field(
        default=None,
        description="true: look now; false: only what is known; absent: what is known, or a look if nothing settled is",
    )


class Names(Input):
    """Many names."""

    names: tuple[str, ...] = Field(max_length=MOST_NAMES)


async def checked(call: Call[Freshness, Nothing]) -> Any:
    """Return the check shape. A look needs the scope `lookup`; a name that was never looked at has no `mail`."""
    name = parse_any(call.path["name"], call.parts.suffixes)
    fresh = call.query.fresh
    if fresh is not True:
        version = call.parts.store.version()
        body = call.parts.answers.find(name, version)
        if body is None:
            known = await call.parts.lookup.known(name)
            if fresh is False or known.settled:
                body = packed(check_json(known))
            if known.settled and body is not None:
                call.parts.answers.keep(name, version, body)
        if body is not None:
            return web.Response(body=body, content_type="application/json")
    check_origin(call.parts, call.request, call.request.host)
    try:
        check_scopes(call.caller, (Scope.LOOKUP,))
    except Problem as problem:
        if fresh is None:
            problem.detail += "; nothing settled is known of this name, and fresh=false asks for what is"
        raise
    async with call.parts.looking.one():
        return check_json(await call.parts.lookup.looked_at(name))


async def batch(call: Call[Nothing, Names]) -> Any:
    """Known verdicts and resemblance, in the order given, each name once; no lookups. An error is of its item alone."""
    wanted: dict[Fqdn | str, InvalidName | None] = {}
    for text in call.body.names:
        try:
            wanted.setdefault(parse_any(text, call.parts.suffixes), None)
        except InvalidName as error:
            wanted.setdefault(f"\0{text}", error)
    names = [Fqdn(name) for name, error in wanted.items() if error is None]
    async with call.parts.comparing.one():
        known = {row.name: known_json(row) for row in await call.parts.lookup.batch(names)}
    items = [known[name] if error is None else _wrong(name[1:], error) for name, error in wanted.items()]
    return {"items": items}


def _wrong(text: str, error: InvalidName) -> Any:
    problem = from_error(error)
    return {"given": text[:MOST_SHOWN], "error": None if problem is None else document(problem)}


_TAG = "domains"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/v1/domains/{name}",
        checked,
        "Can this name receive mail, whose is it, what does it resemble",
        _TAG,
        Freshness,
        Nothing,
        models.Check,
        (Scope.READ, Scope.LOOKUP),
        errors=(429,),
    ),
    Endpoint(
        "POST",
        "/api/v1/domains:batch",
        batch,
        f"What is known about up to {MOST_NAMES} names, without looking",
        _TAG,
        Nothing,
        Names,
        models.Batch,
        (Scope.READ,),
        errors=(429,),
        largest_body=LARGE_BODY,
    ),
)
