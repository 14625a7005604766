"""`/events`, `/deliveries`, `/channels`, `/silences`: what happened, who was told, and what is told to nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from watcher.api import cursors
from watcher.api import deliveries as delivery_shapes
from watcher.api import events as event_shapes
from watcher.api.endpoints import AnyEndpoint, Call, Input, Nothing
from watcher.api.inputs import Line, Note
from watcher.api.problems import Problem, not_found
from watcher.core.errors import DeliveryFailed
from watcher.core.events import EventKind
from watcher.core.names.protected import parse_any
from watcher.core.shapes.times import JSON, time_json
from watcher.core.telling.alerts import SilenceScope
from watcher.services.names import silence
from watcher.store import deliveries, event_log, lookalike_lists, outbox, silences
from watcher.store.deliveries import Delivery, Status
from watcher.store.lookalikes import Wanted
from watcher.web.lookalikes import _Absent
from watcher.web.page import DECISIONS, MOST_ROWS, PageRows, Shown, back, form, page, view

PAGE = 50
_MOST_COUNTED = 10_001
_MOST_HIT = 20


class WantedEvents(Shown):
    """The filter of events."""

    kind: Annotated[EventKind | None, _Absent] = None
    name: Annotated[Annotated[Line, Field(max_length=300)] | None, _Absent] = None
    sent: Annotated[Literal["page", "digest", "none", "undecided"] | None, _Absent] = None
    cursor: str | None = None


class WantedDeliveries(Shown):
    """The filter of deliveries."""

    status: Annotated[Status | None, _Absent] = None
    channel: Annotated[Annotated[Line, Field(max_length=64)] | None, _Absent] = None
    cursor: str | None = None


class WantedSilences(Shown):
    """A silence that is to be added is shown with what it hits."""

    scope: Annotated[SilenceScope | None, _Absent] = None
    value: Annotated[Annotated[Line, Field(max_length=300)] | None, _Absent] = None


class SilenceForm(Input):
    """A new silence."""

    scope: SilenceScope
    value: Annotated[Line, Field(min_length=1, max_length=300)]
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    note: Note = ""


class IdForm(Input):
    """One thing."""

    id: Annotated[Line, Field(min_length=1, max_length=64)]


class ChannelForm(Input):
    """One channel."""

    name: Annotated[Line, Field(min_length=1, max_length=64)]


async def list_events(call: Call[WantedEvents, Nothing]) -> web.Response:
    """Return the events, newest first."""
    query = call.query
    key = cursors.decode(query.cursor, str)
    limit = PAGE if query.format == "html" else MOST_ROWS
    async with call.parts.store.read() as tx:
        found = await event_log.list_all(
            tx,
            before=key[0] if key else None,
            names=None if query.name is None else [parse_any(query.name, call.parts.suffixes)],
            kinds=None if query.kind is None else [query.kind.value],
            decision=query.sent,
            newest_first=True,
            limit=limit + 1,
        )
        told = await outbox.find_told(tx, [event.id for event in found[:limit]])
    return page(
        call,
        "events.html",
        PageRows("events", found[:limit], lambda event: event_shapes.shape(event, told)),
        query=query,
        events=[(event, told.get(event.id)) for event in found[:limit]],
        kinds=list(EventKind),
        decisions=DECISIONS,
        next_cursor=cursors.encode((found[limit - 1].id,)) if len(found) > limit else None,
    )


async def list_deliveries(call: Call[WantedDeliveries, Nothing]) -> web.Response:
    """Return the deliveries, newest first."""
    query = call.query
    key = cursors.decode(query.cursor, str)
    limit = PAGE if query.format == "html" else MOST_ROWS
    async with call.parts.store.read() as tx:
        found = await deliveries.list_all(
            tx, status=query.status, channel=query.channel, before=key[0] if key else None, limit=limit + 1
        )
        firsts = [event.id for row in found for event in row.alert.events[:1]]
        told = await outbox.find_told(tx, firsts)
    return page(
        call,
        "deliveries.html",
        PageRows("deliveries", found[:limit], delivery_shapes.shape),
        query=query,
        rows=found[:limit],
        told=told,
        statuses=list(Status),
        channels=call.parts.channels,
        next_cursor=cursors.encode((found[limit - 1].id,)) if len(found) > limit else None,
    )


async def retried(call: Call[Nothing, IdForm]) -> web.Response:
    """Try a delivery again now."""
    async with call.parts.store.write() as tx:
        if not await deliveries.retry(tx, call.body.id, now=call.parts.clock.now()):
            raise Problem(409, "already_sent", "it was accepted by its channel already, or it is not known")
    return back(None, "/deliveries", done="It is tried again now")


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One channel: its settings without secrets, its last success, its last failure, and what waits for it."""

    name: str
    settings: Mapping[str, Any]
    sent: Delivery | None
    failed: Delivery | None
    waiting: int
    trouble: str | None


