"""The audit: who changed what, and when."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select

from watcher.store.database import Tx
from watcher.store.tables import audit


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change. `who` None: nobody had to say. `what` is the method and path, `about` the name or id it changed."""

    id: str
    at: datetime
    who: str | None
    what: str
    about: str


async def add(tx: Tx, row: AuditRow) -> None:
    """Add one change."""
    await tx.execute(insert(audit), [asdict(row)])


async def list_all(tx: Tx, *, before: str | None = None, limit: int | None = None) -> list[AuditRow]:
    """Return the changes, newest first, from the one before the id `before`."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [AuditRow(**row) for row in (await tx.execute(query)).mappings()]
