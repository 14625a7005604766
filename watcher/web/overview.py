"""What the first page shows, gathered from the store: who can receive mail now, what happened, how far the watch is."""

import asyncio
from typing import Any

from watcher.api.parts import Parts
from watcher.core.mail.verdict import Ability
from watcher.core.shapes import JSON
from watcher.services.answers.lookup import known_row
from watcher.services.health.coverage import coverage_json
from watcher.services.names.protect import protected_json
from watcher.store import event_log, lookalikes, protected_names, resemblances, shards
from watcher.store.lookalikes import Wanted

SHOWN = 200
"""At most so many rows of each list; the API has all of them."""
_EVENTS = 30


async def overview(parts: Parts) -> JSON:
    """The values of the template."""
    async with parts.store.read() as tx:
        able = await lookalikes.list_worst(tx, Wanted(ability=Ability.ABLE), limit=SHOWN)
        known = await resemblances.find_all(tx, [row.name for row in able])
        counts = await lookalikes.count_abilities(tx)
        happened = await event_log.list_all(tx, newest_first=True, limit=_EVENTS)
        names = await protected_names.list_all(tx, limit=SHOWN)
        number = await protected_names.count(tx)
        baselines = await shards.find_baselines(tx, [row.name for row in names])
    checks = await asyncio.gather(*(_checked(check) for check in parts.ready.values()))
    return {
        "version": parts.version,
        "now": parts.clock.now().isoformat(),
        "able": [known_row(row, known[row.name]) for row in able],
        "more": counts.get(Ability.ABLE, 0) - len(able),
        "counts": counts,
        "events": happened,
        "protected": [protected_json(row, baselines[row.name]) for row in names],
        "number": number,
        "coverage": await coverage_json(parts.store, parts.tiers, now=parts.clock.now()),
        "troubles": [
            f"{name}: {trouble}" for name, trouble in zip(parts.ready, checks, strict=True) if trouble is not None
        ],
        "channels": parts.channels,
    }


async def _checked(check: Any) -> str | None:
    try:
        async with asyncio.timeout(3):
            found: str | None = await check()
            return found
    except TimeoutError:
        return "no answer"
