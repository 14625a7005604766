"""How much of the plan is seen, and how late: the arithmetic behind `/coverage`, metrics and summaries."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from watcher.core.shapes import JSON, time_json
from watcher.store import Store, lookalikes, protected, shards
from watcher.store.shards import Shard


async def coverage_json(store: Store, tiers: Sequence[tuple[int, timedelta]], *, now: datetime) -> JSON:
    """The coverage shape. `tiers` are (rank up to, interval), as the setting; a stored tier beyond them has neither."""
    async with store.read() as tx:
        known = await shards.listed(tx)
        backlog = await lookalikes.backlog(tx, now=now)
        next_due = await lookalikes.next_due_at(tx)
        names = await protected.count(tx)
    by_tier: dict[int, list[Shard]] = {place: [] for place in range(len(tiers))}
    for shard in known:
        by_tier.setdefault(shard.tier, []).append(shard)
    return {
        "tiers": [
            _tier(place, tiers[place] if place < len(tiers) else None, some, now)
            for place, some in sorted(by_tier.items())
        ],
        "protected": names,
        "backlog": backlog,
        "oldest_due_at": time_json(next_due) if next_due is not None and next_due <= now else None,
    }


def _tier(place: int, plan: tuple[int, timedelta] | None, some: Sequence[Shard], now: datetime) -> JSON:
    settled = sum(shard.settled for shard in some)
    total = sum(shard.total for shard in some)
    on_time = 0
    if plan is not None:
        on_time = sum(
            shard.last_started_at is not None and now - shard.last_started_at <= plan[1] + _GRACE for shard in some
        )
    return {
        "tier": place,
        "ranks_to": None if plan is None else plan[0],
        "interval_seconds": None if plan is None else plan[1].total_seconds(),
        "shards": len(some),
        "finished": sum(shard.last_finished_at is not None for shard in some),
        "on_time": on_time,
        "settled": settled,
        "unsettled": sum(shard.unsettled for shard in some),
        "total": total,
        "ratio": settled / total if total else 0.0,
    }


_GRACE = timedelta(minutes=1)
"""Between becoming due and being taken up."""
