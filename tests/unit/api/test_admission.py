"""Who is let in: hosts, peers, proxies, origins, content types, tokens and scopes."""

import re
from pathlib import Path

import pytest
from aiohttp import ClientSession, UnixConnector, web

from tests.fakes.api_client import ENDPOINTS, ApiClient, World, make_parts
from watcher.api.app import make_app
from watcher.api.policy import Policy, is_loopback, without_port
from watcher.services.names.tokens import Scope, revoke

READ = "/api/v1/protected"


async def test_this_machine_needs_no_token_before_the_first_is_made(api: ApiClient, behind: World):
    assert (await api.get(READ)).status == 200
    assert (await api.post(READ, {"name": "army.mil"})).status == 201
    await behind.token("first", Scope.READ)
    assert (await api.get(READ)).status == 401


async def test_revoking_the_last_token_does_not_open_the_door_again(api: ApiClient, behind: World):
    header = await behind.token("only", Scope.READ)
    assert (await api.get(READ, headers=header)).status == 200
    assert await revoke(behind.store, "only", now=behind.clock.now())
    assert (await api.get(READ, headers=header)).status == 401
    assert (await api.get(READ)).status == 401


@pytest.mark.parametrize(
    "header",
    [
        {"Forwarded": "for=203.0.113.5"},
        {"X-Forwarded-For": "203.0.113.5"},
        {"X-Forwarded-Host": "127.0.0.1"},
        {"x-forwarded-proto": "https"},
        {"X-Real-IP": "203.0.113.5"},
        {"Via": "1.1 proxy"},
    ],
)
async def test_a_forwarded_request_needs_a_token(api: ApiClient, behind: World, header):
    refused = await api.get(READ, headers=header)
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    token = await behind.token("proxy", Scope.READ)
    assert (await api.get(READ, headers={**header, **token})).status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "[::2]", ""])
async def test_dns_rebinding_meets_an_unknown_host(api: ApiClient, behind: World, host):
    token = await behind.token("t", *Scope)
    for path in (READ, "/version", "/docs", "/openapi.json", "/nothing/here"):
        refused = await api.get(path, headers={"Host": host, **token})
        assert refused.status == 421, path
    assert (await api.post(READ, {"name": "army.mil"}, headers={"Host": host, **token})).status == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9999", "127.0.0.1:1", "[::1]:8080", "[::1]"])
async def test_known_hosts_are_served_with_any_port(api: ApiClient, host):
    assert (await api.get(READ, headers={"Host": host})).status == 200


async def test_probes_come_by_address(api: ApiClient):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await api.get(path, headers={"Host": "10.1.2.3:8080"})).status == 200