async def list_channels(call: Call[Shown, Nothing]) -> web.Response:
    """Return the channels with their settings, last success and last failure."""
    rows = []
    needed = [] if call.parts.needed is None else await call.parts.needed()
    troubles = {row.what: row.why for row in needed}
    async with call.parts.store.read() as tx:
        for name in call.parts.channels:
            sent = await deliveries.list_all(tx, status=Status.SENT, channel=name, before=None, limit=1)
            failed = await deliveries.list_failed(tx, name, limit=1)
            rows.append(
                ChannelRow(
                    name,
                    call.parts.channel_settings.get(name, {}),
                    next(iter(sent), None),
                    next(iter(failed), None),
                    await deliveries.count_pending(tx, [name]),
                    troubles.get(f"channel {name}"),
                )
            )
    return page(call, "channels.html", PageRows("channels", rows, _channel_json), rows=rows)


def _channel_json(row: ChannelRow) -> JSON:
    return {
        "name": row.name,
        "settings": dict(row.settings),
        "last_sent_at": None if row.sent is None else time_json(row.sent.sent_at),
        "last_error": None if row.failed is None else row.failed.last_error,
        "last_failed_at": None if row.failed is None else time_json(row.failed.created_at),
        "waiting": row.waiting,
        "trouble": row.trouble,
    }


async def tested(call: Call[Nothing, ChannelForm]) -> web.Response:
    """Send a marked test alert."""
    name = call.body.name
    if name not in call.parts.channels or call.parts.test_channel is None:
        raise not_found(name)
    try:
        await call.parts.test_channel(name)
    except DeliveryFailed as error:
        return back(None, "/channels", done=f"{name} did not accept the test: {error}"[:300])
    return back(None, "/channels", done=f"{name} accepted the test alert")


async def list_silences(call: Call[WantedSilences, Nothing]) -> web.Response:
    """Return the silences; with a scope and a value what such a silence would hit."""
    query, hits = call.query, None
    async with call.parts.store.read() as tx:
        rows = await silences.list_all(tx, limit=1000)
        if query.scope is not None and query.value is not None:
            value = silence.kept(query.scope, query.value, call.parts.suffixes)
            wanted = {
                SilenceScope.NAME: Wanted(text=value),
                SilenceScope.SUFFIX: Wanted(text=f".{value}"),
                SilenceScope.TECHNIQUE: Wanted(technique=value),
                SilenceScope.PROTECTED: Wanted(protected=value),
            }[query.scope]
            number = await lookalike_lists.count_up_to(tx, wanted, _MOST_COUNTED)
            hits = value, number, await lookalike_lists.list_page(tx, wanted, limit=_MOST_HIT)
    return page(
        call, "silences.html", PageRows("silences", rows, silence.silence_json),
        rows=rows, scopes=list(SilenceScope), query=query, hits=hits,
    )  # fmt: skip


async def silenced(call: Call[Nothing, SilenceForm]) -> web.Response:
    """Add a silence."""
    body, now = call.body, call.parts.clock.now()
    until = None if body.days is None else now + timedelta(days=body.days)
    row = await silence.add(
        call.parts.store, body.scope, body.value,
        suffixes=call.parts.suffixes, now=now, until=until, note=body.note, by=call.caller.token,
    )  # fmt: skip
    return back(None, "/silences", done=f"The {row.scope} {row.value} is silenced")


async def unsilenced(call: Call[Nothing, IdForm]) -> web.Response:
    """End a silence."""
    if not await silence.remove(call.parts.store, call.body.id, suffixes=call.parts.suffixes):
        raise not_found(call.body.id)
    return back(None, "/silences", done="The silence is over")


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    view("/events", list_events, "What happened", WantedEvents),
    view("/deliveries", list_deliveries, "Who was told", WantedDeliveries),
    form("/deliveries/retry", retried, "Try a delivery again", IdForm),
    view("/channels", list_channels, "The ways to people"),
    form("/channels/test", tested, "Send a test alert", ChannelForm),
    view("/silences", list_silences, "What is told to nobody", WantedSilences),
    form("/silences/add", silenced, "Add a silence", SilenceForm),
    form("/silences/remove", unsilenced, "End a silence", IdForm),
)
