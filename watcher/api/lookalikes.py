"""`/lookalikes`: the names that exist and resemble protected ones, and what people decided about them."""

from typing import Annotated, Any

from pydantic import Field

from watcher.api import cursors, models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing
from watcher.api.inputs import Line, Moment, Note, Paged
from watcher.api.problems import not_found
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Basis
from watcher.core.names.names import Fqdn
from watcher.core.names.protected import parse_any, parse_protected
from watcher.core.shapes.known import lookalike_json
from watcher.core.states.lookalike import Triage
from watcher.services.answers.lists import list_rows
from watcher.services.answers.lookup import known_row
from watcher.services.names import triage
from watcher.services.names.tokens import Scope
from watcher.store import lookalikes, protected_names, resemblances
from watcher.store.lookalike_lists import ListPlace, Order
from watcher.store.lookalikes import Wanted
from watcher.techniques import known_technique

MOST_AT_ONCE = 10_000


class WantedLookalikes(Paged):
    """Query for lookalikes; an absent member matches all."""

    protected: str | None = Field(default=None, description="They resemble this one")
    ability: Ability | None = Field(default=None, description="Whether mail is delivered")
    basis: Basis | None = Field(default=None, description="By which rule")
    severity: Severity | None = Field(default=None, description="This severity or worse")
    technique: Annotated[Line, Field(max_length=64)] | None = Field(default=None, description="How they resemble")
    triage: Triage | None = Field(default=None, description="What was decided")
    q: Annotated[Line, Field(min_length=1, max_length=253)] | None = Field(
        default=None, description="A part of the name, in either form"
    )
    since: Moment | None = Field(default=None, description="First seen then or later")
    all_hosts: bool = Field(
        default=False, description="Every host that a wildcard answers for; else the first of them, with `more_hosts`"
    )


class TriageChange(Input):
    """A decision of people. While it is `owned` the name is on the own list, while it is `ignored` it is silenced."""

    triage: Triage | None = Field(default=None, description="Absent: what was decided stays")
    note: Note | None = Field(default=None, description="Why; absent: the note stays")


class TriageOfMany(Input):
    """One decision for many names; all or nothing."""

    triage: Triage
    note: Note | None = Field(default=None, description="Why; absent: the notes stay")
    names: tuple[str, ...] = Field(min_length=1, max_length=MOST_AT_ONCE)


async def listed(call: Call[WantedLookalikes, Nothing]) -> Any:
    """Return the lookalikes by name."""
    query = call.query
    after = cursors.decode(query.cursor, str)
    protected = None if query.protected is None else parse_protected(query.protected, call.parts.suffixes)[0]
    wanted = Wanted(
        protected=protected,
        ability=query.ability,
        basis=query.basis,
        severity=query.severity,
        technique=None if query.technique is None else known_technique(query.technique),
        triage=query.triage,
        text=query.q,
        since=query.since,
        collapsed=not query.all_hosts,
    )
    async with call.parts.store.read() as tx:
        if protected is not None and await protected_names.find(tx, protected) is None:
            raise not_found(protected)  # an empty list would read as "nothing found"
        place = ListPlace(after[0]) if after else None
        found = await list_rows(tx, wanted, Order.NAME, after=place, limit=query.limit + 1)
    return cursors.page(found, query.limit, lambda row: (row.name,), lookalike_json)


async def one(call: Call[Nothing, Nothing]) -> Any:
    """Return the lookalike."""
    return await _shape(call, parse_any(call.path["name"], call.parts.suffixes))


async def triaged(call: Call[Nothing, TriageChange]) -> Any:
    """Change the triage and return the lookalike as it is now."""
    name = parse_any(call.path["name"], call.parts.suffixes)
    shape = await _shape(call, name)
    change = call.body
    if change.triage is None and change.note is None:
        return shape
    await _decide(call, [name], change.triage or Triage(shape["triage"]), change.note, votes=change.triage is not None)
    return await _shape(call, name)


async def triaged_many(call: Call[Nothing, TriageOfMany]) -> Any:
    """Triage the names and return those that were triaged."""
    wanted = list(dict.fromkeys(parse_any(text, call.parts.suffixes) for text in call.body.names))
    await _decide(call, wanted, call.body.triage, call.body.note)
    return {"triaged": wanted}


async def _decide(
    call: Call[Any, Any], wanted: list[Fqdn], decision: Triage, note: str | None, *, votes: bool = True
) -> None:
    unknown = await triage.decide(
        call.parts.store, wanted, decision, note=note, now=call.parts.clock.now(), by=call.caller.token, votes=votes
    )
    if unknown:
        raise not_found(unknown[0])
    await call.parts.changed()  # the own list may have grown or shrunk


async def _shape(call: Call[Any, Any], name: str) -> dict[str, Any]:
    async with call.parts.store.read() as tx:
        row = await lookalikes.find(tx, name)
        if row is None:
            raise not_found(name)
        resembling = await resemblances.find_all(tx, [name])
    return lookalike_json(known_row(row, resembling[name]))


_READ, _WRITE = (Scope.READ,), (Scope.WRITE,)
_LIST, _ONE, _TAG = "/api/v1/lookalikes", "/api/v1/lookalikes/{name}", "lookalikes"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        _LIST,
        listed,
        "Existing names that resemble protected ones",
        _TAG,
        WantedLookalikes,
        Nothing,
        models.LookalikePage,
        _READ,
        errors=(404,),
    ),
    Endpoint("GET", _ONE, one, "One lookalike", _TAG, Nothing, Nothing, models.Lookalike, _READ, errors=(404,)),
    Endpoint("PATCH", _ONE, triaged, "Triage it", _TAG, Nothing, TriageChange, models.Lookalike, _WRITE, errors=(404,)),
    Endpoint(
        "POST",
        "/api/v1/lookalikes:triage",
        triaged_many,
        "Triage many at once, all or nothing",
        _TAG,
        Nothing,
        TriageOfMany,
        models.Triaged,
        _WRITE,
        errors=(404,),
        largest_body=4 * 1024 * 1024,
    ),
)
