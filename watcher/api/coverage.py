"""`/coverage`: how much of the plan is seen, and how late."""

from typing import Any

from watcher.api import models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing
from watcher.services.coverage import coverage_json
from watcher.services.tokens import Scope


async def seen(call: Call[Nothing, Nothing]) -> Any:
    """For each tier of the plan."""
    return await coverage_json(call.parts.store, call.parts.tiers, now=call.parts.clock.now())


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/v1/coverage",
        seen,
        "How much of the plan is seen, how late",
        "coverage",
        Nothing,
        Nothing,
        models.Coverage,
        (Scope.READ,),
    ),
)
