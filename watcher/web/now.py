"""`/`: what needs a person now, what happened lately, how far the watch is; the first steps where nothing is set up."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from aiohttp import web

from watcher.api.endpoints import AnyEndpoint, Call, Nothing
from watcher.api.parts import Ready
from watcher.core.events import EventKind
from watcher.core.mail.verdict import Ability
from watcher.core.shapes.events import event_json
from watcher.core.shapes.times import JSON
from watcher.core.states.lookalike import Triage
from watcher.services.answers.lists import list_known
from watcher.services.health.coverage import coverage_json
from watcher.services.health.trends import TrendPoint, list_points
from watcher.store import event_log, lookalike_lists, protected_names, shards
from watcher.store.lookalikes import Wanted
from watcher.web.page import PageRows, Shown, page, view

SHOWN = 12
_MOST_COUNTED = 10_001
_PATIENCE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of a plot: `height` of 100; `number` None where nothing was measured."""

    place: int
    day: date
    number: float | None
    height: float


@dataclass(frozen=True, slots=True)
class Plot:
    """Thirty days of one number; `most` is the largest."""

    title: str
    unit: str
    most: float
    bars: list[Bar]


async def now(call: Call[Shown, Nothing]) -> web.Response:
    """Return the page."""
    parts, at = call.parts, call.parts.clock.now()
    untriaged = Wanted(ability=Ability.ABLE, triage=Triage.NEW, collapsed=True)
    async with parts.store.read() as tx:
        waiting = await list_known(tx, untriaged, limit=SHOWN)
        able, unable, unknown = [
            await lookalike_lists.count_up_to(tx, Wanted(ability=ability), _MOST_COUNTED)
            for ability in (Ability.ABLE, Ability.UNABLE, Ability.UNKNOWN)
        ]
        gains = await event_log.list_all(tx, kinds=[EventKind.MAIL_BECAME_ABLE], newest_first=True, limit=SHOWN)
        points = await list_points(tx, at)
        newest = await event_log.find_last_id(tx)
        number = await protected_names.count(tx)
        names = await protected_names.list_all(tx, limit=SHOWN)
        baselines = await shards.find_baselines(tx, [row.name for row in names])
    budget, state = (None, None) if parts.sweep is None else (parts.sweep.budget, parts.sweep.state)
    coverage = await coverage_json(parts.store, parts.tiers, now=at, budget=budget, state=state)
    needed = [] if parts.needed is None else await parts.needed()
    return page(
        call,
        "now.html",
        PageRows("events", gains, event_json),
        waiting=waiting,
        able=able,
        unable=unable,
        unknown=unknown,
        gains=gains,
        newest=newest or "",
        number=number,
        first_names=[(row, baselines[row.name]) for row in names],
        sweeping=any(not baselines[row.name].done for row in names),
        coverage=coverage,
        troubles=[*await find_troubles(parts.ready), *((row.what, row.why) for row in needed), *_misfit(coverage)],
        channels=parts.channels,
        plots=_plots(points),
    )


def _plots(points: Sequence[TrendPoint]) -> list[Plot]:
    return [
        _plot("Able lookalikes", "names, at the end of each day", [float(point.able) for point in points], points),
        _plot("Time to notice", "minutes, median of each day", [point.noticed_minutes for point in points], points),
        _plot("Alerts", "a day", [float(point.alerts) for point in points], points),
    ]


def _plot(title: str, unit: str, numbers: Sequence[float | None], points: Sequence[TrendPoint]) -> Plot:
    most = max((number or 0.0 for number in numbers), default=0.0)
    bars = [
        Bar(place, point.day, None if number is None else round(number, 1), round(100 * (number or 0) / (most or 1), 1))
        for place, (point, number) in enumerate(zip(points, numbers, strict=True))
    ]
    return Plot(title, unit, round(most, 1), bars)


def _misfit(coverage: JSON) -> list[tuple[str, str]]:
    """Return that the plan does not fit the rate, where it does not."""
    late = [tier for tier in coverage["tiers"] if (tier["stretch"] or 1.0) > 1.0 and tier["ranks_to"]]
    if not late:
        return []
    worst = max(tier["stretch"] for tier in late)
    why = f"it needs {coverage['needed_rate']:,.0f} questions a second, so looks come up to {worst:.1f} times later"
    return [("the plan does not fit", f"{why}; raise dns.max_rate on a resolver of your own, or lengthen sweep.tiers")]


async def find_troubles(checks: Any) -> list[tuple[str, str]]:
    """Return each check that is not well, and why."""
    results = await asyncio.gather(*(_checked(check) for check in checks.values()))
    return [(name, why) for name, why in zip(checks, results, strict=True) if why is not None]


async def _checked(check: Ready) -> str | None:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await check()
    except TimeoutError:
        return "no answer"


ENDPOINTS: tuple[AnyEndpoint, ...] = (view("/", now, "What needs a person now"),)
