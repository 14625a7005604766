"""Events, each written together with its row in the outbox."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Integer, bindparam, func, insert, select

from watcher.core.events import Event
from watcher.core.shapes.events import event_from_json, event_json
from watcher.core.telling.alerts import group_key
from watcher.store.database import Tx
from watcher.store.tables import events, outbox
from watcher.store.upsert import chunks


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
    newest_first: bool = False,
    limit: int | None = None,
) -> list[Event]:
    """Events by id, which is their order in time: later than the id `after`, earlier than the id `before`.

    `since` is the earliest `at`; `names` are names or registrable domains.
    """
    query = select(events.c.body).order_by(events.c.id.desc() if newest_first else events.c.id).limit(limit)
    if after is not None:
        query = query.where(events.c.id > after)
    if before is not None:
        query = query.where(events.c.id < before)
    if since is not None:
        query = query.where(events.c.at >= since)
    if names is not None:
        query = query.where(events.c.name.in_(names) | events.c.registrable_domain.in_(names))
    if kinds is not None:
        query = query.where(events.c.kind.in_(kinds))
    return [event_from_json(body) for body in (await tx.execute(query)).scalars()]


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


_HISTORY = (
    select(events.c.body)
    .where((events.c.name == bindparam("wanted")) | (events.c.registrable_domain == bindparam("wanted")))
    .order_by(events.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)  # built once: to build a statement costs more than to run it


async def find_last_id(tx: Tx) -> str | None:
    """Return the id of the newest event; None where there are no events."""
    newest: str | None = (await tx.execute(select(func.max(events.c.id)))).scalar_one()
    return newest
