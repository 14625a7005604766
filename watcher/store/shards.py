"""Shards: one tier of one protected name, and how far its candidates have been settled.

Absent candidates have no rows of their own: that the last finished pass over their shard settled them as absent is
known from the shard. What did not settle in a pass is kept as a row of `lookalikes` and is no part of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, RowMapping, Select, bindparam, case, delete, func, select, update

from watcher.core.shapes.times import time_json
from watcher.store import protected_names
from watcher.store.database import Tx
from watcher.store.fences import ShardFence
from watcher.store.moments import lease_time
from watcher.store.tables import protected as protected_rows
from watcher.store.tables import shards
from watcher.store.upsert import chunks, insert_or_leave

Spans = tuple[tuple[int, int], ...]
"""Ranges of ranks, both ends included."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a pass: every rank below `next` was handed out, and is settled unless it is among `open`.

    `since`: the earliest answer that it rests on, not before the last pass's. `found`: those of `open` whose domain is
    known to exist, so that only the look at them is missing; `delegated`: those of `found` that the suffix's own
    servers delegate.
    """

    next: int
    open: Spans
    settled: int
    unsettled: int
    since: datetime
    found: Spans = ()
    delegated: Spans = ()


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
    progress: Progress | None = None
    """Of a pass that has not ended; None after one that has."""
    epoch: int = 0
    """Of the claim that handed it out (`store.fences`)."""

    def absent_since(self, version: str) -> datetime | None:
        """Return the time since which a candidate of `version` without a row is known absent; None: it never settled.

        The earliest moment at which it may have come into being since.
        """
        return self.settled_since if self.settled_version == version else None


@dataclass(frozen=True, slots=True)
class Holder:
    """A holder of leases on shards, with the time of one lease."""

    owner: str
    lease: timedelta = timedelta(seconds=30)


MOST_ATTEMPTS = 3
"""So many claims without coming any further, and a shard is set aside: it may be what kills those who take it."""
ASIDE = timedelta(hours=1)
"""Then it is tried again."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The progress or end of the first pass over a protected name; `done` when every tier was finished once."""

    done: bool
    settled: int
    total: int


async def plan(tx: Tx, protected: str, tiers: Sequence[int], *, version: str) -> bool:
    """Make the shards of a protected name that are missing, and drop those of tiers that are no more.

    `version` stands for everything that decides which candidates a shard holds: techniques, data, and the tiers.
    False, and nothing done, when the name is not protected (any more).
    """
    if not await protected_names.find_known(tx, [protected]):
        return False
    await tx.execute(delete(shards).where(shards.c.protected == protected, shards.c.tier.not_in(list(tiers))))
    rows = [{"protected": protected, "tier": tier, "enumeration_version": version} for tier in tiers]
    if rows:
        await tx.execute(insert_or_leave(tx.dialect.name, shards), rows)
    return True


async def list_unplanned(tx: Tx, tiers: int) -> list[str]:
    """Return the protected names that have not exactly `tiers` shards."""
    names = protected_rows.c.name
    query = (
        select(names)
        .outerjoin(shards, shards.c.protected == names)
        .group_by(names)
        .having((func.count(shards.c.tier) != tiers) | (func.max(shards.c.tier) != tiers - 1))
        .order_by(names)
    )
    return list((await tx.execute(query)).scalars())


async def start(tx: Tx, protected: str, tier: int, *, version: str, total: int, at: datetime) -> None:
    """Begin a pass over the shard; an unfinished one before it is forgotten."""
    await start_all(tx, [(protected, tier, total)], version=version, at=at)


async def start_all(tx: Tx, passes: Sequence[tuple[str, int, int]], *, version: str, at: datetime) -> None:
    """Begin passes over shards (protected name, tier, candidates expected)."""
    values = {"enumeration_version": version, "last_started_at": at, "settled": 0, "unsettled": 0, "progress": None}
    await _set(tx, [{"protected": name, "tier": tier, "total": total} | values for name, tier, total in passes])


async def save_progress(tx: Tx, passes: Sequence[tuple[str, int, Progress]]) -> None:
    """Save the progress of passes (protected name, tier, progress)."""
    await _set(
        tx,
        [
            {
                "protected": name,
                "tier": tier,
                "settled": progress.settled,
                "unsettled": progress.unsettled,
                "progress": [
                    progress.next,
                    time_json(progress.since),
                    *([list(span) for span in some] for some in (progress.open, progress.found, progress.delegated)),
                ],
            }
            for name, tier, progress in passes
        ],
        {"attempts": case((shards.c.settled + shards.c.unsettled < _DONE_NOW, 1), else_=shards.c.attempts)},
    )


