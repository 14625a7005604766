"""The newest events as they are sent to streams: one reader for all streams, however many are open."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from watcher.core.errors import StoreError
from watcher.core.events import Event
from watcher.core.shapes.events import event_json
from watcher.core.shapes.times import JSON
from watcher.store import Store, event_log

_KEPT = 1_000
_BATCH = 200

log = logging.getLogger(__name__)

Frame = tuple[str, bytes]
"""An event's id, and its text in the stream."""


class EventTail:
    """The newest frames. It reads the database while anybody follows, once for each interval."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._since: str | None = None
        self._last = ""
        self._news = asyncio.Event()
        self._followers = 0
        self._reader: asyncio.Task[None] | None = None
        self._closed = False

    @asynccontextmanager
    async def followed(self, store: Store, every: float) -> AsyncIterator[None]:
        """Keep the frames up to date inside; `every` seconds the database is asked."""
        self._followers += 1
        try:
            if self._reader is None:
                self._reader = asyncio.create_task(self._read(store, every))
            yield
        finally:
            self._followers -= 1
            if not self._followers:
                await self._stop()

    @property
    def since(self) -> str:
        """Return the id after which the frames are complete; an empty text while nothing was read."""
        return self._since or ""

    def after(self, last: str) -> list[Frame] | None:
        """Return the frames after the id `last`; None where they must be read from the database."""
        if self._since is None or last < self._since:
            return None
        if last >= self._last:
            return []
        return [item for item in self._frames if item[0] > last]

    async def wait(self, last: str, seconds: float) -> None:
        """Return when there may be frames after `last`, and after `seconds` in any case."""
        if self._closed or (self._since is not None and self._last > last):
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._news.wait()

    async def close(self) -> None:
        """Stop reading, and wake everybody who waits or will."""
        self._closed = True
        await self._stop()
        self._tell()

    async def _stop(self) -> None:
        reader, self._reader = self._reader, None
        self._frames.clear()
        self._since = None
        if reader is not None:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _read(self, store: Store, every: float) -> None:
        seen: int | None = None
        while True:
            try:
                version = store.version()
                if version is None or version != seen:
                    await self._take(store)
                seen = version
            except StoreError as error:
                log.warning("the streams of events wait: %s", error)
            await asyncio.sleep(every)

    async def _take(self, store: Store) -> None:
        async with store.read() as tx:
            if self._since is None:
                self._since = self._last = await event_log.find_last_id(tx) or ""
                self._tell()
                return
            new = await event_log.list_all(tx, after=self._last, limit=_BATCH)
            while new:
                self._frames.extend((event.id, frame(event)) for event in new)
                self._last = new[-1].id
                new = [] if len(new) < _BATCH else await event_log.list_all(tx, after=self._last, limit=_BATCH)
        while len(self._frames) > _KEPT:
            self._since = self._frames.popleft()[0]
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def frame(event: Event) -> bytes:
    """Return one event as text/event-stream."""
    return framed(event.id, event.kind.value, event_json(event))


def framed(frame_id: str, kind: str, data: JSON) -> bytes:
    """Return one object as text/event-stream. ASCII JSON has no line break: nothing begins another field."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return f"id: {frame_id}\nevent: {kind}\ndata: {text}\n\n".encode()
