"""`/filters` and `/audit`: saved filters of the list of lookalikes, and who changed what."""

from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from pydantic import Field

from watcher.api import cursors, models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing, Reply
from watcher.api.inputs import Line, Paged
from watcher.api.problems import not_found
from watcher.core.shapes.times import JSON, time_json
from watcher.services.names.tokens import Scope
from watcher.store import audit, filters
from watcher.store.audit import AuditRow
from watcher.store.filters import FilterRow


class NewFilter(Input):
    """A filter to keep under a name; one of that name is overwritten."""

    name: Annotated[Line, Field(min_length=1, max_length=80)]
    query: Annotated[Line, Field(max_length=2000)] = Field(description="The query string of `/lookalikes`, without `?`")


def filter_json(row: FilterRow) -> JSON:
    """Return the filter shape."""
    return {
        "name": row.name,
        "query": row.query,
        "created_at": time_json(row.created_at),
        "created_by": row.created_by,
    }


def audit_json(row: AuditRow) -> JSON:
    """Return the shape of a change."""
    return {"id": row.id, "at": time_json(row.at), "who": row.who, "what": row.what, "about": row.about}


async def list_filters(call: Call[Nothing, Nothing]) -> Any:
    """Return the filters by name."""
    async with call.parts.store.read() as tx:
        return {"items": [filter_json(row) for row in await filters.list_all(tx)]}


async def added(call: Call[Nothing, NewFilter]) -> Any:
    """Keep the filter and return it."""
    query = urlencode(parse_qsl(call.body.query))
    row = FilterRow(call.body.name, query, call.parts.clock.now(), call.caller.token)
    async with call.parts.store.write() as tx:
        await filters.save(tx, row)
    return Reply(filter_json(row), 201)


async def removed(call: Call[Nothing, Nothing]) -> Any:
    """Remove the filter."""
    async with call.parts.store.write() as tx:
        if not await filters.remove(tx, call.path["name"]):
            raise not_found(call.path["name"])


async def list_audit(call: Call[Paged, Nothing]) -> Any:
    """Return the changes, newest first."""
    key = cursors.decode(call.query.cursor, str)
    async with call.parts.store.read() as tx:
        rows = await audit.list_all(tx, before=key[0] if key else None, limit=call.query.limit + 1)
    return cursors.page(rows, call.query.limit, lambda row: (row.id,), audit_json)


_READ, _WRITE, _TAG = (Scope.READ,), (Scope.WRITE,), "records"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint("GET", "/api/v1/filters", list_filters, "Saved filters", _TAG, Nothing, Nothing, models.Filters, _READ),
    Endpoint(
        "POST", "/api/v1/filters", added, "Keep a filter", _TAG, Nothing, NewFilter, models.Filter, _WRITE, 201
    ),
    Endpoint(
        "DELETE", "/api/v1/filters/{name}", removed, "Drop a filter", _TAG, Nothing, Nothing, None, _WRITE, 204,
        errors=(404,),
    ),
    Endpoint("GET", "/api/v1/audit", list_audit, "Who changed what", _TAG, Paged, Nothing, models.AuditPage, _READ),
)  # fmt: skip
