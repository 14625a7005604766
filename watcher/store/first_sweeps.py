"""Counts for the digest of a protected name's first sweep: its lookalikes, and those of them told before."""

from collections.abc import Sequence

from sqlalchemy import func, select

from watcher.core.states.lookalike import LOOKALIKE
from watcher.store.database import Tx
from watcher.store.tables import alerts, events, lookalikes, outbox, resemblances
from watcher.store.upsert import chunks


async def find_lookalikes(tx: Tx, protected: str) -> dict[str, str | None]:
    """Return the lookalikes of `protected` that were seen to exist, each with its registrable domain.

    All hosts that one wildcard answers for are one lookalike, by the first of their names.
    """
    each = func.coalesce(lookalikes.c.wildcard_of + "*", lookalikes.c.name)
    query = (
        select(func.min(lookalikes.c.name).label("name"), func.min(lookalikes.c.registrable_domain).label("domain"))
        .join(resemblances, resemblances.c.name == lookalikes.c.name)
        .where(
            resemblances.c.protected == protected,
            lookalikes.c.first_seen_at.is_not(None),
            lookalikes.c.relation == LOOKALIKE,
        )
        .group_by(each)
    )
    return {row.name: row.domain for row in await tx.execute(query)}


async def find_told_groups(tx: Tx, names: Sequence[str]) -> dict[str, set[str]]:
    """Return those of `names` whose events went into an alert, each with the groups of these alerts."""
    groups: dict[str, set[str]] = {}
    for some in chunks(names):
        query = (
            select(events.c.name, alerts.c.group_key)
            .join(outbox, outbox.c.event_id == events.c.id)
            .join(alerts, alerts.c.id == outbox.c.alert_id)
            .where(events.c.name.in_(some))
            .distinct()
        )
        for name, group in await tx.execute(query):
            groups.setdefault(name, set()).add(group)
    return groups


async def find_alike(tx: Tx, protected: str, names: Sequence[str]) -> set[str]:
    """Return those of `names` that resemble `protected`."""
    known: set[str] = set()
    for some in chunks(names):
        query = select(resemblances.c.name).where(resemblances.c.protected == protected, resemblances.c.name.in_(some))
        known.update((await tx.execute(query)).scalars())
    return known
