"""`/workers`: the processes that share the work, what each does and since when."""

from typing import Any

from watcher.api import cursors, models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing
from watcher.api.inputs import Paged
from watcher.core.shapes.workers import worker_json
from watcher.services.health.attendance import list_workers
from watcher.services.names.tokens import Scope


async def listed(call: Call[Paged, Nothing]) -> Any:
    """Return the processes by their start; none where one process does everything, with nothing to share."""
    key = cursors.decode(call.query.cursor, str)
    now, every = await list_workers(call.parts.store, call.parts.clock)
    after = [row for row in every if key is None or row.worker.id > key[0]]
    return cursors.page(
        after[: call.query.limit + 1],
        call.query.limit,
        lambda row: (row.worker.id,),
        lambda row: worker_json(row.worker, alive=row.alive, now=now),
    )


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        method="GET",
        path="/api/v1/workers",
        serve=listed,
        summary="The processes that share the work",
        tag="workers",
        query=Paged,
        body=Nothing,
        answer=models.WorkerPage,
        scopes=(Scope.READ,),
    ),
)
