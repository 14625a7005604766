"""`/coverage`: how much of the plan is seen, and how late."""

from typing import Any

from watcher.api import plan_models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing
from watcher.services.health.coverage import coverage_json
from watcher.services.names.tokens import Scope


async def seen(call: Call[Nothing, Nothing]) -> Any:
    """Return the coverage of each tier of the plan."""
    parts = call.parts
    return await coverage_json(
        parts.store,
        parts.tiers,
        now=parts.clock.now(),
        budget=None if parts.sweep is None else parts.sweep.budget,
        state=None if parts.sweep is None else parts.sweep.state,
    )


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/v1/coverage",
        seen,
        "How much of the plan is seen, how late",
        "coverage",
        Nothing,
        Nothing,
        plan_models.Coverage,
        (Scope.READ,),
    ),
)
