"""`/lookalikes`: filter, sort, select, triage many at once, and take it back."""

from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from pydantic import BeforeValidator, Field

from watcher.api import cursors
from watcher.api.endpoints import AnyEndpoint, Call, Input, Nothing
from watcher.api.inputs import Line, Note
from watcher.api.problems import Problem, not_found
from watcher.core.events import Grade
from watcher.core.known import Known
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Basis, Flag
from watcher.core.names.protected import parse_any, parse_protected
from watcher.core.shapes.known import lookalike_json
from watcher.core.states.lookalike import Triage
from watcher.services.answers.lists import NameListing, list_known
from watcher.services.names import triage
from watcher.store import filters
from watcher.store.filters import FilterRow
from watcher.store.lookalike_lists import ListPlace, Order
from watcher.store.lookalikes import Wanted
from watcher.techniques import ALL as TECHNIQUES
from watcher.web.page import MOST_ROWS, PageRows, Shown, back, form, page, view

PAGE = 50
_MOST_UNDOS = 100


def _empty_is_absent(value: object) -> object:
    return None if value == "" else value


_Absent = BeforeValidator(_empty_is_absent)
_Text = Annotated[Line | None, Field(default=None, max_length=253), _Absent]


class ListColumn(StrEnum):
    """A column that the list can show, besides the name."""

    SEVERITY = "severity"
    MAIL = "mail"
    RESEMBLES = "resembles"
    TECHNIQUES = "techniques"
    GRADE = "grade"
    LIKELIHOOD = "likelihood"
    FLAGS = "flags"
    REGISTRAR = "registrar"
    REGISTERED = "registered"
    NAMESERVERS = "nameservers"
    FIRST_SEEN = "first_seen"
    SETTLED = "settled"
    TRIAGE = "triage"


COLUMNS = (
    ListColumn.SEVERITY,
    ListColumn.MAIL,
    ListColumn.RESEMBLES,
    ListColumn.FIRST_SEEN,
    ListColumn.TRIAGE,
)
"""The columns where none were chosen."""


class Filter(Shown):
    """The filter of lookalikes; an absent field holds for all."""

    q: _Text = None
    protected: _Text = None
    ability: Annotated[Ability | None, _Absent] = None
    basis: Annotated[Basis | None, _Absent] = None
    flag: Annotated[Flag | None, _Absent] = None
    severity: Annotated[Severity | None, _Absent] = None
    grade: Annotated[Grade | None, _Absent] = None
    technique: _Text = None
    registrar: _Text = None
    exchange: _Text = None
    triage: Annotated[Triage | None, _Absent] = None
    since: Annotated[datetime | None, _Absent] = None
    sort: Annotated[Order | None, _Absent] = None
    all_hosts: Annotated[bool | None, _Absent] = Field(default=None, description="Also every host of one wildcard")
    column: tuple[ListColumn, ...] = Field(default=(), max_length=20, description="Columns to show; may be repeated")
    cursor: _Text = None


class TriageForm(Input):
    """The decision about the marked names."""

    names: tuple[str, ...] = Field(min_length=1, max_length=10_000)
    triage: Triage
    note: Note | None = None
    back: Annotated[str, Field(max_length=4000)] | None = None


class UndoForm(Input):
    """The change that is taken back."""

    undo: Annotated[str, Field(max_length=64)]
    back: Annotated[str, Field(max_length=4000)] | None = None


class FilterForm(Input):
    """A filter to keep, or to drop."""

    name: Annotated[Line, Field(min_length=1, max_length=80)]
    query: Annotated[Line, Field(max_length=2000)] = ""


