"""Browser sessions and the one-time links that begin them, by the hash of what their holders show."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, insert, select

from watcher.store.database import Tx
from watcher.store.tables import sessions


class SessionKind(StrEnum):
    """The use of a secret."""

    LINK = "link"
    """Once, to begin a session."""
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session or link; `hash` is all that is known of its secret. `holder` is the name it acts under."""

    hash: str
    kind: SessionKind
    holder: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime


async def add(tx: Tx, row: SessionRow) -> None:
    """Add a session or link."""
    await tx.execute(insert(sessions), [{**asdict(row), "kind": row.kind.value, "scopes": list(row.scopes)}])


async def list_all(tx: Tx) -> list[SessionRow]:
    """Return every session and link, newest first."""
    rows = (await tx.execute(select(sessions).order_by(sessions.c.created_at.desc()))).mappings()
    return [SessionRow(**{**row, "kind": SessionKind(row["kind"]), "scopes": tuple(row["scopes"])}) for row in rows]


async def remove(tx: Tx, hash_: str) -> bool:
    """Remove a session or link; False when there is none with that hash."""
    return (await tx.execute(delete(sessions).where(sessions.c.hash == hash_))).rowcount > 0


async def remove_expired(tx: Tx, *, now: datetime) -> None:
    """Remove what has expired."""
    await tx.execute(delete(sessions).where(sessions.c.expires_at <= now))
