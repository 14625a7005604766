"""`/silences`: rules under which events are recorded and nobody is notified."""

from typing import Any, Literal

from pydantic import Field

from watcher.api import cursors, models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing
from watcher.api.inputs import Moment, Note, Paged
from watcher.api.problems import not_found
from watcher.core.telling.alerts import SilenceScope
from watcher.services.names import silence
from watcher.services.names.silence import silence_json
from watcher.services.names.tokens import Scope
from watcher.store import silences


class Wanted(Paged):
    """Query for silences."""

    active: bool = Field(default=False, description="Only those in force now")


class NewSilence(Input):
    """A silence to add."""

    scope: Literal["name", "suffix", "technique", "protected"] = Field(description="What `value` is")
    value: str = Field(min_length=1, max_length=300, description="A name, a suffix, a technique or a protected name")
    until: Moment | None = Field(default=None, description="Null: until it is removed")
    note: Note = Field(default="", description="Why, for people")


class SilenceChange(Input):
    """A change of a silence; an absent member stays."""

    until: Moment | None = Field(default=None, description="Null: until it is removed")
    note: Note = Field(default="", description="Why, for people")


async def listed(call: Call[Wanted, Nothing]) -> Any:
    """Return the silences, oldest first."""
    wanted = call.query
    after = cursors.decode(wanted.cursor, str)
    async with call.parts.store.read() as tx:
        found = await silences.list_all(
            tx,
            active_at=call.parts.clock.now() if wanted.active else None,
            after=after[0] if after else "",
            limit=wanted.limit + 1,
        )
    return cursors.page(found, wanted.limit, lambda row: (row.id,), silence_json)


async def added(call: Call[Nothing, NewSilence]) -> Any:
    """Add a silence, which is in force at once."""
    return silence_json(
        await silence.add(
            call.parts.store,
            SilenceScope(call.body.scope),
            call.body.value,
            suffixes=call.parts.suffixes,
            now=call.parts.clock.now(),
            until=call.body.until,
            note=call.body.note,
            by=call.caller.token,
        )
    )


async def one(call: Call[Nothing, Nothing]) -> Any:
    """Return the silence."""
    async with call.parts.store.read() as tx:
        row = await silences.find(tx, call.path["id"])
    if row is None:
        raise not_found(call.path["id"])
    return silence_json(row)


async def changed(call: Call[Nothing, SilenceChange]) -> Any:
    """Change the silence and return it as it is now."""
    row = await silence.change(
        call.parts.store, call.path["id"], call.body.model_dump(exclude_unset=True), now=call.parts.clock.now()
    )
    if row is None:
        raise not_found(call.path["id"])
    return silence_json(row)


async def removed(call: Call[Nothing, Nothing]) -> Any:
    """Remove the silence; alerts are sent again for what happens from now on."""
    async with call.parts.store.write() as tx:
        if not await silences.remove(tx, call.path["id"]):
            raise not_found(call.path["id"])


_READ, _WRITE = (Scope.READ,), (Scope.WRITE,)
_LIST, _ONE, _TAG = "/api/v1/silences", "/api/v1/silences/{id}", "silences"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint("GET", _LIST, listed, "The silences", _TAG, Wanted, Nothing, models.SilencePage, _READ),
    Endpoint("POST", _LIST, added, "Add a silence", _TAG, Nothing, NewSilence, models.Silence, _WRITE, 201),
    Endpoint("GET", _ONE, one, "One silence", _TAG, Nothing, Nothing, models.Silence, _READ, errors=(404,)),
    Endpoint(
        "PATCH",
        _ONE,
        changed,
        "Change its end or note",
        _TAG,
        Nothing,
        SilenceChange,
        models.Silence,
        _WRITE,
        errors=(404,),
    ),
    Endpoint("DELETE", _ONE, removed, "Remove a silence", _TAG, Nothing, Nothing, None, _WRITE, 204, errors=(404,)),
)