class Undos:
    """Earlier decisions, by the id that the page after a change holds; the newest hundred, until the process ends."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Known, ...]] = OrderedDict()

    def keep(self, key: str, before: tuple[Known, ...]) -> str:
        """Remember what was decided before a change."""
        self._kept[key] = before
        while len(self._kept) > _MOST_UNDOS:
            self._kept.popitem(last=False)
        return key

    def take(self, key: str) -> tuple[Known, ...]:
        """Return what was decided before, once; empty when it is not known any more."""
        return self._kept.pop(key, ())


UNDOS = Undos()


def wanted_of(query: Filter, call: Call[Any, Any]) -> Wanted:
    """Return the conditions of a filter. Raises InvalidName."""
    return Wanted(
        protected=None if query.protected is None else parse_protected(query.protected, call.parts.suffixes)[0],
        ability=query.ability,
        basis=query.basis,
        severity=query.severity,
        technique=query.technique,
        triage=query.triage,
        text=query.q,
        since=query.since,
        flag=query.flag,
        grade=query.grade,
        registrar=query.registrar,
        exchange=query.exchange,
        collapsed=not query.all_hosts,
    )


async def listed(call: Call[Filter, Nothing]) -> web.Response:
    """Return the list."""
    query, order = call.query, call.query.sort or Order.WORST
    key = cursors.decode(query.cursor, str, int, str)
    after = None if key is None else ListPlace(key[0], key[1], datetime.fromisoformat(key[2]) if key[2] else None)
    wanted = wanted_of(query, call)
    if query.format != "html":
        wanted = replace(wanted, collapsed=False)
    limit = PAGE if query.format == "html" else MOST_ROWS
    async with call.parts.store.read() as tx:
        listing: NameListing = await list_known(tx, wanted, order, after=after, limit=limit)
        saved = await filters.list_all(tx)
    last = listing.last
    cursor = None
    if listing.more and last is not None:
        seen = last.first_seen_at.isoformat() if last.first_seen_at else ""
        cursor = cursors.encode((last.name, last.severity_rank, seen))
    return page(
        call,
        "lookalikes.html",
        PageRows("lookalikes", listing.rows, lookalike_json),
        query=query,
        listing=listing,
        order=order,
        next_cursor=cursor,
        saved=saved,
        conditions=_conditions(call),
        choices=_CHOICES,
        triages=list(Triage),
        columns=query.column or COLUMNS,
        all_columns=list(ListColumn),
    )


def _conditions(call: Call[Any, Any]) -> str:
    """The query string of the filter alone: what a saved filter keeps."""
    dropped = {"cursor", "format", "done", "undo"}
    return urlencode([(key, value) for key, value in call.request.query.items() if key not in dropped and value])


_CHOICES = {
    "ability": list(Ability),
    "severity": list(reversed(Severity)),
    "grade": list(Grade),
    "triage": list(Triage),
    "basis": list(Basis),
    "flag": list(Flag),
    "technique": sorted(technique.NAME for technique in TECHNIQUES),
    "sort": list(Order),
}


async def triaged(call: Call[Nothing, TriageForm]) -> web.Response:
    """Decide about the marked names; the page that comes next offers to take it back."""
    body, suffixes = call.body, call.parts.suffixes
    names = list(dict.fromkeys(parse_any(text, suffixes) for text in body.names))
    before = tuple([await call.parts.lookup.known(name) for name in names[:1000]])
    await _decide(call, names, body.triage, body.note)
    key = UNDOS.keep(call.parts.store.ids(), before)
    number = f"{len(names)} names are" if len(names) > 1 else f"{names[0]} is"
    return back(body.back, "/lookalikes", done=f"{number} {body.triage} now", undo=key)


async def undone(call: Call[Nothing, UndoForm]) -> web.Response:
    """Take the last decision back."""
    before = UNDOS.take(call.body.undo)
    for known in before:
        if known.triage is not None:
            await _decide(call, [parse_any(known.name, call.parts.suffixes)], Triage(known.triage), known.triage_note)
    return back(
        call.body.back, "/lookalikes", done="It is as it was before" if before else "Too late to take that back"
    )


async def _decide(call: Call[Any, Any], names: list[Any], decision: Triage, note: str | None) -> None:
    unknown = await triage.decide(
        call.parts.store, names, decision, note=note, now=call.parts.clock.now(), by=call.caller.token
    )
    if unknown:
        raise not_found(unknown[0])
    await call.parts.changed()


async def kept(call: Call[Nothing, FilterForm]) -> web.Response:
    """Keep a filter under a name."""
    query = urlencode([(key, value) for key, value in parse_qsl(call.body.query) if key in Filter.model_fields])
    row = FilterRow(call.body.name, query, call.parts.clock.now(), call.caller.token)
    async with call.parts.store.write() as tx:
        await filters.save(tx, row)
    return back(f"/lookalikes?{query}", "/lookalikes", done=f"The filter {row.name} is kept")


async def dropped(call: Call[Nothing, FilterForm]) -> web.Response:
    """Drop a saved filter."""
    async with call.parts.store.write() as tx:
        if not await filters.remove(tx, call.body.name):
            raise Problem(404, "not_found", f"there is no filter {call.body.name}")
    return back(None, "/lookalikes", done=f"The filter {call.body.name} is gone")


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    view("/lookalikes", listed, "The lookalikes", Filter),
    form("/lookalikes/triage", triaged, "Triage the marked names", TriageForm),
    form("/lookalikes/undo", undone, "Take the last triage back", UndoForm),
    form("/filters/save", kept, "Keep a filter", FilterForm),
    form("/filters/remove", dropped, "Drop a filter", FilterForm),
)
