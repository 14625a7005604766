"""Events, each written together with its row in the outbox."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, insert, select, union

from watcher.core.events import Event
from watcher.core.shapes.events import event_from_json, event_json
from watcher.core.telling.alerts import group_key
from watcher.store.database import Tx
from watcher.store.tables import events, outbox
from watcher.store.upsert import chunks

UNDECIDED = "undecided"
"""Stands for a decision that has not been made."""


async def add(tx: Tx, new: Sequence[Event], *, now: datetime) -> None:
    """Record the events and put each into the outbox under its group, in the caller's transaction."""
    if not new:
        return
    await tx.execute(
        insert(events),
        [
            {
                "id": event.id,
                "kind": event.kind.value,
                "severity": event.severity.value,
                "name": event.name,
                "registrable_domain": event.registrable_domain,
                "at": event.at,
                "protected": list(event.protected),
                "body": event_json(event),
            }
            for event in new
        ],
    )
    rows = [{"event_id": event.id, "group_key": group_key(event), "created_at": now} for event in new]
    await tx.execute(insert(outbox), rows)


async def list_all(
    tx: Tx,
    *,
    after: str | None = None,
    before: str | None = None,
    since: datetime | None = None,
    names: Collection[str] | None = None,
    kinds: Collection[str] | None = None,
    decision: str | None = None,
    newest_first: bool = False,
    limit: int | None = None,
) -> list[Event]:
    """Events by id, which is their order in time: later than the id `after`, earlier than the id `before`.

    `since` is the earliest `at`; `names` are names or registrable domains; `decision` is what was decided about telling
    (page, digest, none), `UNDECIDED` for those about which nothing is.
    """
    key = events.c.id
    query = select(key)
    if decision is not None:
        key = outbox.c.event_id
        decided = outbox.c.decision.is_(None) if decision == UNDECIDED else outbox.c.decision == decision
        query = select(key).where(decided)
        if since is not None or names is not None or kinds is not None:
            query = query.join(events, outbox.c.event_id == events.c.id)
    query = query.order_by(key.desc() if newest_first else key).limit(limit)
    if after is not None:
        query = query.where(key > after)
    if before is not None:
        query = query.where(key < before)
    if since is not None:
        query = query.where(events.c.at >= since)
    # one query for each value of a filter: each follows an index in the order of the ids, and none sorts
    columns = [events.c.name, events.c.registrable_domain] if names is not None else [None]
    each = [
        query.where(*([] if column is None else [column == name]), *([] if kind is None else [events.c.kind == kind]))
        for column in columns
        for name in (names if names is not None else [None])
        for kind in (kinds if kinds is not None else [None])
    ]
    if not each:
        return []
    found = each[0] if len(each) == 1 else union(*(select(part.subquery().c[0].label("id")) for part in each))
    ids = found.subquery()
    order = events.c.id.desc() if newest_first else events.c.id
    whole = select(events.c.body).join(ids, ids.c[0] == events.c.id).order_by(order).limit(limit)
    return [event_from_json(body) for body in (await tx.execute(whole)).scalars()]


async def find(tx: Tx, event_id: str) -> Event | None:
    """Return the event with that id."""
    body = (await tx.execute(select(events.c.body).where(events.c.id == event_id))).scalar_one_or_none()
    return None if body is None else event_from_json(body)


async def find_all(tx: Tx, ids: Sequence[str]) -> dict[str, Event]:
    """Return the events with those ids."""
    rows: dict[str, Event] = {}
    for some in chunks(ids):
        query = select(events.c.id, events.c.body).where(events.c.id.in_(some))
        rows.update({event_id: event_from_json(body) for event_id, body in await tx.execute(query)})
    return rows


async def list_history(tx: Tx, name: str, *, limit: int = 100) -> list[Event]:
    """Return the events of one name, newest first; at most `limit`."""
    rows = await tx.execute(_HISTORY, {"wanted": name, "most": limit})
    return [event_from_json(body) for body in rows.scalars()]


def _newest(column: ColumnElement[Any]) -> Select[Any]:
    """Return the query for the newest events with a value, from an index in the order of their ids."""
    newest = (
        select(events.c.id)
        .where(column == bindparam("wanted"))
        .order_by(events.c.id.desc())
        .limit(bindparam("most", type_=Integer))
    )
    return select(newest.subquery().c.id)


_HISTORY = (
    select(events.c.body)
    .where(events.c.id.in_(union(_newest(events.c.name), _newest(events.c.registrable_domain))))
    .order_by(events.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)  # built once: to build a statement costs more than to run it


async def find_last_id(tx: Tx) -> str | None:
    """Return the id of the newest event; None where there are no events."""
    newest: str | None = (await tx.execute(select(func.max(events.c.id)))).scalar_one()
    return newest
