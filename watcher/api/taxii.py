"""TAXII 2.1, read-only: the block list as STIX objects, for platforms that fetch intelligence.

Clients have known faults. Some send `added_after` and `next` together, and some loop where two objects have one time.
So every object has a time of its own (`date_added`, in microseconds), `added_after` is exclusive, the order is
ascending, and `next` says all that is needed, whatever else is sent with it.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from aiohttp import hdrs, web
from pydantic import Field

from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing, Whatever
from watcher.api.exports import ExportDesk, note_client
from watcher.api.problems import Problem, not_found
from watcher.exports.form import NAMESPACE, Tlp, name_based
from watcher.exports.stix import MOST_OBJECTS, StixSubject, common_objects, domain_object, objects_of
from watcher.services.names.tokens import Scope
from watcher.store import Tx, block_list
from watcher.store.block_list import ListedEntry

MEDIA = "application/taxii+json;version=2.1"
COLLECTION = name_based(NAMESPACE, "collection")
ROOT = "lookalikes"
_ROOT_PATH = f"/taxii2/{ROOT}/"
_STIX = "application/stix+json;version=2.1"
_MOST = 1_000
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class StixItem(NamedTuple):
    """One object with its time."""

    added: datetime
    id: str
    kind: str
    version: str
    text: str


class WantedObjects(Whatever):
    """Query for objects. Parameters nobody knows are ignored, as TAXII wants it."""

    added_after: str | None = Field(default=None, max_length=64, description="Only what was added later")
    limit: int = Field(default=_MOST, ge=1, description=f"So many objects at most, {_MOST} in any case")
    next: str | None = Field(default=None, max_length=64, description="As the page before gave it")
    match_id: str | None = Field(default=None, alias="match[id]", max_length=4096, description="Only these ids")
    match_type: str | None = Field(default=None, alias="match[type]", max_length=512, description="Only these types")
    match_version: str | None = Field(
        default=None, alias="match[version]", max_length=512, description="`first`, `last`, `all`, or times"
    )
    match_spec_version: str | None = Field(default=None, alias="match[spec_version]", max_length=64)


async def discovered(_call: Call[Any, Nothing]) -> Any:
    """Return the server, with its one API root."""
    return _answer({"title": "watcher", "description": _ABOUT, "default": _ROOT_PATH, "api_roots": [_ROOT_PATH]})


async def rooted(_call: Call[Any, Nothing]) -> Any:
    """Return the API root."""
    return _answer({"title": "watcher", "description": _ABOUT, "versions": [MEDIA], "max_content_length": 0})


async def collections(_call: Call[Any, Nothing]) -> Any:
    """Return the one collection."""
    return _answer({"collections": [_collection()]})


async def collection(call: Call[Any, Nothing]) -> Any:
    """Return the collection."""
    _known(call)
    return _answer(_collection())


async def objects(call: Call[WantedObjects, Nothing]) -> Any:
    """Return the objects, the oldest first."""
    items, more, cursor = await _page(call)
    desk = _known(call)
    await note_client(call, desk, "taxii", str(await desk.publisher.serial()))
    body = {"more": more, **({"next": cursor} if more else {})}
    parts = ",".join(item.text for item in items)
    head = json.dumps(body)[:-1]
    return _answer_text(f'{head},"objects":[{parts}]}}' if items else head + "}", items)


async def manifest(call: Call[WantedObjects, Nothing]) -> Any:
    """Return the ids and times of the objects, the oldest first."""
    items, more, cursor = await _page(call)
    rows = [
        {"id": item.id, "date_added": _time(item.added), "version": item.version, "media_type": _STIX} for item in items
    ]
    body = {"more": more, **({"next": cursor} if more else {}), **({"objects": rows} if rows else {})}
    return _answer_text(json.dumps(body), items)


async def one_object(call: Call[WantedObjects, Nothing]) -> Any:
    """Return one object by its id."""
    items = await _by_ids(call, {call.path["object"]})
    if not items:
        raise not_found(call.path["object"])
    return _answer_text(f'{{"more":false,"objects":[{",".join(item.text for item in items)}]}}', items)


async def versions(call: Call[WantedObjects, Nothing]) -> Any:
    """Return the versions of one object: the newest alone is kept."""
    items = await _by_ids(call, {call.path["object"]})
    if not items:
        raise not_found(call.path["object"])
    return _answer_text(json.dumps({"more": False, "versions": [item.version for item in items]}), items)


async def _page(call: Call[WantedObjects, Nothing]) -> tuple[list[StixItem], bool, str]:
    """Return a page of the objects that match, whether more follow, and the cursor that goes on behind the last."""
    query = call.query
    limit = min(query.limit, _MOST)
    after = _moment(query.next if query.next is not None else query.added_after)
    ids = _list(query.match_id)
    if ids:
        every = [item for item in await _by_ids(call, ids) if after is None or item.added > after]
        found = [item for item in every if _matches(item, query)]
        return found[:limit], len(found) > limit, _time(found[limit - 1].added) if len(found) > limit else ""
    desk = _known(call)
    await desk.publisher.refresh()
    found = [item for item in _common(desk.lists.about.tlp) if after is None or item.added > after]
    found = [item for item in found if _matches(item, query)]
    start = None if after is None else after - timedelta(microseconds=MOST_OBJECTS)
    async with call.parts.store.read() as tx:
        while len(found) <= limit:
            items, start = await _stretch(tx, start, desk.lists.about.tlp)
            found += [item for item in items if (after is None or item.added > after) and _matches(item, query)]
            if start is None:
                break
    more = len(found) > limit
    return found[:limit], more, _time(found[limit - 1].added) if more else ""


async def _stretch(tx: Tx, after: datetime | None, tlp: Tlp) -> tuple[list[StixItem], datetime | None]:
    """Return the objects of the names and exchanges that came next, in order, and where to go on; None: all were seen.

    Each object of a name is a microsecond later than the one before.
    """
    rows = await block_list.list_added(tx, after=after, limit=_MOST)
    hosts = await block_list.list_exchanges(tx, after=after, limit=_MOST)
    ends = [rows[-1].added_at] if len(rows) == _MOST else []
    ends += [hosts[-1][0]] if len(hosts) == _MOST else []
    end = min(ends, default=None)
    items = [item for row in rows if end is None or row.added_at <= end for item in _items(row, tlp)]
    items += [_item(domain_object(host), at) for at, host in hosts if end is None or at <= end]
    return sorted(items), end


async def _by_ids(call: Call[Any, Nothing], ids: set[str]) -> list[StixItem]:
    desk = _known(call)
    await desk.publisher.refresh()
    tlp = desk.lists.about.tlp
    found = [item for item in _common(tlp) if item.id in ids]
    after = None
    async with call.parts.store.read() as tx:
        while True:
            items, after = await _stretch(tx, after, tlp)
            found += [item for item in items if item.id in ids]
            if after is None:
                return found


def _common(tlp: Tlp) -> Iterator[StixItem]:
    for place, text in enumerate(common_objects(tlp)):
        yield _item(text, _FIRST + place * _TICK)


def _items(row: ListedEntry, tlp: Tlp) -> list[StixItem]:
    subject = StixSubject(
        row.name,
        row.description,
        row.listed_at,
        row.modified_at,
        row.removed_at is not None,
        tuple(host for host, left in row.exchanges if not left),
        tuple(host for host, left in row.exchanges if left),
    )
    return [_item(text, row.added_at + place * _TICK) for place, text in enumerate(objects_of(subject, tlp))]


def _item(text: str, added: datetime) -> StixItem:
    known = json.loads(text)
    version = known.get("modified") or known.get("created") or _time(added)
    return StixItem(added, known["id"], known["type"], version, text)


def _matches(item: StixItem, query: WantedObjects) -> bool:
    kinds, versions_, specs = _list(query.match_type), _list(query.match_version), _list(query.match_spec_version)
    if kinds and item.kind not in kinds:
        return False
    if specs and "2.1" not in specs:
        return False
    return not versions_ or not versions_.isdisjoint({"first", "last", "all", item.version})


def _list(text: str | None) -> set[str]:
    return {part.strip() for part in (text or "").split(",") if part.strip()}


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise Problem(400, "invalid_request", "added_after and next are times in RFC 3339") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_ABOUT = "Lookalike domains on the block list of watcher; what left the list is revoked."


def _collection() -> dict[str, Any]:
    return {
        "id": COLLECTION,
        "title": "Lookalikes",
        "description": _ABOUT,
        "alias": "lookalikes",
        "can_read": True,
        "can_write": False,
        "media_types": [_STIX],
    }


def _known(call: Call[Any, Any]) -> ExportDesk:
    if call.path.get("root", ROOT) != ROOT:
        raise not_found(f"the API root {call.path['root']}")
    if call.path.get("id", COLLECTION) not in {COLLECTION, "lookalikes"}:
        raise not_found(f"the collection {call.path['id']}")
    if call.parts.exports is None:
        raise Problem(503, "no_exports", "this process hands out no block lists")
    return call.parts.exports


def _answer(data: dict[str, Any]) -> web.Response:
    return _answer_text(json.dumps(data), [])


def _answer_text(text: str, items: list[StixItem]) -> web.Response:
    headers: dict[str, str] = {hdrs.CONTENT_TYPE: MEDIA}
    if items:
        headers["X-TAXII-Date-Added-First"] = _time(items[0].added)
        headers["X-TAXII-Date-Added-Last"] = _time(items[-1].added)
    return web.Response(body=text.encode(), headers=headers)


_PATHS = (
    ("/taxii2/", discovered, "The TAXII server", Whatever),
    ("/taxii2/{root}/", rooted, "Its API root", Whatever),
    ("/taxii2/{root}/collections/", collections, "Its collections", Whatever),
    ("/taxii2/{root}/collections/{id}/", collection, "One collection", Whatever),
    ("/taxii2/{root}/collections/{id}/objects/", objects, "The objects of a collection", WantedObjects),
    ("/taxii2/{root}/collections/{id}/manifest/", manifest, "The ids and times of its objects", WantedObjects),
    ("/taxii2/{root}/collections/{id}/objects/{object}/", one_object, "One object", WantedObjects),
    ("/taxii2/{root}/collections/{id}/objects/{object}/versions/", versions, "Its versions", WantedObjects),
)

ENDPOINTS: tuple[AnyEndpoint, ...] = tuple(
    Endpoint(
        "GET",
        path,
        serve,
        summary,
        "taxii",
        query,
        Nothing,
        None,
        (Scope.READ,),
        media=MEDIA,
        errors=(404,),
        for_gear=True,
    )
    for written, serve, summary, query in _PATHS
    for path in ((written,) if written == "/taxii2/" else (written, written[:-1]))
)
"""Endpoints with and without the final slash: clients write both."""
