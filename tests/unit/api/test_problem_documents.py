"""Every error is a problem document, whatever was sent; and hostile text stays text."""

import json
import string
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.api_client import ENDPOINTS, ApiClient, World, make_parts
from watcher.api import problems
from watcher.core.errors import (
    ConfigurationError,
    DeliveryFailed,
    DeliveryRejected,
    DishonestResolver,
    InvalidName,
    LookupFailed,
    StoreError,
    WatcherError,
)

HOSTILE = [
    "",
    " ",
    ".",
    "..",
    "a..b",
    "a" * 64 + ".mil",
    "a." * 200 + "mil",
    "x" * 5000,
    "army.mil\x00",
    "army.mil\r\nX-Evil: 1",
    "army.mil\x1b[31m",
    "\u202elim.ymra",
    "<script>alert(1)</script>",
    "army.mil'; DROP TABLE protected; --",
    "%s%n%x",
    "{{7*7}}",
    "../../etc/passwd",
    "a/b",
    "_dmarc.army.mil",
    "*.army.mil",
    "-army.mil",
    "1.2.3.4",
    "[::1]",
    "xn--zzzzzz",
    "xn--a.mil",
    "\ud7ff.mil",
    "ａｒｍｙ．ｍｉｌ" * 40,
    "http://[::1",
    "mailto:x@y@z",
]

PATHS = [
    "/api/v1/domains/{}?fresh=false",
    "/api/v1/protected/{}",
    "/api/v1/own/{}",
    "/api/v1/lookalikes/{}",
    "/api/v1/silences/{}",
    "/api/v1/events/{}",
    "/api/v1/candidates?name={}",
    "/api/v1/lookalikes?protected={}",
    "/api/v1/lookalikes?q={}",
    "/api/v1/lookalikes?technique={}",
    "/api/v1/lookalikes?cursor={}",
    "/api/v1/lookalikes?since={}",
    "/api/v1/events?name={}",
    "/api/v1/events?cursor={}",
    "/api/v1/events?kind={}",
    "/api/v1/protected?cursor={}",
    "/api/v1/protected?limit={}",
    "/api/v1/deliveries?channel={}",
]