async def finish(
    tx: Tx, protected: str, tier: int, *, settled: int, unsettled: int, at: datetime, since: datetime | None = None
) -> None:
    """End the pass that began last and went through all candidates: those without a row are settled as absent.

    `since`: the earliest answer that it rests on, where that came before the pass began.
    """
    await tx.execute(
        update(shards)
        .where(shards.c.protected == protected, shards.c.tier == tier)
        .values(
            settled=settled,
            unsettled=unsettled,
            total=settled + unsettled,
            first_settled=func.coalesce(shards.c.first_settled, settled),
            first_total=func.coalesce(shards.c.first_total, settled + unsettled),
            progress=None,
            lease_owner=None,
            leased_until=None,
            attempts=0,
            last_finished_at=at,
            settled_version=shards.c.enumeration_version,
            settled_since=shards.c.last_started_at if since is None else since,
        )
    )


async def list_all(tx: Tx, *, protected: str | None = None) -> list[Shard]:
    """Return all shards, or those of one protected name, by name and tier."""
    query = select(shards).order_by(shards.c.protected, shards.c.tier)
    if protected is not None:
        query = query.where(shards.c.protected == protected)
    return [_shard(row) for row in (await tx.execute(query)).mappings()]


async def list_due(tx: Tx, tier: int, *, started_before: datetime, version: str, limit: int) -> list[Shard]:
    """Return shards of a tier whose last pass began before then, never ended, or used another version; oldest first."""
    query = _due(tier, started_before, version).limit(limit)
    return [_shard(row) for row in (await tx.execute(query)).mappings()]


async def claim_due(
    tx: Tx, tier: int, *, started_before: datetime, version: str, limit: int, holder: Holder, now: datetime
) -> list[Shard]:
    """Lease such shards to `holder`, in the database's time; those of others, and what is set aside, are left out."""
    at = await lease_time(tx, now)
    query = _due(tier, started_before, version).where(_is_free(at, holder.lease)).limit(limit)
    return await _claim(tx, [_shard(row) for row in (await tx.execute(query)).mappings()], holder, at)


async def claim(tx: Tx, wanted: Sequence[Shard], *, holder: Holder, now: datetime) -> list[Shard]:
    """Lease those of the shards that nobody else holds, due or not."""
    at = await lease_time(tx, now)
    found: list[Shard] = []
    for some in chunks(sorted({shard.protected for shard in wanted})):
        query = select(shards).where(shards.c.protected.in_(some), _is_free(at, holder.lease))
        found += [_shard(row) for row in (await tx.execute(query)).mappings()]
    keys = {(shard.protected, shard.tier) for shard in wanted}
    return await _claim(tx, [shard for shard in found if (shard.protected, shard.tier) in keys], holder, at)


async def renew(tx: Tx, held: Sequence[ShardFence], *, holder: Holder, now: datetime) -> set[ShardFence]:
    """Hold the leases for another term; return those that were lost."""
    at = await lease_time(tx, now)
    await _each(tx, held, {"leased_until": at + holder.lease})
    return await find_lost(tx, held)


async def find_lost(tx: Tx, held: Sequence[ShardFence]) -> set[ShardFence]:
    """Return the leases that are not current any more."""
    lost = set(held)
    for some in chunks(sorted({fence.protected for fence in held})):
        query = select(shards.c.protected, shards.c.tier, shards.c.epoch).where(shards.c.protected.in_(some))
        lost -= {ShardFence(*row) for row in await tx.execute(query)}
    return lost


async def release(tx: Tx, held: Sequence[ShardFence]) -> None:
    """End the leases that are current still: the work is handed back in good order."""
    await _each(tx, held, {"leased_until": None, "lease_owner": None, "attempts": 0})


async def count_set_aside(tx: Tx, *, now: datetime) -> int:
    """Count the shards that nobody takes, because several processes died over them without coming further."""
    at = await lease_time(tx, now)
    query = select(func.count()).where(
        shards.c.attempts >= MOST_ATTEMPTS, shards.c.leased_until.between(at - ASIDE, at)
    )
    return int((await tx.execute(query)).scalar_one())


async def count_stale(tx: Tx, *, holder: Holder, now: datetime) -> int:
    """Count the leases that ended two terms ago and were not taken over."""
    at = await lease_time(tx, now)
    query = select(func.count()).where(shards.c.leased_until < at - 2 * holder.lease)
    return int((await tx.execute(query)).scalar_one())


