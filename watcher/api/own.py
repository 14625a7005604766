"""`/own`: the names that are ours; no page for their mail, watched for loss and change."""

from typing import Any

from pydantic import Field

from watcher.api import cursors, models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing, Reply
from watcher.api.inputs import Note, Paged
from watcher.api.problems import not_found
from watcher.core.names.protected import parse_protected
from watcher.services.names import protect
from watcher.services.names.protect import own_json
from watcher.services.names.tokens import Scope
from watcher.store import own_names


class NewOwn(Input):
    """A name that is ours."""

    name: str = Field(description="Domain, host, IDN, mailbox or URL")
    note: Note = Field(default="", description="Why, for people")


class OwnChange(Input):
    """A change of an own name."""

    note: Note


async def listed(call: Call[Paged, Nothing]) -> Any:
    """Return the own names by name."""
    after = cursors.decode(call.query.cursor, str)
    async with call.parts.store.read() as tx:
        found = await own_names.list_all(tx, after=after[0] if after else "", limit=call.query.limit + 1)
    return cursors.page(found, call.query.limit, lambda row: (row.name,), own_json)


async def added(call: Call[Nothing, NewOwn]) -> Any:
    """Add an own name: 201 when it is new; 200 when it was on the list before, and then it stays as it is."""
    done = await protect.add_own(
        call.parts.store,
        [call.body.name],
        suffixes=call.parts.suffixes,
        now=call.parts.clock.now(),
        note=call.body.note,
    )
    if done.new:
        await call.parts.changed()
    return Reply(await _shape(call, done.names[0]), 201 if done.new else 200)


async def one(call: Call[Nothing, Nothing]) -> Any:
    """Return the own name."""
    return await _shape(call, parse_protected(call.path["name"], call.parts.suffixes)[0])


async def changed(call: Call[Nothing, OwnChange]) -> Any:
    """Change the own name and return it as it is now."""
    name = parse_protected(call.path["name"], call.parts.suffixes)[0]
    async with call.parts.store.write() as tx:
        if not await own_names.change(tx, name, note=call.body.note):
            raise not_found(name)
    return await _shape(call, name)


async def removed(call: Call[Nothing, Nothing]) -> Any:
    """Remove the own name; it is watched like any other name from now on."""
    unknown = await protect.remove_own(call.parts.store, [call.path["name"]], suffixes=call.parts.suffixes)
    if unknown:
        raise not_found(unknown[0])
    await call.parts.changed()


async def _shape(call: Call[Any, Any], name: str) -> dict[str, Any]:
    async with call.parts.store.read() as tx:
        row = await own_names.find(tx, name)
    if row is None:
        raise not_found(name)
    return own_json(row)


_READ, _WRITE = (Scope.READ,), (Scope.WRITE,)
_LIST, _ONE, _TAG = "/api/v1/own", "/api/v1/own/{name}", "own"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint("GET", _LIST, listed, "The names that are ours", _TAG, Paged, Nothing, models.OwnPage, _READ),
    Endpoint("POST", _LIST, added, "Add a name that is ours", _TAG, Nothing, NewOwn, models.Own, _WRITE, 201, (200,)),
    Endpoint("GET", _ONE, one, "One own name", _TAG, Nothing, Nothing, models.Own, _READ, errors=(404,)),
    Endpoint("PATCH", _ONE, changed, "Change its note", _TAG, Nothing, OwnChange, models.Own, _WRITE, errors=(404,)),
    Endpoint("DELETE", _ONE, removed, "It is ours no more", _TAG, Nothing, Nothing, None, _WRITE, 204, errors=(404,)),
)
