"""`/protected`: the protected names."""

from typing import Any

from pydantic import Field

from watcher.api import cursors, models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing, Reply
from watcher.api.inputs import Owner, Paged, Tags
from watcher.api.problems import not_found
from watcher.core.names.protected import parse_protected
from watcher.services.names import protect
from watcher.services.names.protect import protected_json
from watcher.services.names.tokens import Scope
from watcher.store import protected_names, shards


class NewProtected(Input):
    """A name to protect."""

    name: str = Field(description="Domain, host, IDN, mailbox, URL or suffix (`.mil`)")
    owner: Owner | None = Field(default=None, description="Whose it is, for people")
    tags: Tags = Field(default=(), description="Free words")


class ProtectedChange(Input):
    """A change of a protected name; an absent member stays."""

    owner: Owner | None = Field(default=None, description="Whose it is; null for nobody's")
    tags: Tags = Field(default=(), description="Free words, instead of those before")


async def listed(call: Call[Paged, Nothing]) -> Any:
    """Return the protected names by name."""
    after = cursors.decode(call.query.cursor, str)
    async with call.parts.store.read() as tx:
        found = await protected_names.list_all(tx, after=after[0] if after else "", limit=call.query.limit + 1)
        baselines = await shards.find_baselines(tx, [row.name for row in found])
    return cursors.page(
        found, call.query.limit, lambda row: (row.name,), lambda row: protected_json(row, baselines[row.name])
    )


async def added(call: Call[Nothing, NewProtected]) -> Any:
    """Add a protected name: 201 when it is new; 200 when it was protected before, and then it stays as it is."""
    parts = call.parts
    done = await protect.protect(
        parts.store,
        [call.body.name],
        suffixes=parts.suffixes,
        now=parts.clock.now(),
        owner=call.body.owner,
        tags=call.body.tags,
    )
    if done.new:
        await parts.changed()
    shape = await _shape(call, done.names[0])
    return Reply(shape, 201 if done.new else 200, {"Location": f"/api/v1/protected/{done.names[0]}"})


async def one(call: Call[Nothing, Nothing]) -> Any:
    """Return the protected name."""
    return await _shape(call, _name(call))


async def changed(call: Call[Nothing, ProtectedChange]) -> Any:
    """Change the protected name and return it as it is now."""
    name = _name(call)
    fields: dict[str, Any] = {}
    if "owner" in call.body.model_fields_set:
        fields["owner"] = call.body.owner
    if "tags" in call.body.model_fields_set:
        fields["tags"] = list(call.body.tags)
    if fields:
        async with call.parts.store.write() as tx:
            if not await protected_names.change(tx, name, **fields):
                raise not_found(name)
    return await _shape(call, name)


async def removed(call: Call[Nothing, Nothing]) -> Any:
    """Remove the protected name. Its lookalikes that resemble nothing else go with it; events stay."""
    unknown = await protect.unprotect(call.parts.store, [call.path["name"]], suffixes=call.parts.suffixes)
    if unknown:
        raise not_found(unknown[0])
    await call.parts.changed()


def _name(call: Call[Any, Any]) -> str:
    return parse_protected(call.path["name"], call.parts.suffixes)[0]


async def _shape(call: Call[Any, Any], name: str) -> dict[str, Any]:
    async with call.parts.store.read() as tx:
        row = await protected_names.find(tx, name)
        if row is None:
            raise not_found(name)
        baselines = await shards.find_baselines(tx, [name])
    return protected_json(row, baselines[name])


_READ, _WRITE = (Scope.READ,), (Scope.WRITE,)
_LIST, _ONE, _TAG = "/api/v1/protected", "/api/v1/protected/{name}", "protected"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint("GET", _LIST, listed, "The protected names", _TAG, Paged, Nothing, models.ProtectedPage, _READ),
    Endpoint(
        "POST", _LIST, added, "Protect a name", _TAG, Nothing, NewProtected, models.Protected, _WRITE, 201, (200,)
    ),
    Endpoint("GET", _ONE, one, "One protected name", _TAG, Nothing, Nothing, models.Protected, _READ, errors=(404,)),
    Endpoint(
        "PATCH",
        _ONE,
        changed,
        "Change its owner or tags",
        _TAG,
        Nothing,
        ProtectedChange,
        models.Protected,
        _WRITE,
        errors=(404,),
    ),
    Endpoint("DELETE", _ONE, removed, "Stop protecting it", _TAG, Nothing, Nothing, None, _WRITE, 204, errors=(404,)),
)