async def find_baselines(tx: Tx, protected: Sequence[str]) -> dict[str, Baseline]:
    """Return the progress of the first pass of each name; a name that was never planned is at nought of nought."""
    found = dict.fromkeys(protected, Baseline(done=False, settled=0, total=0))
    for some in chunks(protected):
        query = (
            select(
                shards.c.protected,
                func.sum(case((shards.c.last_finished_at.is_(None), 1), else_=0)),
                func.sum(func.coalesce(shards.c.first_settled, shards.c.settled)),
                func.sum(func.coalesce(shards.c.first_total, shards.c.total)),
            )
            .where(shards.c.protected.in_(some))
            .group_by(shards.c.protected)
        )
        for name, unfinished, settled, total in await tx.execute(query):
            found[name] = Baseline(done=unfinished == 0, settled=settled, total=total)
    return found


async def last_sweeps(tx: Tx, protected: Sequence[str]) -> dict[str, datetime]:
    """Return the start of the last finished pass over any tier of each name; a name without one is left out."""
    found: dict[str, datetime] = {}
    for some in chunks(protected):
        query = select(shards.c.protected, func.max(shards.c.settled_since).label("began")).where(
            shards.c.protected.in_(some), shards.c.settled_since.is_not(None)
        )
        rows = await tx.execute(query.group_by(shards.c.protected))
        found |= {row.protected: row.began for row in rows}
    return found


def _due(tier: int, started_before: datetime, version: str) -> Select[Any]:
    return (
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
    )


def _is_free(at: datetime, lease: timedelta) -> ColumnElement[bool]:
    until = shards.c.leased_until
    ended = until.is_(None) | (until <= at) | (until > at + lease)
    return ended & ((shards.c.attempts < MOST_ATTEMPTS) | until.is_(None) | (until < at - ASIDE))


async def _claim(tx: Tx, found: Sequence[Shard], holder: Holder, at: datetime) -> list[Shard]:
    values = {
        "lease_owner": holder.owner,
        "leased_until": at + holder.lease,
        "epoch": shards.c.epoch + 1,
        "attempts": case((shards.c.attempts >= MOST_ATTEMPTS, 1), else_=shards.c.attempts + 1),
    }
    await _each(tx, [ShardFence(shard.protected, shard.tier, shard.epoch) for shard in found], values)
    return [replace(shard, epoch=shard.epoch + 1) for shard in found]


async def _each(tx: Tx, held: Sequence[ShardFence], values: dict[str, Any]) -> None:
    """Set the values in the rows whose epoch is that of the lease."""
    if held:
        statement = (
            update(shards)
            .where(
                shards.c.protected == bindparam("of_protected"),
                shards.c.tier == bindparam("of_tier"),
                shards.c.epoch == bindparam("of_epoch"),
            )
            .values(values)
        )
        keys = [{"of_protected": row.protected, "of_tier": row.tier, "of_epoch": row.epoch} for row in held]
        await tx.execute(statement, keys)


_DONE_NOW = bindparam("new_settled", type_=Integer) + bindparam("new_unsettled", type_=Integer)


async def _set(tx: Tx, rows: Sequence[dict[str, Any]], more: Mapping[str, Any] | None = None) -> None:
    """Set the other columns of the rows named by `protected` and `tier`, and `more` in each."""
    if not rows:
        return
    columns = [column for column in rows[0] if column not in {"protected", "tier"}]
    statement = (
        update(shards)
        .where(shards.c.protected == bindparam("of_protected"), shards.c.tier == bindparam("of_tier"))
        .values({column: bindparam(f"new_{column}") for column in columns} | dict(more or {}))
    )
    keys = {"protected": "of_protected", "tier": "of_tier"}
    await tx.execute(statement, [{keys.get(name, f"new_{name}"): value for name, value in row.items()} for row in rows])


def _shard(row: RowMapping) -> Shard:
    values = dict(row)
    kept = values.pop("progress")
    for column in ("first_settled", "first_total", "lease_owner", "leased_until", "attempts"):
        del values[column]
    progress = None
    if kept is not None:
        following, since, *kinds = kept
        left, found, delegated = (tuple((first, last) for first, last in spans) for spans in kinds)
        done = values["settled"], values["unsettled"]
        progress = Progress(following, left, *done, datetime.fromisoformat(since), found, delegated)
    return Shard(**values, progress=progress)
