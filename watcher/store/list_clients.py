"""The gear that fetches block lists: when each client fetched last, and what it has."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select

from watcher.store.database import Tx
from watcher.store.tables import list_clients
from watcher.store.upsert import insert_or_update

MOST = 1_000
"""Rows that are kept, the newest."""


@dataclass(frozen=True, slots=True)
class ListClient:
    """One client of one format. `holder` is a token's or a key's name, empty where nobody had to say who.

    `serial` is the zone's, or the beginning of the list's entity tag; it is the client's since `changed_at`.
    """

    kind: str
    holder: str
    address: str
    fetched_at: datetime
    serial: str
    changed_at: datetime


async def save(tx: Tx, client: ListClient) -> None:
    """Add the client or overwrite what was known of it; the oldest beyond `MOST` are forgotten."""
    await tx.execute(insert_or_update(tx.dialect.name, list_clients), [asdict(client)])
    newest = select(list_clients.c.fetched_at).order_by(list_clients.c.fetched_at.desc()).offset(MOST).limit(1)
    await tx.execute(delete(list_clients).where(list_clients.c.fetched_at <= newest.scalar_subquery()))


async def find(tx: Tx, kind: str, holder: str, address: str) -> ListClient | None:
    """Return what is known of a client."""
    row = list_clients.c
    query = select(list_clients).where(row.kind == kind, row.holder == holder, row.address == address)
    found = (await tx.execute(query)).mappings().first()
    return None if found is None else ListClient(**found)


async def list_all(tx: Tx, *, limit: int = MOST) -> list[ListClient]:
    """Return the clients, the newest fetch first."""
    query = select(list_clients).order_by(list_clients.c.fetched_at.desc(), list_clients.c.kind).limit(limit)
    return [ListClient(**row) for row in (await tx.execute(query)).mappings()]
