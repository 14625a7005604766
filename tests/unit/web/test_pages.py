"""The pages over a real server and database: what they show, to whom, and that nothing from outside gets in as markup."""

import re
from base64 import b64encode
from dataclasses import replace

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from tests.fakes.api_client import VERSION, make_parts, make_world
from watcher.api.app import every_endpoint, make_app
from watcher.api.pages import coded
from watcher.core.events import Resemblance
from watcher.core.mail.risk import Severity
from watcher.core.names.names import Fqdn
from watcher.core.states.mail_state import Pending, Sighting
from watcher.services.looks.examine import LookOptions
from watcher.services.names.tokens import Scope
from watcher.store import lookalikes
from watcher.web import pages
from watcher.web.overview import SHOWN

ENDPOINTS = (*every_endpoint(VERSION), *pages.ENDPOINTS)


@pytest.fixture
async def world(tmp_path):
    made = await make_world(tmp_path)
    yield made
    await made.store.close()


@pytest.fixture
async def get(world):
    async with TestServer(make_app(make_parts(world), ENDPOINTS)) as server, ClientSession() as session:

        async def fetch(path, **headers):
            async with session.get(server.make_url(path), headers=headers) as response:
                return response.status, await response.text(), response.headers

        yield fetch


async def test_the_first_page_shows_who_can_receive_mail(world, get):
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    status, text, headers = await get("/")
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    assert '<a href="/names/army.ml">army.ml</a>' in text
    assert "mx.army.ml" in text
    assert "it resembles army.mil" in text
    assert "mail found able" in text


async def test_the_page_of_a_name_says_who_decided_and_when(world, get):
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    at = world.clock.now()
    async with world.store.write() as tx:
        await lookalikes.save_triage(tx, ["army.ml"], "takedown", note="asked <b>them</b>", now=at, by="anna")
    _, text, _ = await get("/names/army.ml")
    assert f"takedown by anna ({at:%Y-%m-%d %H:%M}" in text
    assert "asked &lt;b&gt;them&lt;/b&gt;" in text


async def test_of_many_the_worst_are_on_the_first_page_and_the_rest_is_counted(world, get):
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    async with world.store.write() as tx:
        seen = await lookalikes.find(tx, "army.ml")
        assert seen is not None
        many = [replace(seen, name=f"a{n:04}.ml", unicode=f"a{n:04}.ml", severity=Severity.LOW) for n in range(2100)]
        worst = replace(seen, name="zzz.ml", unicode="zzz.ml", severity=Severity.CRITICAL)
        await lookalikes.save(tx, [*many, worst])
    _, text, _ = await get("/")
    shown = re.findall(r'<td><a href="/names/([^"]+)">', text)
    assert shown[:2] == ["army.ml", "zzz.ml"], "both critical, and the likelier one first"
    assert f"and {2102 - SHOWN} more" in text


async def test_the_first_page_of_an_empty_watch_says_what_to_do(get):
    status, text, _ = await get("/")
    assert status == 200
    assert "watcher protect add" in text


async def test_a_name_has_its_page_with_the_evidence(world, get):
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    status, text, _ = await get("/names/army.ml")
    assert status == 200
    assert "Mail for army.ml is delivered to mx.army.ml (93.184.215.14)" in text
    assert "10 mx.army.ml" in text


async def test_the_page_of_an_unknown_name_asks_nothing_outside(world, get):
    status, text, _ = await get("/names/never.example")
    assert status == 200
    assert "Not looked at yet" in text
    assert world.asked == []


async def test_what_is_no_name_is_a_bad_request(get):
    status, _, _ = await get("/names/foo..bar")
    assert status == 400


async def test_the_pages_run_no_script_and_fetch_nothing_outside(world, get):
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    for path in ("/", "/names/army.ml"):
        _, text, headers = await get(path)
        assert "<script" not in text
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert not re.findall(r'(?:href|src)="(?:https?:)?//', text)
    status, css, _ = await get("/style.css")
    assert status == 200
    assert "url(" not in css


async def test_markup_from_outside_is_text(world, get):
    hostile = '<script>alert(1)</script><img src=x onerror="x">'
    await world.protect("army.mil")
    world.resolver.load("army.ml", "@ MX 10 mx\nmx A 93.184.215.14\n")
    await world.see("army.ml", "army.mil", technique=hostile)
    for path in ("/", "/names/army.ml"):
        _, text, _ = await get(path)
        assert "<script>" not in text
        assert "<img" not in text
    assert "&lt;script&gt;" in text


async def test_with_tokens_a_page_asks_the_person_and_the_token_is_the_password(world, get):
    header = await world.token("reader", Scope.READ)
    token = header["Authorization"].removeprefix("Bearer ")
    status, _, headers = await get("/")
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Basic ")
    basic = "Basic " + b64encode(f"anyone:{token}".encode()).decode()
    assert (await get("/", Authorization=basic))[0] == 200
    assert (await get("/", **header))[0] == 200
    assert (await get("/", Authorization="Basic " + b64encode(b"anyone:wrong").decode()))[0] == 401
    assert (await get("/", Authorization="Basic %%%"))[0] == 401


async def test_what_a_browser_sends_unasked_opens_no_api(world, get):
    header = await world.token("writer", Scope.READ, Scope.WRITE)
    token = header["Authorization"].removeprefix("Bearer ")
    basic = "Basic " + b64encode(f"x:{token}".encode()).decode()
    assert (await get("/api/v1/lookalikes", Authorization=basic))[0] == 401


async def test_a_token_without_read_sees_no_page(world, get):
    header = await world.token("looker", Scope.LOOKUP)
    assert (await get("/", **header))[0] == 403


async def test_a_foreign_host_is_not_served(get):
    assert (await get("/", Host="evil.example"))[0] == 421


async def test_what_is_not_confirmed_is_marked(world, get):
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    for path in ("/", "/names/army.ml"):
        assert "not confirmed yet" not in (await get(path))[1]
    async with world.store.write() as tx:
        seen = await lookalikes.find(tx, "army.ml")
        sighting = Sighting(seen.verdict, world.clock.now())
        pending = Pending((sighting,), world.clock.now(), None)
        await lookalikes.save(tx, [replace(seen, state=replace(seen.state, pending=pending))])
    for path in ("/", "/names/army.ml"):
        assert "not confirmed yet" in (await get(path))[1]


async def test_one_slip_of_two_protected_names_is_told_once_and_its_letters_stand_out(world, get):
    await world.protect("army.mil", "mil")
    look = await world.examiner.look(Fqdn("army.ml"), LookOptions(fresh=True))
    alike = [Resemblance(one, ("suffix_edit",), 0.03, "army.mil with `i` left out", 3) for one in ("army.mil", "mil")]
    await world.watch.record(look, resemblances=alike)
    _, text, _ = await get("/")
    assert text.count("army.mil with <code>i</code> left out") == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`a` and `b`", "<code>a</code> and <code>b</code>"),
        ("`<b>` & <i>", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;"),
        ("it`s", "it`s"),
        ("", ""),
    ],
)
def test_what_stands_between_backticks_is_code_and_all_is_escaped(text, shown):
    assert str(coded(text)) == shown
