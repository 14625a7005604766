"""`/protected/{name}`: one protected name, its candidates as a picture, and how far each tier is."""

import asyncio
from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from watcher.api.endpoints import AnyEndpoint, Call, Nothing
from watcher.api.parts import Parts
from watcher.api.problems import not_found
from watcher.core.names.protected import parse_protected
from watcher.core.shapes.known import lookalike_json
from watcher.core.states.budget import needed
from watcher.services.answers.lists import list_known
from watcher.store import protected_names, resembling_rows, shards
from watcher.store.lookalikes import Wanted
from watcher.store.shards import Shard
from watcher.web.page import MOST_ROWS, PageRows, Shown, page, view
from watcher.web.space import Cell, counted, picture

_WORST = 12
_MOST_SEEN = 1_000
_MOST_COUNTED = 5_000
_KEPT = 64


@dataclass(frozen=True, slots=True)
class TierPart:
    """One tier of one name. `share` is the part of all questions a second that there are; None: not known."""

    last: int
    seconds: float
    rate: float
    share: float | None
    total: int
    settled: int
    unsettled: int
    ratio: float
    finished_at: datetime | None


class Spaces:
    """The counted candidates of the names that were shown last: to make twenty thousand takes a second."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Counter[Cell]] = OrderedDict()

    async def counted(self, parts: Parts, name: str, version: str) -> Counter[Cell]:
        """Return the candidates of `name` by technique and likelihood; `version` is that of the enumeration."""
        key = f"{name} {version}"
        if key not in self._kept:
            last = parts.tiers[-1][0] if parts.tiers else 1000
            async with parts.enumerating.one():
                self._kept[key] = await asyncio.to_thread(lambda: counted(parts.enumerate(name, last, ())))
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]


SPACES = Spaces()


async def show(call: Call[Shown, Nothing]) -> web.Response:
    """Return the page; its files hold the lookalikes of the name."""
    parts = call.parts
    name = parse_protected(call.path["name"], parts.suffixes)[0]
    wanted = Wanted(protected=name, collapsed=call.query.format == "html")
    limit = _WORST if call.query.format == "html" else MOST_ROWS
    async with parts.store.read() as tx:
        row = await protected_names.find(tx, name)
        if row is None:
            raise not_found(name)
        tiers = await shards.list_all(tx, protected=name)
        listing = await list_known(tx, wanted, limit=limit)
        seen = await resembling_rows.list_likeliest(tx, name, limit=_MOST_SEEN)
        abilities = await resembling_rows.count_abilities(tx, name, most=_MOST_COUNTED)
        number = await protected_names.count(tx)
    drawn = None
    if call.query.format == "html":
        version = tiers[0].enumeration_version if tiers else ""
        drawn = picture(await SPACES.counted(parts, name, version), seen)
    return page(
        call,
        "protected_name.html",
        PageRows(f"lookalikes-of-{name}", listing.rows, lookalike_json),
        row=row,
        listing=listing,
        abilities=abilities,
        counted_all=sum(abilities.values()) < _MOST_COUNTED,
        tiers=_tiers(parts, tiers, number),
        picture=drawn,
    )


def _tiers(parts: Parts, found: list[Shard], names: int) -> list[TierPart]:
    """Return each tier of the plan with what is seen of it."""
    rate: Any = None if parts.sweep is None else parts.sweep.budget.rate
    known = {shard.tier: shard for shard in found}
    rates = needed(parts.tiers, 1)
    shown = []
    for place, (last, interval) in enumerate(parts.tiers):
        shard = known.get(place)
        settled, total = (shard.settled, shard.total) if shard else (0, 0)
        if shard is not None and shard.last_finished_at is not None:
            settled = max(settled, total - shard.unsettled)
        # where the plan needs more than there is, every name has its part of what there is
        most = None if rate is None or rate == float("inf") else max(rate, names * sum(rates))
        shown.append(
            TierPart(
                last,
                interval.total_seconds(),
                rates[place],
                None if most is None else rates[place] / most,
                total,
                settled,
                shard.unsettled if shard else 0,
                settled / total if total else 0.0,
                shard.last_finished_at if shard else None,
            )
        )
    return shown


ENDPOINTS: tuple[AnyEndpoint, ...] = (view("/protected/{name}", show, "One protected name and its candidates"),)
