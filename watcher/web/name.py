"""`/names/{name}`: everything about one name, and what a person decides about it."""

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from watcher.api.endpoints import AnyEndpoint, Call, Nothing
from watcher.checks import VOCABULARY
from watcher.core.events import Event
from watcher.core.known import Known
from watcher.core.names.protected import parse_any
from watcher.core.report import Purpose
from watcher.core.shapes.known import check_json
from watcher.core.states.lookalike import Triage
from watcher.core.telling.report import report_of
from watcher.services.answers.report import find_objection
from watcher.store import lookalike_lists, lookalikes, outbox
from watcher.store.outbox import Told
from watcher.web.page import PageRows, Shown, page, view

_SHARING = 10


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline: an event with what became of it, or a date of the registry."""

    at: datetime
    event: Event | None = None
    what: str = ""
    told: Told | None = None


async def one(call: Call[Shown, Nothing]) -> web.Response:
    """Return the page; nothing is asked outside."""
    name = parse_any(call.path["name"], call.parts.suffixes)
    known = await call.parts.lookup.known(name)
    async with call.parts.store.read() as tx:
        told = await outbox.find_told(tx, [event.id for event in known.history])
        row = await lookalikes.find(tx, name)
        sharing = {} if row is None else await lookalike_lists.list_sharing(tx, row, limit=_SHARING)
    refused = await find_objection(known, store=call.parts.store)
    listed = (
        []
        if call.parts.exports is None
        else await call.parts.exports.lists.explain(name, call.parts.exports.lists.rules)
    )
    return page(
        call,
        "name.html",
        PageRows(known.name, [known], check_json),
        known=known,
        timeline=_timeline(known, told),
        sharing=sharing,
        listed=listed,
        report=report_of(known, VOCABULARY) if refused is None else None,
        gateway_lines=[] if call.parts.exports is None else await call.parts.exports.lists.lines_of(name),
        purposes=list(Purpose),
        triages=list(Triage),
    )


def _timeline(known: Known, told: dict[str, Told]) -> list[Moment]:
    """Return what happened, newest first: events, and the registry's dates."""
    moments = [Moment(event.at, event, told=told.get(event.id)) for event in known.history]
    facts = known.registration
    if facts is not None:
        dates = ((facts.created_at, "registered"), (facts.updated_at, "changed"), (facts.expires_at, "expires"))
        moments += [Moment(at, what=f"{what}, as its registry says") for at, what in dates if at is not None]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)


ENDPOINTS: tuple[AnyEndpoint, ...] = (view("/names/{name}", one, "Everything about one name"),)
