"""Server-sent events: everything once and in order, resumed where it broke, ended when the service stops."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from tests.fakes.api_client import ApiClient, World, make_parts
from tests.unit.api.test_lists import happen
from watcher.api import events as streams
from watcher.api.app import make_app
from watcher.core.events import Event, EventKind
from watcher.core.mail.risk import Severity
from watcher.services.names.tokens import Scope, revoke

PATH = "/api/v1/events/stream"


class Reader:
    """Reads one stream; ids are those of the events so far."""

    def __init__(self, response) -> None:
        self.response = response
        self.events: list[dict[str, str]] = []

    async def until(self, count: int) -> list[str]:
        """The ids when there are that many events."""
        async with asyncio.timeout(10):
            while len(self.events) < count:
                await self._one()
        return [event["id"] for event in self.events]

    async def _one(self) -> None:
        fields: dict[str, str] = {}
        while line := (await self.response.content.readline()).decode():
            if line == "\n":
                break
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
        if "id" in fields:
            self.events.append(fields)

    async def ended(self) -> bool:
        async with asyncio.timeout(10):
            while await self.response.content.readline():
                pass
        return True


@asynccontextmanager
async def reading(api: ApiClient, path: str = PATH, **headers: str) -> AsyncIterator[Reader]:
    async with api.session.get(f"http://127.0.0.1:{api.server.port}{path}", headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.content.readline() == b"retry: 3000\n"
        yield Reader(response)


async def test_only_what_happens_now_is_sent_at_first(api: ApiClient, behind: World):
    await happen(behind, 3)
    async with reading(api) as reader:
        new = await happen(behind, 2)
        assert await reader.until(2) == new
        assert [event["event"] for event in reader.events] == ["lapsed", "lapsed"]
        data = json.loads(reader.events[0]["data"])
        assert (data["id"], data["from"]) == (new[0], {"a": 1})


async def test_a_broken_stream_goes_on_where_it_broke(api: ApiClient, behind: World):
    ids = await happen(behind, 5)
    async with reading(api, **{"Last-Event-ID": ids[1]}) as reader:
        assert await reader.until(3) == ids[2:]
    ids += await happen(behind, 300)  # more than one read of the database
    async with reading(api, **{"Last-Event-ID": ids[4]}) as reader:
        assert await reader.until(300) == ids[5:]
        last = await happen(behind, 1)
        assert await reader.until(301) == ids[5:] + last


async def test_a_stream_may_begin_in_the_past(api: ApiClient, behind: World):
    ids = await happen(behind, 4)
    since = (behind.clock.now() - timedelta(seconds=1.5)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    async with reading(api, f"{PATH}?since={since}") as reader:
        assert await reader.until(2) == ids[2:]
    future = (behind.clock.now() + timedelta(seconds=0.5)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    async with reading(api, f"{PATH}?since={future}") as reader:
        new = await happen(behind, 1)
        assert await reader.until(1) == new


async def test_streams_end_when_the_service_stops(behind: World):
    server = TestServer(make_app(make_parts(behind, poll_seconds=60)))
    await server.start_server()
    async with ClientSession() as session:
        client = ApiClient(server, session)
        async with reading(client) as reader:
            async with asyncio.timeout(5):
                closing = asyncio.create_task(server.close())
                assert await reader.ended()
                await closing


async def test_streams_are_not_without_number(behind: World):
    app = make_app(make_parts(behind))
    async with TestServer(app) as server, ClientSession() as session:
        client = ApiClient(server, session)
        app[streams.STREAMS].open = streams.MOST_STREAMS
        assert (await client.get(PATH)).status == 503
        app[streams.STREAMS].open = 0
        async with reading(client):
            assert app[streams.STREAMS].open == 1
        async with asyncio.timeout(10):
            while app[streams.STREAMS].open:  # a reader that goes frees its place with the next word to it
                await happen(behind, 1)
                await asyncio.sleep(0)


async def test_a_stream_needs_its_scope(api: ApiClient, behind: World):
    header = await behind.token("r", Scope.READ)
    assert (await api.get(PATH)).status == 401
    assert (await api.get(PATH, headers=await behind.token("w", Scope.WRITE))).status == 403
    async with reading(api, **header) as reader:
        new = await happen(behind, 1)
        assert await reader.until(1) == new
        assert await revoke(behind.store, "r", now=behind.clock.now())


async def test_what_is_no_event_id_is_refused(api: ApiClient):
    for text in ("x" * 36, "0" * 37, "zzz", "1 OR 1=1", ""):
        assert (await api.get(PATH, headers={"Last-Event-ID": text})).status == 400


def test_nothing_in_an_event_begins_a_field_of_its_own(behind: World):
    hostile = "a\n\nid: forged\r\nevent: forged\u2028\x85\ndata: {}"
    event = Event(
        "1", EventKind.LAPSED, Severity.LOW, (hostile,), "a.ml", None, (), behind.clock.now(), after={"x": hostile}
    )
    lines = streams.frame(event).decode().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["id", "event", "data", ""]
