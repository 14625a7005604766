"""Processes that work on this database, by their beats. Times are the database's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from watcher.core.states.workers import Worker
from watcher.store.database import Tx
from watcher.store.moments import lease_time
from watcher.store.tables import workers
from watcher.store.upsert import insert_or_update


@dataclass(frozen=True, slots=True)
class Beat:
    """The report of a process on itself."""

    id: str
    kind: str
    host: str
    version: str
    doing: str
    resolvers: tuple[str, ...]
    sees_dns: bool


async def save_beat(tx: Tx, beat: Beat, *, now: datetime, lease: timedelta) -> Worker:
    """Record that the process lives, for `lease`; return its row. `now` is the process's own time."""
    at = await lease_time(tx, now)
    before = await find(tx, beat.id)
    same = before is not None and before.doing == beat.doing
    worker = Worker(
        id=beat.id,
        kind=beat.kind,
        host=beat.host,
        version=beat.version,
        started_at=at if before is None else before.started_at,
        beat_at=at,
        until=at + lease,
        doing=beat.doing,
        doing_since=before.doing_since if before is not None and same else at,
        resolvers=beat.resolvers,
        sees_dns=beat.sees_dns,
        skew_seconds=(now - at).total_seconds(),
    )
    values = {name: getattr(worker, name) for name in Worker.__dataclass_fields__}
    await tx.execute(insert_or_update(tx.dialect.name, workers), [values | {"resolvers": list(worker.resolvers)}])
    return worker


async def find(tx: Tx, worker_id: str) -> Worker | None:
    """Return the row of one process."""
    return next(iter(await _read(tx, [worker_id])), None)


async def list_all(tx: Tx) -> list[Worker]:
    """Return all processes that have beaten within the last day, by their start."""
    return await _read(tx, None)


async def list_live(tx: Tx, *, now: datetime) -> list[Worker]:
    """Return the processes whose beat still counts."""
    at = await lease_time(tx, now)
    return [worker for worker in await _read(tx, None) if worker.until > at]


async def end(tx: Tx, worker_id: str) -> None:
    """Forget a process that ends in good order."""
    await tx.execute(delete(workers).where(workers.c.id == worker_id))


async def remove_old(tx: Tx, *, now: datetime, after: timedelta = timedelta(days=1)) -> None:
    """Forget processes whose last beat is older than `after`."""
    at = await lease_time(tx, now)
    await tx.execute(delete(workers).where(workers.c.until < at - after))


async def _read(tx: Tx, ids: Sequence[str] | None) -> list[Worker]:
    query = select(workers).order_by(workers.c.started_at, workers.c.id)
    if ids is not None:
        query = query.where(workers.c.id.in_(ids))
    rows = [dict(row) for row in (await tx.execute(query)).mappings()]
    return [Worker(**{**row, "resolvers": tuple(row["resolvers"])}) for row in rows]