@pytest.mark.parametrize("path", PATHS)
async def test_hostile_text_in_a_path_or_filter_is_refused_or_harmless(api: ApiClient, behind: World, path):
    await behind.protect("army.mil")
    for text in HOSTILE:
        answer = await api.get(path.format(quote(text, safe="")))
        assert answer.status in {200, 400, 404, 405}, (text, answer.body)
        assert b"X-Evil" not in str(dict(answer.headers)).encode()
        assert answer.body.isascii()
    assert [row["name"] for row in (await api.get("/api/v1/protected")).json["items"]] == ["army.mil"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_names_are_not_protected(api: ApiClient, text):
    answer = await api.post("/api/v1/protected", {"name": text})
    assert answer.status == 400
    own = await api.post("/api/v1/own", {"name": text})
    assert own.status == 400
    assert (await api.get("/api/v1/protected")).json["items"] == []
    assert (await api.get("/api/v1/own")).json["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"army.mil"',
        b'{"name": 5}',
        b'{"name": null}',
        b'{"nom": "army.mil"}',
        b'{"name": "army.mil", "extra": 1}',
        b'{"name": "army.mil", "tags": "us"}',
        b'{"name": "army.mil", "tags": ["a\\u0000"]}',
        b'{"name": "army.mil", "owner": "' + b"x" * 300 + b'"}',
        b"[" * 60_000,
        b'{"name":' * 5000,
        b"\xff\xfe{}",
        b'{"name": "\xed\xa0\x80"}',
        b"\x00" * 100,
    ],
)
async def test_a_body_that_is_not_what_is_asked_for(api: ApiClient, body):
    answer = await api("POST", "/api/v1/protected", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    assert (await api.get("/api/v1/protected")).json["items"] == []


async def test_a_body_too_large_is_refused_before_it_is_read(api: ApiClient):
    announced = await api.raw(
        b"POST /api/v1/protected HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 99999999999\r\nConnection: close\r\n\r\n{"
    )
    assert b" 413 " in announced
    chunked = b"HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    flood = await api.raw(b"POST /api/v1/protected " + chunked + piece * 8)
    assert b" 413 " in flood


async def test_unknown_paths_and_methods(api: ApiClient):
    for path in (
        "/",
        "/api",
        "/api/v1",
        "/api/v2/domains/x",
        "/api/v1/protected/",
        "/api/v1/domains/a/b",
        "/%2e%2e/etc",
    ):
        answer = await api.get(path)
        assert answer.status == 404, path
        assert answer.json["type"] == "urn:watcher:problem:no_such_path"
    answer = await api("PUT", "/api/v1/protected/army.mil", json={})
    assert answer.status == 405
    assert set(answer.headers["Allow"].split(",")) >= {"GET", "PATCH", "DELETE"}


async def test_an_unknown_parameter_is_not_ignored(api: ApiClient):
    answer = await api.get("/api/v1/lookalikes?abilty=able")
    assert answer.status == 400
    assert "abilty" in answer.json["detail"]
    assert (await api.get("/api/v1/lookalikes?ability=able&ability=unable")).status == 400
    assert (await api.get("/api/v1/lookalikes?ability=maybe")).status == 400
    assert (await api.get("/api/v1/lookalikes?limit=0")).status == 400
    assert (await api.get("/api/v1/lookalikes?limit=1001")).status == 400
    assert (await api.get("/api/v1/domains/army.ml?fresh=maybe")).status == 400


async def test_an_invalid_name_says_what_is_wrong_with_it(api: ApiClient):
    answer = await api.get("/api/v1/domains/a..b")
    assert answer.json["type"] == "urn:watcher:problem:invalid_name"
    assert answer.json["text"] == "a..b"
    assert answer.json["reason"] in answer.json["detail"]


async def test_a_database_that_is_gone_is_said_so(behind: World):
    from aiohttp import ClientSession
    from aiohttp.test_utils import TestServer

    from watcher.api.app import make_app

    async with TestServer(make_app(make_parts(behind))) as server, ClientSession() as session:
        client = ApiClient(server, session)
        assert (await client.get("/api/v1/protected")).status == 200
        await behind.store.close()
        for file in behind.store.place.path.parent.glob("watcher.db*"):
            file.write_bytes(b"this is no database" * 500)
        answer = await client.get("/api/v1/protected")
        assert answer.status == 503
        assert answer.json["type"] == "urn:watcher:problem:store_unavailable"


async def test_a_bug_is_told_without_its_inside(behind: World, caplog):
    from aiohttp import ClientSession
    from aiohttp.test_utils import TestServer

    from watcher.api.app import make_app

    def broken(_name: str, _limit: int, _techniques: object) -> list[dict[str, object]]:
        raise ZeroDivisionError("the inside")

    parts = make_parts(behind, enumerate=broken)
    async with TestServer(make_app(parts)) as server, ClientSession() as session:
        response = await session.get(f"http://127.0.0.1:{server.port}/api/v1/candidates?name=army.mil")
        assert response.status == 500
        assert response.headers["Content-Type"] == problems.MEDIA
        body = await response.text()
    assert "the inside" not in body
    assert "ZeroDivisionError: the inside" in caplog.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidName("a..b", "empty label"), 400),
        (ConfigurationError("until", "in the past"), 400),
        (StoreError("locked"), 503),
        (DishonestResolver("9.9.9.9:53", "rewrites"), 503),
        (DeliveryFailed("timeout"), 502),
        (DeliveryRejected("revoked"), 502),
        (LookupFailed("rdap", "refused"), 400),
        (WatcherError("no"), 400),
    ],
)
def test_each_known_error_has_its_status(error, status):
    problem = problems.from_error(error)
    assert problem is not None
    assert problem.status == status
    assert json.loads(json.dumps(problems.document(problem)))["detail"] == str(error)


def test_a_bug_is_no_known_error():
    assert problems.from_error(KeyError("x")) is None


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    endpoint=st.sampled_from([e for e in ENDPOINTS if e.path.startswith("/api/") and "stream" not in e.path]),
    text=st.text(min_size=1, max_size=40),
    body=st.one_of(
        st.none(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["name", "names", "triage", "tags", "scope", "value", "x"]), inner)
            ),
            max_leaves=8,
        ),
    ),
    query=st.dictionaries(st.sampled_from(["limit", "cursor", "since", "q", "fresh", "zz"]), st.text(max_size=20)),
)
async def test_anything_at_all_gets_a_documented_answer(api: ApiClient, endpoint, text, body, query):
    """No endpoint gives a 500 or an undocumented status for any text; the client holds the rest."""
    part = quote(text, safe="")
    path = endpoint.path.replace("{name}", part).replace("{id}", part)
    if query:
        path += "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    options = {} if endpoint.method in {"GET", "DELETE"} else {"json": body}
    answer = await api(endpoint.method, path, **options)
    assert answer.status < 500


def test_the_hostile_list_is_hostile():
    assert any(set(text) - set(string.printable) for text in HOSTILE)
