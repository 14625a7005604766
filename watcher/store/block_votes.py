"""The persons that set a lookalike to `blocked`: with `exports.approval` two persons must have."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select

from watcher.store.database import Tx
from watcher.store.tables import block_votes
from watcher.store.upsert import chunks, insert_or_leave


async def save(tx: Tx, names: Sequence[str], voter: str, *, now: datetime) -> None:
    """Note that `voter` said `blocked` about the names; saying it twice counts once."""
    if names:
        await tx.execute(
            insert_or_leave(tx.dialect.name, block_votes),
            [{"name": name, "voter": voter, "at": now} for name in names],
        )


async def remove(tx: Tx, names: Sequence[str]) -> None:
    """Forget every vote about the names; no error where there is none."""
    for some in chunks(names):
        await tx.execute(delete(block_votes).where(block_votes.c.name.in_(some)))


async def list_voters(tx: Tx, names: Collection[str]) -> dict[str, frozenset[str]]:
    """Return for each of the names that anybody voted on who did."""
    found: dict[str, set[str]] = {}
    for some in chunks(sorted(names)):
        query = select(block_votes.c.name, block_votes.c.voter).where(block_votes.c.name.in_(some))
        for row in await tx.execute(query):
            found.setdefault(row.name, set()).add(row.voter)
    return {name: frozenset(voters) for name, voters in found.items()}
