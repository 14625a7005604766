"""Whoever asks much and leaves leaves no work behind."""

import asyncio
import threading

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.fakes.api_client import ApiClient, World, make_parts
from watcher.api.app import make_app
from watcher.api.places import Places
from watcher.api.problems import Problem


async def test_some_work_some_wait_and_the_rest_is_refused():
    places = Places(2, waiting=1)
    end = asyncio.Event()
    inside: list[int] = []

    async def work(number: int) -> None:
        async with places.one():
            inside.append(number)
            await end.wait()

    at_work = [asyncio.create_task(work(number)) for number in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await work(3)
    assert (refused.value.status, inside) == (429, [0, 1])
    at_work[2].cancel()
    await asyncio.sleep(0)
    at_work.append(asyncio.create_task(work(4)))
    end.set()
    await asyncio.gather(*at_work, return_exceptions=True)
    assert inside == [0, 1, 4]
    await work(5)


async def test_requests_whose_clients_have_gone_do_not_pile_up(behind: World):
    """Over the runner of `watcher serve`, which lets handlers go on."""
    go = threading.Event()
    made: list[str] = []

    def enumerate_slowly(name: str, _limit: int, _techniques: object) -> list[dict[str, object]]:
        go.wait(60)
        made.append(name)
        return []

    runner = web.AppRunner(make_app(make_parts(behind, enumerate=enumerate_slowly)), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    answers = []
    try:
        for _ in range(100):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /api/v1/candidates?name=army.mil HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answers.append((reader, writer))
        async with asyncio.timeout(30):
            refused = [await asyncio.wait_for(reader.readline(), 30) for reader, _ in answers[-50:]]
        assert all(b" 429 " in line for line in refused)
        for _, writer in answers:
            writer.transport.abort()
    finally:
        go.set()
        await runner.cleanup()
    assert 0 < len(made) <= 50


async def test_looks_and_comparisons_that_are_too_many_are_refused(behind: World):
    full = {"looking": Places(0, waiting=0), "comparing": Places(0, waiting=0)}
    async with TestServer(make_app(make_parts(behind, **full))) as server, ClientSession() as session:
        api = ApiClient(server, session)
        refused = await api.get("/api/v1/domains/army.ml?fresh=true")
        assert (refused.status, refused.headers["Retry-After"]) == (429, "10")
        assert behind.asked == []
        assert (await api.post("/api/v1/domains:batch", {"names": ["army.ml"]})).status == 429
        assert (await api.get("/api/v1/domains/army.ml?fresh=false")).status == 200
