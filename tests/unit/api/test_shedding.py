"""What is more than can be answered in time is refused at once, and what was answered before is answered again."""

import asyncio

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.fakes.api_client import ENDPOINTS, ApiClient, World, make_parts
from tests.unit.api.test_door import connect, listening
from watcher.api.answers import Answers
from watcher.api.app import make_app
from watcher.api.door import Door
from watcher.api.problems import Handler
from watcher.api.shedding import Shedding

STREAMS = [endpoint.path for endpoint in ENDPOINTS if endpoint.path.endswith("/stream")]


async def _nothing(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


async def _asked(shedding: Shedding, *paths: str, handler: Handler = _nothing) -> list[tuple[int, str | None]]:
    app = web.Application(middlewares=[shedding.middleware])
    for path in ("/healthz", *STREAMS, "/slow"):
        app.router.add_get(path, handler)
    async with TestServer(app) as server, ClientSession() as session:
        answers = []
        for path in paths:
            async with session.get(server.make_url(path)) as answer:
                answers.append((answer.status, answer.headers.get("Retry-After")))
        return answers


async def test_a_round_that_lasts_too_long_is_refused_and_probes_are_not():
    late = Shedding(round_seconds=-1, few=0)
    assert await _asked(late, "/slow", "/healthz") == [(503, "1"), (200, None)]


async def test_more_than_so_many_at_once_are_refused_and_streams_do_not_count():
    assert len(STREAMS) > 1
    assert await _asked(Shedding(most=0), "/slow", *STREAMS) == [(503, "1"), *[(200, None)] * len(STREAMS)]
    assert await _asked(Shedding(), "/slow") == [(200, None)]


async def test_a_known_answer_is_given_again_until_something_is_committed(api: ApiClient, behind: World):
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    first = await api.get("/api/v1/domains/army.ml")
    assert (await api.get("/api/v1/domains/army.ml")).body == first.body
    await api.patch("/api/v1/lookalikes/army.ml", {"triage": "takedown"})
    assert (await api.get("/api/v1/domains/army.ml")).json["triage"] == "takedown"


def test_answers_of_another_version_are_not_given():
    answers = Answers()
    answers.keep("army.ml", 1, b"{}")
    assert answers.find("army.ml", 1) == b"{}"
    assert answers.find("army.ml", 2) is None
    answers.keep("navy.ml", 2, b"{}")
    assert answers.find("army.ml", 1) is None


async def test_an_item_that_is_no_name_is_an_error_of_its_own(api: ApiClient, behind: World):
    await behind.protect("army.mil")
    await behind.see("army.ml", "army.mil")
    items = (await api.post("/api/v1/domains:batch", {"names": ["army.ml", "no name", "army.ml", "a..b"]})).json[
        "items"
    ]
    assert [item.get("name") or item["given"] for item in items] == ["army.ml", "no name", "a..b"]
    assert [item["error"]["type"] for item in items[1:]] == ["urn:watcher:problem:invalid_name"] * 2


async def test_a_request_line_that_is_too_long_is_a_problem_document(behind: World):
    async with listening(behind, Door()) as port:
        reader, writer = await connect(port, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(20):
            answer = await reader.read()
        writer.close()
    assert answer.split()[1] == b"414"
    assert b"application/problem+json" in answer
    assert b"urn:watcher:problem:too_long" in answer


async def test_a_client_that_hangs_up_in_its_body_is_no_fault_of_ours(behind: World, caplog):
    parts = make_parts(behind)
    async with TestServer(make_app(parts)) as server:
        _, writer = await connect(
            server.port,
            b"POST /api/v1/domains:batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b'Content-Length: 900\r\n\r\n{"names": [',
        )
        writer.close()
        async with asyncio.timeout(20):
            while not server.runner.server.requests_count or server.runner.server.connections:
                await asyncio.sleep(0)
        assert b'status="500"' not in parts.metrics.exposition("")[0]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_host_is_a_name_or_an_address_with_a_port_and_nothing_else(behind: World):
    policy = make_parts(behind).policy
    for host in ("127.0.0.1:8080", "localhost", "[::1]:80", "LOCALHOST:1"):
        assert policy.knows_host(host), host
    for host in (
        "127.0.0.1:8080@evil.com", "localhost:80:80", "localhost:", "localhost:x", "localhost/", "[::1]evil.com",
        "localhost#", "user@localhost", "localhost ", "%6cocalhost", "[::1", "127.0.0.1:123456",
    ):  # fmt: skip
        assert not policy.knows_host(host), host
