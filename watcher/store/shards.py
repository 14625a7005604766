"""Shards: one tier of one protected name, and how far its candidates have been settled.

Absent candidates have no rows of their own: that the last finished pass over their shard settled them as absent is
known from the shard. What did not settle in a pass is kept as a row of `lookalikes` and is no part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, Update, case, delete, func, select, update

from watcher.store import protected as protected_names
from watcher.store.database import Tx
from watcher.store.tables import shards
from watcher.store.upsert import chunks, insert_or_leave


@dataclass(frozen=True, slots=True)
class Shard:
    """`settled`, `unsettled` and `total` count candidates of the newest pass, `enumeration_version` is what it uses.

    `settled_since` is when the last finished pass began, `settled_version` what it used; None before the first one.
    """

    protected: str
    tier: int
    enumeration_version: str
    last_started_at: datetime | None = None
    last_finished_at: datetime | None = None
    settled_version: str | None = None
    settled_since: datetime | None = None
    settled: int = 0
    unsettled: int = 0
    total: int = 0

    def absent_since(self, version: str) -> datetime | None:
        """Since when a candidate of `version` without a row is known to be absent; None: it never settled.

        The earliest moment at which it may have come into being since.
        """
        return self.settled_since if self.settled_version == version else None


@dataclass(frozen=True, slots=True)
class Baseline:
    """How far the first pass over a protected name is: `done` when every tier was finished once."""

    done: bool
    settled: int
    total: int


async def plan(tx: Tx, protected: str, tiers: Sequence[int], *, version: str) -> bool:
    """Make the shards of a protected name that are missing, and drop those of tiers that are no more.

    `version` stands for everything that decides which candidates a shard holds: techniques, data, and the tiers.
    False, and nothing done, when the name is not protected (any more).
    """
    if not await protected_names.known_among(tx, [protected]):
        return False
    await tx.execute(delete(shards).where(shards.c.protected == protected, shards.c.tier.not_in(list(tiers))))
    rows = [{"protected": protected, "tier": tier, "enumeration_version": version} for tier in tiers]
    if rows:
        await tx.execute(insert_or_leave(tx.dialect.name, shards), rows)
    return True


async def start(tx: Tx, protected: str, tier: int, *, version: str, total: int, at: datetime) -> None:
    """A pass over the shard begins; an unfinished one before it is forgotten."""
    await tx.execute(
        _one(protected, tier).values(
            enumeration_version=version, last_started_at=at, total=total, settled=0, unsettled=0
        )
    )


async def progress(tx: Tx, protected: str, tier: int, *, settled: int, unsettled: int) -> None:
    """How far the pass is."""
    await tx.execute(_one(protected, tier).values(settled=settled, unsettled=unsettled))


async def finish(tx: Tx, protected: str, tier: int, *, settled: int, unsettled: int, at: datetime) -> None:
    """The pass that began last has been through all of its candidates: those without a row are settled as absent."""
    await tx.execute(
        _one(protected, tier).values(
            settled=settled,
            unsettled=unsettled,
            total=settled + unsettled,
            last_finished_at=at,
            settled_version=shards.c.enumeration_version,
            settled_since=shards.c.last_started_at,
        )
    )


async def listed(tx: Tx, *, protected: str | None = None) -> list[Shard]:
    """All, or those of one protected name, by name and tier."""
    query = select(shards).order_by(shards.c.protected, shards.c.tier)
    if protected is not None:
        query = query.where(shards.c.protected == protected)
    return [_shard(row) for row in (await tx.execute(query)).mappings()]


async def due(tx: Tx, tier: int, *, started_before: datetime, version: str, limit: int) -> list[Shard]:
    """Shards of a tier whose last pass began before then, never ended, or used another version; oldest first."""
    query = (
        select(shards)
        .where(
            shards.c.tier == tier,
            shards.c.last_started_at.is_(None)
            | (shards.c.last_started_at <= started_before)
            | shards.c.last_finished_at.is_(None)
            | (shards.c.last_finished_at < shards.c.last_started_at)
            | (shards.c.enumeration_version != version),
        )
        .order_by(shards.c.last_started_at.asc().nulls_first(), shards.c.protected)
        .limit(limit)
    )
    return [_shard(row) for row in (await tx.execute(query)).mappings()]


async def baselines(tx: Tx, protected: Sequence[str]) -> dict[str, Baseline]:
    """For each name how far its first pass is; a name that was never planned is at nought of nought."""
    found = dict.fromkeys(protected, Baseline(done=False, settled=0, total=0))
    for some in chunks(protected):
        query = (
            select(
                shards.c.protected,
                func.sum(case((shards.c.last_finished_at.is_(None), 1), else_=0)),
                func.sum(shards.c.settled),
                func.sum(shards.c.total),
            )
            .where(shards.c.protected.in_(some))
            .group_by(shards.c.protected)
        )
        for name, unfinished, settled, total in await tx.execute(query):
            found[name] = Baseline(done=unfinished == 0, settled=settled, total=total)
    return found


def _one(protected: str, tier: int) -> Update:
    return update(shards).where(shards.c.protected == protected, shards.c.tier == tier)


def _shard(row: RowMapping) -> Shard:
    return Shard(**row)
