"""`/events`: what happened, as a list and as a stream of server-sent events that can be resumed."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from watcher.api import cursors, models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing
from watcher.api.event_tail import EventTail, frame
from watcher.api.guard import caller_of
from watcher.api.inputs import Moment, Paged
from watcher.api.problems import Problem, not_found
from watcher.core.events import Event, EventKind
from watcher.core.names.protected import parse_any
from watcher.core.shapes.events import event_json
from watcher.core.shapes.times import JSON
from watcher.services.names.tokens import Scope
from watcher.store import event_log, outbox
from watcher.store.outbox import Told

MEDIA = "text/event-stream"
MOST_STREAMS = 300
_BATCH = 200
_HEARTBEAT_SECONDS = 15.0
_WRITE_SECONDS = 30.0
_ID = re.compile(r"[0-9a-f-]{36}\Z")


class WantedEvents(Paged):
    """Query for events."""

    name: str | None = Field(default=None, description="A name or registrable domain")
    kind: tuple[EventKind, ...] = Field(default=(), description="May be repeated")
    since: Moment | None = Field(default=None, description="Not before")
    order: Literal["newest", "oldest"] = Field(default="newest", description="Which come first")


class WantedStream(Input):
    """Start of a stream of events, unless `Last-Event-ID` sets it."""

    since: Moment | None = Field(default=None, description="Send what happened since; absent: only what happens now")


class Streams:
    """The streams that are open, and the one reader that all of them share; ends them when the service stops."""

    def __init__(self) -> None:
        self.ending = asyncio.Event()
        self.open = 0
        self.tail = EventTail()


STREAMS: web.AppKey[Streams] = web.AppKey("streams", Streams)


async def end_streams(app: web.Application) -> None:
    """Let every stream end, so that stopping need not wait for its reader."""
    app[STREAMS].ending.set()
    await app[STREAMS].tail.close()


async def listed(call: Call[WantedEvents, Nothing]) -> Any:
    """Return the events by id, which is their order in time."""
    wanted = call.query
    key = cursors.decode(wanted.cursor, str)
    newest = wanted.order == "newest"
    async with call.parts.store.read() as tx:
        found = await event_log.list_all(
            tx,
            after=key[0] if key and not newest else None,
            before=key[0] if key and newest else None,
            since=wanted.since,
            names=None if wanted.name is None else [parse_any(wanted.name, call.parts.suffixes)],
            kinds=[kind.value for kind in wanted.kind] or None,
            newest_first=newest,
            limit=wanted.limit + 1,
        )
        told = await outbox.find_told(tx, [event.id for event in found])
    return cursors.page(found, wanted.limit, lambda event: (event.id,), lambda event: shape(event, told))


async def one(call: Call[Nothing, Nothing]) -> Any:
    """Return the event."""
    async with call.parts.store.read() as tx:
        event = await event_log.find(tx, call.path["id"])
        told = await outbox.find_told(tx, [call.path["id"]])
    if event is None:
        raise not_found(call.path["id"])
    return shape(event, told)


def shape(event: Event, told: Mapping[str, Told]) -> JSON:
    """Return the event shape, with what became of it: told at once, in a digest or not at all, and why."""
    one = told.get(event.id)
    became = None if one is None else {"decision": one.decision, "reason": one.reason, "alert_id": one.alert_id}
    return {**event_json(event), "told": became}


async def streamed(call: Call[WantedStream, Nothing]) -> web.StreamResponse:
    """Every event once, in order; after a break those since `Last-Event-ID`. A comment keeps quiet connections open."""
    tail, last = call.request.app[STREAMS].tail, await _start(call)

    async def new() -> list[bytes]:
        nonlocal last
        frames = tail.after(last)
        if frames is None:  # from before the shared reader began
            async with call.parts.store.read() as tx:
                found = await event_log.list_all(tx, after=last, limit=_BATCH)
            last = found[-1].id if found else max(last, tail.since)
            return [frame(event) for event in found]
        last = frames[-1][0] if frames else last
        return [data for _, data in frames]

    async with tail.followed(call.parts.store, call.parts.poll_seconds):
        return await follow(call, new, lambda seconds: tail.wait(last, seconds))


Waiting = Callable[[float], Awaitable[None]]


async def follow(
    call: Call[Any, Nothing], new: Callable[[], Awaitable[list[bytes]]], wait: Waiting | None = None
) -> web.StreamResponse:
    """Send what `new` gives, again and again, until the reader goes or the service stops. Raises Problem.

    `wait` returns when there may be more, or after so many seconds; None: `new` is asked at each interval.
    """
    streams = call.request.app[STREAMS]
    if streams.open >= MOST_STREAMS:
        raise Problem(503, "too_many_streams", "too many streams are open; try again later")

    async def pause(_seconds: float) -> None:
        await _pause(streams.ending, call.parts.poll_seconds)

    streams.open += 1
    try:
        return await _stream(call, streams, new, wait or pause)
    finally:
        streams.open -= 1


async def _start(call: Call[WantedStream, Nothing]) -> str:
    """Return the id after which to begin; ids are greater than the empty text."""
    resumed = call.request.headers.get("Last-Event-ID")
    if resumed is not None:
        if not _ID.match(resumed):
            raise Problem(400, "invalid_request", "Last-Event-ID is not an event's id")
        return resumed
    async with call.parts.store.read() as tx:
        if call.query.since is None:
            return await event_log.find_last_id(tx) or ""
        first = await event_log.list_all(tx, since=call.query.since, limit=1)
        if not first:
            return await event_log.find_last_id(tx) or ""
        before = await event_log.list_all(tx, before=first[0].id, newest_first=True, limit=1)
        return before[0].id if before else ""


async def _stream(
    call: Call[Any, Nothing], streams: Streams, new: Callable[[], Awaitable[list[bytes]]], wait: Waiting
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": MEDIA, "X-Accel-Buffering": "no"})
    await response.prepare(call.request)
    parts, loop = call.parts, asyncio.get_running_loop()
    try:
        await _write(response, b"retry: 3000\n\n")
        beat = loop.time()
        while not streams.ending.is_set():
            frames = await new()
            for sent in frames:
                await _write(response, sent)
            if not frames:
                if loop.time() - beat >= _HEARTBEAT_SECONDS:
                    await caller_of(parts, call.request)  # a revoked token ends its streams
                    await _write(response, b": alive\n\n")
                    beat = loop.time()
                await wait(beat + _HEARTBEAT_SECONDS - loop.time())
    except (ConnectionError, TimeoutError, Problem):
        return response  # the reader went, or may read no more; it resumes by Last-Event-ID
    return response


async def _write(response: web.StreamResponse, data: bytes) -> None:
    """Write `data`. Raises TimeoutError when the reader does not read."""
    async with asyncio.timeout(_WRITE_SECONDS):
        await response.write(data)


async def _pause(ending: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await ending.wait()
    except TimeoutError:
        return


_READ, _TAG = (Scope.READ,), "events"

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint("GET", "/api/v1/events", listed, "What happened", _TAG, WantedEvents, Nothing, models.EventPage, _READ),
    Endpoint(
        "GET",
        "/api/v1/events/stream",
        streamed,
        "What happens, as server-sent events; resumes after `Last-Event-ID`",
        _TAG,
        WantedStream,
        Nothing,
        None,
        _READ,
        media=MEDIA,
    ),
    Endpoint(
        "GET", "/api/v1/events/{id}", one, "One event", _TAG, Nothing, Nothing, models.Event, _READ, errors=(404,)
    ),
)