async def test_a_host_said_twice_or_not_at_all_is_refused(api: ApiClient):
    twice = await api.raw(
        b"GET /version HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    )
    assert b" 400 " in twice
    none = await api.raw(b"GET /version HTTP/1.0\r\n\r\n")
    assert b" 400 " in none


async def test_an_absolute_target_does_not_slip_past_the_host(api: ApiClient):
    answer = await api.raw(b"GET http://evil.example/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert b" 421 " in answer


async def test_wrong_tokens_are_refused_alike(api: ApiClient, behind: World):
    good = (await behind.token("good", Scope.READ))["Authorization"].removeprefix("Bearer ")
    for header in (
        "Bearer ",
        "Bearer nonsense",
        f"Bearer {good[:-1]}",
        f"Bearer {good}x",
        f"Basic {good}",
        good,
        "Bearer " + "x" * 4000,
        f"Bearer {good} {good}",
    ):
        refused = await api.get(READ, headers={"Authorization": header})
        assert refused.status == 401, header
        assert good not in refused.body.decode()
    assert (await api.get(READ, headers={"Authorization": f"bearer {good}"})).status == 200


async def test_a_token_is_stored_as_a_hash_only(behind: World):
    text = (await behind.token("secret", *Scope))["Authorization"].removeprefix("Bearer ")
    await behind.store.close()
    for file in behind.store.place.path.parent.iterdir():
        assert text.encode() not in file.read_bytes()
        assert text.removeprefix("watcher_").encode() not in file.read_bytes()


async def test_every_endpoint_asks_for_its_scope_and_takes_no_other(api: ApiClient, behind: World):
    """The whole matrix: each endpoint with each scope alone."""
    tokens = {scope: await behind.token(scope.value, scope) for scope in Scope}
    for endpoint in ENDPOINTS:
        if endpoint.path.endswith("/stream"):  # never ends
            continue
        path = re.sub(r"\{\w+\}", "x", endpoint.path.replace("{name}", "army.ml"))
        options = {} if endpoint.method in {"GET", "DELETE"} else {"json": {}}
        anonymous = await api(endpoint.method, path, **options)
        assert (anonymous.status == 401) == bool(endpoint.scopes), path
        for scope, header in tokens.items():
            answer = await api(endpoint.method, path, headers=header, **options)
            allowed = not endpoint.scopes or scope in endpoint.scopes
            if allowed and endpoint.path == "/api/v1/domains/{name}" and scope is Scope.READ:
                assert answer.status == 403
                assert "fresh=false" in answer.json["detail"]
            else:
                assert (answer.status == 403) == (not allowed), (endpoint.method, path, scope)


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:3000", "http://127.0.0.1", "", "http://[", "http://a\uff0fb"],
)
async def test_a_write_from_a_foreign_page_is_refused(api: ApiClient, behind: World, method, origin):
    await behind.protect("army.mil")
    path = READ if method == "POST" else f"{READ}/army.mil"
    body = {"json": {"name": "navy.mil"} if method == "POST" else {"owner": "x"}} if method != "DELETE" else {}
    answer = await api(method, path, headers={"Origin": origin}, **body)
    assert answer.status == 403
    assert answer.json["type"].endswith("foreign_origin")
    assert [row["name"] for row in (await api.get(READ)).json["items"]] == ["army.mil"]


async def test_a_write_from_our_own_page_is_served(api: ApiClient):
    ours = f"http://127.0.0.1:{api.server.port}"
    assert (await api.post(READ, {"name": "army.mil"}, headers={"Origin": ours})).status == 201


async def test_the_public_url_is_ours(behind: World):
    policy = Policy(("localhost",), "https://watch.example.org")
    assert policy.knows_host("watch.example.org")
    assert policy.is_our_origin("https://watch.example.org", "localhost:8080")
    assert not policy.is_our_origin("http://watch.example.org", "localhost:8080")
    assert not policy.is_our_origin("https://watch.example.org.evil.example", "localhost:8080")
    assert not policy.knows_host("example.org")


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"])
async def test_a_write_that_is_not_json_is_refused(api: ApiClient, media):
    answer = await api("POST", READ, data=b'{"name":"army.mil"}', headers={"Content-Type": media})
    assert answer.status == 415
    assert (await api.get(READ)).json["items"] == []


async def test_a_post_without_a_body_needs_json_too(api: ApiClient, behind: World):
    """A form without fields could send it from anywhere."""
    raw = await api.raw(
        b"POST /api/v1/channels/slack:test HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert b" 415 " in raw
    assert behind.tested == []


async def test_a_foreign_image_cannot_make_us_ask_anything(api: ApiClient, behind: World):
    answer = await api.get("/api/v1/domains/army.ml?fresh=true", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert behind.asked == []
    typed = await api.get("/api/v1/domains/army.ml?fresh=true", headers={"Sec-Fetch-Site": "none"})
    assert typed.status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(("mode", "dest"), [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("", "")])
async def test_a_foreign_page_cannot_make_us_work_either(api: ApiClient, behind: World, site, mode, dest):
    """It could not read the answer, but each of its images costs us an enumeration or a search through the store."""
    header = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    for path in ("/api/v1/candidates?name=army.mil", "/api/v1/lookalikes?q=a", "/api/v1/events/stream", READ):
        answer = await api.get(path, headers=header)
        assert answer.status == 403
        assert answer.json["type"].endswith("foreign_origin")


async def test_a_link_in_a_message_leads_here(api: ApiClient, behind: World):
    header = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert (await api.get(READ, headers=header)).status == 200
    for site in ("same-origin", "none"):
        ours = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
        assert (await api.get(READ, headers=ours)).status == 200


async def test_a_peer_that_is_not_loopback_needs_a_token(behind: World, tmp_path: Path):
    """A socket whose peer has no address is not this machine for sure, so it is treated as any other."""
    runner = web.AppRunner(make_app(make_parts(behind)))
    await runner.setup()
    path = str(tmp_path / "s")
    await web.UnixSite(runner, path).start()
    try:
        async with ClientSession(connector=UnixConnector(path)) as session:
            async with session.get(f"http://localhost{READ}") as response:
                assert response.status == 401
            token = await behind.token("t", Scope.READ)
            async with session.get(f"http://localhost{READ}", headers=token) as response:
                assert response.status == 200
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("peer", "loopback"),
    [
        (("127.0.0.1", 5), True),
        (("127.9.9.9", 5), True),
        (("::1", 5, 0, 0), True),
        (("::ffff:127.0.0.1", 5, 0, 0), True),
        (("::ffff:203.0.113.1", 5, 0, 0), False),
        (("10.0.0.1", 5), False),
        (("fe80::1%eth0", 5, 0, 2), False),
        (("", 5), False),
        ("", False),
        ("127.0.0.1", False),
        (None, False),
        ((), False),
    ],
)
def test_which_peers_are_this_machine(peer, loopback):
    assert is_loopback(peer) is loopback


def test_a_port_is_told_from_an_address():
    assert [without_port(h) for h in ("a:1", "a", "[::1]:8", "[::1]", "[::1")] == ["a", "a", "[::1]", "[::1]", "[::1"]


def test_a_host_entry_with_a_port_knows_that_port_only():
    policy = Policy(("watch.example:8443", "[2001:db8::1]"))
    assert policy.knows_host("watch.example:8443")
    assert not policy.knows_host("watch.example")
    assert not policy.knows_host("watch.example:80")
    assert policy.knows_host("[2001:DB8::1]:99")
