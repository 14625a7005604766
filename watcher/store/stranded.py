"""Deliveries that wait for settings: to channels that are configured no more, or that refused them as they were set."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, false, func, or_, select, update

from watcher.store.database import Tx
from watcher.store.delivery_order import PENDING
from watcher.store.tables import deliveries


async def count_stranded(tx: Tx, configured: Collection[str]) -> dict[str, int]:
    """How many deliveries are pending for each channel that is not among `configured`."""
    query = (
        select(deliveries.c.channel, func.count())
        .where(deliveries.c.status == PENDING, deliveries.c.channel.not_in(sorted(configured)))
        .group_by(deliveries.c.channel)
        .order_by(deliveries.c.channel)
    )
    return {row[0]: row[1] for row in await tx.execute(query)}


async def retry_rejected(tx: Tx, channels: Collection[str], *, since: datetime, now: datetime) -> int:
    """What these channels refused, since then and not for what it says, is due now; how many that were."""
    done = await tx.execute(
        update(deliveries)
        .where(
            deliveries.c.channel.in_(sorted(channels)),
            deliveries.c.status == "rejected",
            deliveries.c.mendable,
            deliveries.c.created_at >= since,
        )
        .values(status=PENDING, next_attempt_at=now, mendable=false())
    )
    return done.rowcount


async def any_stranded_unmarked(tx: Tx, channel: str, *, why: str, before: datetime, now: datetime) -> bool:
    """Whether something idle for `channel` does not say why it waits, or has waited since before then."""
    left = or_(deliveries.c.last_error.is_distinct_from(why), deliveries.c.created_at < before)
    query = select(deliveries.c.id).where(*_idle(channel, now), left)
    return (await tx.execute(query.limit(1))).first() is not None


async def mark_stranded(tx: Tx, channel: str, *, why: str, now: datetime) -> None:
    """Say of what is idle for `channel` why it waits."""
    await tx.execute(update(deliveries).where(*_idle(channel, now)).values(last_error=why))


async def reject_stranded(tx: Tx, channel: str, *, why: str, before: datetime, now: datetime) -> int:
    """Reject what has waited for `channel` since before then; how many that were."""
    done = await tx.execute(
        update(deliveries)
        .where(*_idle(channel, now), deliveries.c.created_at < before)
        .values(status="rejected", last_error=why, leased_until=None, lease_owner=None)
    )
    return done.rowcount


def _idle(channel: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Pending, and nobody is at it: another process may have the channel still."""
    free = or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= now)
    return deliveries.c.channel == channel, deliveries.c.status == PENDING, free
