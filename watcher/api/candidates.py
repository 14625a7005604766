"""`/candidates?name=`: the names that somebody who means a protected one may end up at. No network, no database."""

import asyncio
from typing import Annotated, Any

from pydantic import Field

from watcher.api import cursors, models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Nothing
from watcher.api.inputs import MOST_ITEMS, Line, Paged
from watcher.services.names.tokens import Scope
from watcher.techniques import known_technique

MOST_CANDIDATES = 20_000


class WantedCandidates(Paged):
    """Query for the candidates of a name."""

    name: str = Field(description="Domain, host, IDN, mailbox, URL or suffix")
    technique: tuple[Annotated[Line, Field(max_length=64)], ...] = Field(
        default=(), max_length=50, description="Only by these techniques; may be repeated"
    )


async def listed(call: Call[WantedCandidates, Nothing]) -> Any:
    """Return the candidates by rank, best first, up to the end of the default tiers."""
    wanted = call.query
    chosen = [known_technique(name) for name in wanted.technique]
    key = cursors.decode(wanted.cursor, int)
    skipped = min(max(key[0], 0), MOST_CANDIDATES) if key else 0
    last = min(skipped + wanted.limit + 1, MOST_CANDIDATES)

    def enumerated() -> list[dict[str, Any]]:
        found = call.parts.enumerate(wanted.name, last, chosen)
        return [row for place, row in enumerate(found) if skipped <= place < last]

    async with call.parts.enumerating.one():
        rows = await asyncio.to_thread(enumerated)
    return cursors.page(rows, wanted.limit, lambda _row: (skipped + wanted.limit,), lambda row: row)


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/v1/candidates",
        listed,
        f"Candidates of a name, best first, up to {MOST_CANDIDATES} in pages of at most {MOST_ITEMS}",
        "candidates",
        WantedCandidates,
        Nothing,
        models.CandidatePage,
        (Scope.READ,),
        errors=(429,),
    ),
)
