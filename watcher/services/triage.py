"""Triage: what people decided about a lookalike, and what follows from it, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from watcher.core.alerts import SilenceScope
from watcher.core.names import Fqdn
from watcher.store import Store, lookalikes, own, silences
from watcher.store.own import OwnRow
from watcher.store.silences import SilenceRow


class Triage(StrEnum):
    """What was decided about a lookalike."""

    NEW = "new"
    INVESTIGATING = "investigating"
    TAKEDOWN = "takedown"
    BLOCKED = "blocked"
    OWNED = "owned"
    """It is ours: put on the own list."""
    IGNORED = "ignored"
    """It is harmless: silenced by name, until the silence is removed."""


async def decide(
    store: Store, names: Sequence[Fqdn], triage: Triage, *, note: str | None, now: datetime
) -> tuple[str, ...]:
    """Triage the lookalikes; those of `names` that are none. If there are any, nothing was done. Idempotent."""
    async with store.write() as tx:
        rows = await lookalikes.by_names(tx, names)
        unknown = tuple(name for name in names if name not in rows or rows[name].first_seen_at is None)
        if unknown:
            return unknown
        await lookalikes.triage(tx, names, triage.value, note=note, now=now)
        if triage is Triage.OWNED:
            await own.add(tx, [OwnRow(name, now, note or "") for name in names])
        if triage is Triage.IGNORED:
            silent = {row.value for row in await silences.listed(tx, active_at=now) if row.scope == SilenceScope.NAME}
            for name in names:
                if name not in silent:
                    await silences.add(
                        tx, SilenceRow(store.ids(), SilenceScope.NAME.value, name, now, None, note or "triage: ignored")
                    )
    return ()
