"""Small facts by key: the instance id, when the last sweep or digest was. Values are JSON."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from watcher.store.database import Tx
from watcher.store.tables import facts
from watcher.store.upsert import insert_or_update


async def find(tx: Tx, key: str) -> Any:
    """Return the value; None where there is none."""
    return (await tx.execute(select(facts.c.value).where(facts.c.key == key))).scalar_one_or_none()


async def find_starting(tx: Tx, prefix: str) -> dict[str, Any]:
    """Return every fact whose key starts so."""
    query = select(facts.c.key, facts.c.value).where(facts.c.key.startswith(prefix, autoescape=True))
    return {row.key: row.value for row in await tx.execute(query)}


async def save(tx: Tx, key: str, value: Any, *, now: datetime) -> None:
    """Set the value."""
    await tx.execute(insert_or_update(tx.dialect.name, facts), [{"key": key, "value": value, "updated_at": now}])


async def remove(tx: Tx, key: str) -> None:
    """Forget the fact; no error where there is none."""
    await tx.execute(delete(facts).where(facts.c.key == key))
