"""The lookalikes of one protected name as its picture needs them."""

from dataclasses import dataclass

from sqlalchemy import func, select

from watcher.core.states.lookalike import LOOKALIKE
from watcher.store.database import Tx
from watcher.store.tables import lookalikes, resemblances


@dataclass(frozen=True, slots=True)
class ResemblingRow:
    """A lookalike that was seen to exist, and how it resembles the protected name."""

    name: str
    unicode: str
    ability: str
    techniques: tuple[str, ...]
    likelihood: float


async def list_likeliest(tx: Tx, protected: str, *, limit: int) -> list[ResemblingRow]:
    """Return the lookalikes of a protected name, the likeliest first."""
    row, alike = lookalikes.c, resemblances.c
    query = (
        select(row.name, row.unicode, row.ability, alike.techniques, alike.likelihood)
        .join(resemblances, alike.name == row.name)
        .where(alike.protected == protected, row.relation == LOOKALIKE, row.first_seen_at.is_not(None))
        .order_by(alike.likelihood.desc(), alike.name)
        .limit(limit)
    )
    return [
        ResemblingRow(item.name, item.unicode, item.ability, tuple(item.techniques), item.likelihood)
        for item in await tx.execute(query)
    ]


async def count_abilities(tx: Tx, protected: str, *, most: int) -> dict[str, int]:
    """Return how many lookalikes of a protected name have each ability; of `most` resemblances at most."""
    row, alike = lookalikes.c, resemblances.c
    some = select(alike.name).where(alike.protected == protected).limit(most).subquery()
    query = (
        select(row.ability, func.count().label("number"))
        .join(some, some.c.name == row.name)
        .where(row.relation == LOOKALIKE, row.first_seen_at.is_not(None))
        .group_by(row.ability)
    )
    return {item.ability: item.number for item in await tx.execute(query)}
