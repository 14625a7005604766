"""The share of the plan that is seen, and its lateness: the arithmetic behind `/coverage`, metrics and summaries."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import isfinite

from watcher.core.shapes.times import JSON, time_json
from watcher.core.states.budget import Budget, needed, stretches
from watcher.services.sweeps.sweep import SweepState
from watcher.store import Store, lookalikes, protected_names, shards
from watcher.store.shards import Shard


async def coverage_json(
    store: Store,
    tiers: Sequence[tuple[int, timedelta]],
    *,
    now: datetime,
    budget: Budget | None = None,
    state: SweepState | None = None,
) -> JSON:
    """The coverage shape. `tiers` are (rank up to, interval), as the setting; a stored tier beyond them has neither.

    `budget`: None where it is not known. `state`: of the sweep in this process.
    """
    async with store.read() as tx:
        known = await shards.list_all(tx)
        backlog = await lookalikes.count_due(tx, now=now)
        next_due = await lookalikes.find_next_due(tx)
        names = await protected_names.count(tx)
    by_tier: dict[int, list[Shard]] = {place: [] for place in range(len(tiers))}
    for shard in known:
        by_tier.setdefault(shard.tier, []).append(shard)
    budget = budget or Budget()
    stretched = stretches(tiers, names, budget)
    busiest = None if budget.suffixes is None else budget.suffixes.busiest(tiers, names)
    return {
        "tiers": [
            _tier(place, tiers[place], some, now, stretched[place])
            if place < len(tiers)
            else _tier(place, None, some, now, None)
            for place, some in sorted(by_tier.items())
        ],
        "needed_rate": sum(needed(tiers, names)),
        "budget_rate": budget.rate if isfinite(budget.rate) else None,
        "busiest_suffix": None
        if budget.suffixes is None or busiest is None
        else {"suffix": busiest[0], "needed_rate": busiest[1], "budget_rate": budget.suffixes.most},
        "sweep": None if state is None else sweep_json(state),
        "protected": names,
        "backlog": backlog,
        "oldest_due_at": time_json(next_due) if next_due is not None and next_due <= now else None,
    }


def sweep_json(state: SweepState) -> JSON:
    """Return the progress of the sweep as JSON."""
    return {
        "running": state.running,
        "done": state.done,
        "left": state.left,
        "unsettled": state.unsettled,
        "settled_ratio": (state.done - state.unsettled) / state.done if state.done else None,
        "rate": state.rate,
        "seconds_left": state.seconds_left,
    }


def _tier(
    place: int, plan: tuple[int, timedelta] | None, some: Sequence[Shard], now: datetime, stretch: float | None
) -> JSON:
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
        "stretch": stretch,
        "shards": len(some),
        "finished": sum(shard.last_finished_at is not None for shard in some),
        "on_time": on_time,
        "settled": settled,
        "unsettled": sum(shard.unsettled for shard in some),
        "total": total,
        "ratio": sum(map(_covered, some)) / total if total else 0.0,
    }


def _covered(shard: Shard) -> int:
    """Return how many candidates this pass settled or, where it has not come to them yet, the last pass did."""
    again = shard.last_finished_at is not None and (
        shard.last_started_at is not None and shard.last_started_at > shard.last_finished_at
    )
    return max(shard.settled, shard.total - shard.unsettled) if again else shard.settled


_GRACE = timedelta(minutes=1)
"""Between becoming due and being taken up."""
