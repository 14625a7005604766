"""`/exports`: block lists for gear that fetches them, with validators so that what did not change costs nothing."""

import asyncio
import hashlib
import re
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from typing import IO, Any, Literal

from aiohttp import hdrs, web
from pydantic import Field

from watcher.api import export_models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing
from watcher.api.problems import Problem, not_found
from watcher.core.blocking.selection import Select
from watcher.core.names.protected import parse_any
from watcher.core.shapes.exports import export_format_json
from watcher.core.shapes.times import JSON, time_json
from watcher.exports import ALL, FORMATS, misp
from watcher.exports.form import Form, Format, Omitted, Page, Plan, fitted
from watcher.services.blocking.block_lists import BlockLists, ListWish
from watcher.services.blocking.list_clients import ListClients
from watcher.services.blocking.publish import Publisher
from watcher.services.blocking.spool import SpooledList, spool
from watcher.services.names.tokens import Scope
from watcher.store.list_clients import ListClient

_GZIP = re.compile(r"(?:^|[,\s])(?:gzip|\*)(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
_PIECE = 64 * 1024
_MOST_KNOWN = 256
_CACHE = "private, no-cache"
"""A list may be kept, but not used without asking whether it is still so."""


class WantedExport(Input):
    """Query for a list; an absent member is as the settings say."""

    select: Literal["blocked", "able"] | None = Field(default=None, description="Instead of `exports.select`")
    min_likelihood: float | None = Field(default=None, ge=0, le=1, description="Instead of `exports.min_likelihood`")
    protected: tuple[str, ...] = Field(default=(), max_length=100, description="Only what resembles one of these")
    limit: int | None = Field(default=None, ge=0, le=10_000_000, description="So many names at most")
    offset: int = Field(default=0, ge=0, le=10_000_000, description="Leave out the first names")
    plan: Literal["none", "p1", "p2"] = Field(default="none", description="`m365`: Defender for Office 365")
    form: Literal["powershell", "csv"] = Field(default="powershell", description="`m365`: which form")


@dataclass(frozen=True, slots=True)
class Validators:
    """Validators that a client may compare: the strong entity tag of the plain bytes, and the time of change."""

    digest: str
    modified_at: datetime


class ExportDesk:
    """Source of lists. It remembers the validators of what was asked for last, for as long as nothing was decided."""

    def __init__(self, lists: BlockLists, publisher: Publisher, clients: ListClients) -> None:
        self.lists = lists
        self.publisher = publisher
        self.clients = clients
        self._inputs: object = None
        self._current: dict[tuple[str, ListWish], Validators] = {}
        self._known: OrderedDict[tuple[str, ListWish], Validators] = OrderedDict()
        self.spooling = asyncio.Semaphore(2)

    async def current(self, kind: str, wish: ListWish) -> Validators | None:
        """Return the validators of this list; None where it must be made to know them."""
        inputs = await self.lists.inputs()
        if inputs != self._inputs:
            self._inputs = inputs
            self._current.clear()
        return self._current.get((kind, wish))

    def note(self, kind: str, wish: ListWish, digest: str, now: datetime) -> Validators:
        """Remember a list that was made; when its content changed is when it was first seen so."""
        key = (kind, wish)
        before = self._known.pop(key, None)
        if before is None or before.digest != digest:
            before = Validators(digest, now.astimezone(UTC).replace(microsecond=0))
        self._known[key] = before
        self._current[key] = before
        while len(self._known) > _MOST_KNOWN:
            gone, _ = self._known.popitem(last=False)
            self._current.pop(gone, None)
        return before


async def listed(_call: Call[Nothing, Nothing]) -> Any:
    """Return every format with its limit and its guides."""
    return {"items": [export_format_json(chosen) for chosen in ALL]}


async def exported(call: Call[WantedExport, Nothing]) -> Any:
    """Return the list in one format."""
    kind = call.path["kind"]
    chosen = FORMATS.get(kind)
    if chosen is None:
        raise not_found(f"the format {kind}")
    desk = _desk(call)
    wish = await _wish(call, desk, chosen)
    packed = _GZIP.search(call.request.headers.get(hdrs.ACCEPT_ENCODING, "").lower()) is not None
    known = await desk.current(kind, wish)
    if known is not None and is_fresh(call.request, known):
        await note_client(call, desk, kind, _mark(known, wish, kind))
        return web.Response(status=304, headers=_headers(known, packed=packed))
    async with desk.spooling:
        made = await spool(desk.lists, chosen, wish)
    validators = desk.note(kind, wish, made.digest, call.parts.clock.now())
    await note_client(call, desk, kind, _mark(validators, wish, kind))
    if is_fresh(call.request, validators):
        made.file.close()
        return web.Response(status=304, headers=_headers(validators, packed=packed))
    return await _sent(call.request, chosen, made, _headers(validators, packed=packed), packed=packed)


async def note_client(call: Call[Any, Any], desk: ExportDesk, kind: str, serial: str) -> None:
    """Note who fetches a list, for the page that shows it."""
    peer = call.request.transport.get_extra_info("peername") if call.request.transport else None
    await desk.clients.note(kind, call.caller.token, str(peer[0]) if peer else "", serial)


def _mark(known: Validators, wish: ListWish, kind: str) -> str:
    return str(wish.about.serial) if kind == "rpz" else known.digest[:12]


async def list_clients(call: Call[Nothing, Nothing]) -> Any:
    """Return the clients that fetch block lists, the newest fetch first."""
    return {"items": [list_client_json(row) for row in await _desk(call).clients.list_all()]}


async def misp_file(call: Call[Nothing, Nothing]) -> Any:
    """Return one file of the MISP feed folder: the manifest, the hashes, or an event."""
    desk = _desk(call)
    entries = [entry async for page in desk.lists.pages(desk.lists.rules) for entry in page]
    about = desk.lists.about
    files = misp.feed(fitted(misp.FORMAT, entries, about, omitted=Omitted()), about)
    wanted = call.path["file"]
    text = await asyncio.to_thread(lambda: next((text for name, text in files if name == wanted), None))
    if text is None:
        raise not_found(f"the file {wanted}")
    await note_client(call, desk, misp.FORMAT.name, hashlib.sha256(text.encode()).hexdigest()[:12])
    kind = "text/csv" if wanted == misp.HASHES else "application/json"
    return web.Response(body=text.encode(), content_type=kind, headers={"Cache-Control": _CACHE})


def list_client_json(row: ListClient) -> JSON:
    """Return the shape of a client of the block lists."""
    return {
        "kind": row.kind,
        "holder": row.holder,
        "address": row.address,
        "fetched_at": time_json(row.fetched_at),
        "serial": row.serial,
        "changed_at": time_json(row.changed_at),
    }


def is_fresh(request: web.BaseRequest, known: Validators) -> bool:
    """Return whether the client has this list: by its tag, or by its date where it sent no tag (RFC 9110 13.2.2)."""
    tags = request.headers.getall(hdrs.IF_NONE_MATCH, [])
    if tags:
        ours = {_tag(known, packed=False), _tag(known, packed=True), "*"}
        return any(tag.strip().removeprefix("W/") in ours for tag in ",".join(tags).split(","))
    since = request.headers.get(hdrs.IF_MODIFIED_SINCE)
    if since is None:
        return False
    try:
        return known.modified_at <= parsedate_to_datetime(since).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return False


async def _wish(call: Call[WantedExport, Nothing], desk: ExportDesk, chosen: Format) -> ListWish:
    query, rules = call.query, desk.lists.rules
    rules = replace(
        rules,
        select=rules.select if query.select is None else Select(query.select),
        min_likelihood=rules.min_likelihood if query.min_likelihood is None else query.min_likelihood,
        protected=frozenset(parse_any(name, call.parts.suffixes) for name in query.protected),
    )
    about = replace(desk.lists.about, plan=Plan(query.plan), form=Form(query.form))
    if chosen.name == "rpz":
        await desk.publisher.refresh()
        about = replace(about, serial=(await desk.publisher.serial()))
    return ListWish(rules, about, Page(query.limit, query.offset))


def _desk(call: Call[Any, Any]) -> ExportDesk:
    if call.parts.exports is None:
        raise Problem(503, "no_exports", "this process hands out no block lists")
    return call.parts.exports


def _tag(known: Validators, *, packed: bool) -> str:
    return f'"{known.digest}{"-gzip" if packed else ""}"'


def _headers(known: Validators, *, packed: bool) -> dict[str, str]:
    return {
        hdrs.ETAG: _tag(known, packed=packed),
        hdrs.LAST_MODIFIED: format_datetime(known.modified_at, usegmt=True),
        hdrs.CACHE_CONTROL: _CACHE,
        hdrs.VARY: hdrs.ACCEPT_ENCODING,
    }


async def _sent(
    request: web.BaseRequest, chosen: Format, made: SpooledList, headers: dict[str, str], *, packed: bool
) -> web.StreamResponse:
    """Send the list; memory stays flat."""
    response = web.StreamResponse(
        headers={
            **headers,
            hdrs.CONTENT_TYPE: chosen.media if "json" in chosen.media else f"{chosen.media}; charset=utf-8",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="watcher-{chosen.name}.{chosen.extension}"',
            "X-Watcher-Omitted": str(made.omitted.count),
        }
    )
    if packed:
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
    else:
        response.content_length = made.size
    with made.file as file:
        await response.prepare(request)
        if request.method != hdrs.METH_HEAD:
            async for piece in _pieces(file, packed=packed):
                await response.write(piece)
        await response.write_eof()
    return response


async def _pieces(file: IO[bytes], *, packed: bool) -> AsyncIterator[bytes]:
    pack = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    while piece := await asyncio.to_thread(file.read, _PIECE):
        packed_piece = await asyncio.to_thread(partial(pack.compress, piece)) if packed else piece
        if packed_piece:
            yield packed_piece
    if packed:
        yield pack.flush()


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/v1/exports",
        listed,
        "The export formats, with their limits and how each consumer loads them",
        "exports",
        Nothing,
        Nothing,
        export_models.ExportFormats,
        (Scope.READ,),
    ),
    Endpoint(
        "GET",
        "/api/v1/list-clients",
        list_clients,
        "Who fetches block lists: when, and what each client has",
        "exports",
        Nothing,
        Nothing,
        export_models.ListClients,
        (Scope.READ,),
        errors=(503,),
    ),
    Endpoint(
        "GET",
        "/api/v1/exports/{kind}",
        exported,
        "The block list in one format",
        "exports",
        WantedExport,
        Nothing,
        None,
        (Scope.READ,),
        also=(304,),
        media="text/plain",
        also_media=tuple(dict.fromkeys(chosen.media for chosen in ALL if chosen.media != "text/plain")),
        errors=(404,),
        for_gear=True,
    ),
    Endpoint(
        "GET",
        "/api/v1/exports/misp/{file}",
        misp_file,
        "One file of the MISP feed folder",
        "exports",
        Nothing,
        Nothing,
        None,
        (Scope.READ,),
        also_media=("text/csv",),
        errors=(404,),
        for_gear=True,
    ),
)
