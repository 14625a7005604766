"""Replies of registries as they came, about able names: evidence for thirty days. They may hold persons' data."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select

from watcher.store.database import Tx
from watcher.store.tables import raw_replies
from watcher.store.upsert import insert_or_update

MOST = 32
"""Of one domain; the oldest go first."""


@dataclass(frozen=True, slots=True)
class RawReply:
    """One reply; `body` is packed as it was handed in."""

    domain: str
    fetched_at: datetime
    source: str
    body: bytes


async def save(tx: Tx, reply: RawReply) -> None:
    """Keep the reply; the same one twice is one."""
    await tx.execute(insert_or_update(tx.dialect.name, raw_replies), [asdict(reply)])
    newest = (
        select(raw_replies.c.fetched_at)
        .where(raw_replies.c.domain == reply.domain)
        .order_by(raw_replies.c.fetched_at.desc())
        .limit(MOST)
    )
    await tx.execute(
        delete(raw_replies).where(raw_replies.c.domain == reply.domain, raw_replies.c.fetched_at.not_in(newest))
    )


async def list_of_domain(tx: Tx, domain: str) -> Sequence[RawReply]:
    """Return the replies about one registered domain, newest first."""
    query = (
        select(raw_replies).where(raw_replies.c.domain == domain).order_by(raw_replies.c.fetched_at.desc()).limit(MOST)
    )
    return [RawReply(row.domain, row.fetched_at, row.source, row.body) for row in await tx.execute(query)]


async def remove_old(tx: Tx, *, before: datetime) -> int:
    """Drop those fetched before `before`; how many that were."""
    return (await tx.execute(delete(raw_replies).where(raw_replies.c.fetched_at < before))).rowcount
