"""`/`: what needs a person now, what happened lately, how far the watch is; the first steps where nothing is set up."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from aiohttp import web

from watcher.api.endpoints import AnyEndpoint, Call, Nothing
from watcher.api.parts import Ready
from watcher.core.events import Event, EventKind
from watcher.core.mail.verdict import Ability
from watcher.core.shapes.events import event_json
from watcher.core.states.lookalike import Triage
from watcher.services.answers.lists import list_known
from watcher.services.health.coverage import coverage_json
from watcher.store import event_log, lookalike_lists, lookalikes, protected_names, shards
from watcher.store.lookalikes import Wanted
from watcher.web.page import PageRows, Shown, page, view

SHOWN = 12
_MOST_COUNTED = 10_001
_DAYS = 30
_MOST_EVENTS = 2_000
_PATIENCE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of a plot: `height` of 100."""

    place: int
    day: date
    number: float
    height: float


async def now(call: Call[Shown, Nothing]) -> web.Response:
    """Return the page."""
    parts, at = call.parts, call.parts.clock.now()
    untriaged = Wanted(ability=Ability.ABLE, triage=Triage.NEW, collapsed=True)
    async with parts.store.read() as tx:
        waiting = await list_known(tx, untriaged, limit=SHOWN)
        counts = await lookalikes.count_abilities(tx)
        able = await lookalike_lists.count_up_to(tx, Wanted(ability=Ability.ABLE, collapsed=True), _MOST_COUNTED)
        gains = await event_log.list_all(tx, kinds=[EventKind.MAIL_BECAME_ABLE], newest_first=True, limit=SHOWN)
        lately = await event_log.list_all(
            tx, since=at - timedelta(days=_DAYS), kinds=_PLOTTED, newest_first=True, limit=_MOST_EVENTS
        )
        newest = await event_log.find_last_id(tx)
        number = await protected_names.count(tx)
        names = await protected_names.list_all(tx, limit=SHOWN)
        baselines = await shards.find_baselines(tx, [row.name for row in names])
    coverage = await coverage_json(parts.store, parts.tiers, now=at, state=parts.sweep.state if parts.sweep else None)
    return page(
        call,
        "now.html",
        PageRows("events", gains, event_json),
        waiting=waiting,
        able=able,
        counts=counts,
        gains=gains,
        newest=newest or "",
        number=number,
        first_names=[(row, baselines[row.name]) for row in names],
        coverage=coverage,
        troubles=await find_troubles(parts.ready),
        channels=parts.channels,
        plots=_plots(lately, at.date()),
    )


_PLOTTED = [EventKind.MAIL_BECAME_ABLE, EventKind.MAIL_FOUND_ABLE, EventKind.MAIL_BECAME_UNABLE]


def _plots(events: list[Event], today: date) -> list[tuple[str, str, list[Bar]]]:
    """Return each plot: title, unit, one bar a day."""
    days = [today - timedelta(days=back) for back in reversed(range(_DAYS))]
    gains = [event for event in events if event.kind is not EventKind.MAIL_BECAME_UNABLE]
    gained = Counter(event.at.date() for event in gains)
    lost = Counter(event.at.date() for event in events if event.kind is EventKind.MAIL_BECAME_UNABLE)
    late: dict[date, list[float]] = {}
    for event in gains:
        if event.detected_after_seconds is not None:
            late.setdefault(event.at.date(), []).append(event.detected_after_seconds / 60)
    latency = {day: sorted(minutes)[len(minutes) // 2] for day, minutes in late.items()}
    return [
        ("Became able to receive mail", "names a day", _bars(days, gained)),
        ("Lost the ability", "names a day", _bars(days, lost)),
        ("Time to notice", "minutes, median of the day", _bars(days, latency)),
    ]


def _bars(days: list[date], numbers: Any) -> list[Bar]:
    most = max((numbers.get(day, 0) for day in days), default=0) or 1
    return [
        Bar(place, day, round(numbers.get(day, 0), 1), round(100 * numbers.get(day, 0) / most, 1))
        for place, day in enumerate(days)
    ]


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
