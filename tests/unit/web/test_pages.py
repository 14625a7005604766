"""The pages over a real server and database: what they show, to whom, and that nothing from outside gets in as markup."""

import csv
import html
import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from tests.fakes.api_client import VERSION, make_parts, make_world
from watcher.api.app import every_endpoint, make_app
from watcher.core.events import Resemblance
from watcher.core.mail.log_entry import LogEntry, MailFate
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Flag
from watcher.core.names.names import Fqdn
from watcher.core.states.mail_state import Pending, Sighting
from watcher.services.looks.examine import LookOptions
from watcher.services.names.tokens import Scope
from watcher.store import lookalikes, refusals, written
from watcher.store.refusals import RefusalKey
from watcher.web import pages
from watcher.web.page import told

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
    assert '<a class="name" href="/names/army.ml">army.ml</a>' in text
    assert "mx.army.ml" in text
    assert "it resembles army.mil" in text
    assert "of them wait for triage" in text


async def test_the_page_of_a_name_says_how_much_mail_was_stopped_and_went_there(world, get):
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    page, plain = "/names/army.ml", "/api/v1/domains/army.ml?fresh=false"
    assert "Mail from here" not in (await get(page))[1]
    assert json.loads((await get(plain))[1])["mail_to"] is None
    hour = world.clock.now().replace(minute=0, second=0, microsecond=0)
    counts = {RefusalKey("army.ml", "army.mil", hour - timedelta(hours=30), "reject"): 1200}
    counts |= {RefusalKey("army.ml", "army.mil", hour, action): 17 for action in ("ask", "warn")}
    letters = [LogEntry("army.ml", number, MailFate.DELIVERED, hour, number % 3) for number in range(5)]
    async with world.store.write() as tx:
        await refusals.add(tx, counts)
        await written.save(tx, letters)
    text = (await get(page))[1]
    assert "<b>1\u202f217</b> times your mail server stopped mail to it" in text
    assert "<b>5</b> messages from 3 senders" in text
    mail = json.loads((await get(plain))[1])["mail_to"]
    assert mail["stopped"]["count"] == 1217
    assert mail["stopped"]["first_hour"] < mail["stopped"]["last_hour"]
    assert (mail["logged"]["messages"], mail["logged"]["senders"], mail["logged"]["delivered"]) == (5, 3, 5)


async def test_the_page_of_a_name_says_who_decided_and_when(world, get):
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    at = world.clock.now()
    async with world.store.write() as tx:
        await lookalikes.save_triage(tx, ["army.ml"], "takedown", note="asked <b>them</b>", now=at, by="anna")
    _, text, _ = await get("/names/army.ml")
    assert "takedown by anna" in text
    assert f"{at:%Y-%m-%d %H:%M} UTC" in text
    assert "asked &lt;b&gt;them&lt;/b&gt;" in text


async def test_of_many_the_worst_come_first_and_one_page_leads_to_the_next(world, get):
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    async with world.store.write() as tx:
        seen = await lookalikes.find(tx, "army.ml")
        many = [replace(seen, name=f"a{n:04}.ml", unicode=f"a{n:04}.ml", severity=Severity.LOW) for n in range(120)]
        await lookalikes.save(tx, [*many, replace(seen, name="zzz.ml", unicode="zzz.ml")])
    address, shown = "/lookalikes", []
    while address:
        _, text, _ = await get(address)
        shown += re.findall(r'<td[^>]*><a class="name" href="/names/([^"]+)">', text)
        found = re.search(r'class="next"><a href="([^"]+)"', text)
        address = found and html.unescape(found[1])
    assert shown[:2] == ["army.ml", "zzz.ml"], "the critical ones"
    assert len(shown) == len(set(shown)) == 122
    assert "122 names" in text


async def test_of_all_hosts_of_one_wildcard_one_is_shown(world, get):
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    async with world.store.write() as tx:
        seen = await lookalikes.find(tx, "army.ml")
        verdict = replace(seen.verdict, flags=(Flag.WILDCARD,))
        hosts = [
            replace(seen, name=f"h{n}.evil.ml", unicode=f"h{n}.evil.ml", registrable_domain="evil.ml", verdict=verdict)
            for n in range(323)
        ]
        await lookalikes.save(tx, hosts)
    _, text, _ = await get("/lookalikes")
    assert len(re.findall('<td[^>]*><a class="name"', text)) == 2
    assert "and 322 more hosts" in text
    _, text, _ = await get("/lookalikes?format=json")
    assert len(json.loads(text)) == 324, "a file holds all of them"
    _, text, _ = await get("/")
    assert "and 322 more hosts" in text


async def test_a_filter_gives_the_same_rows_on_the_page_and_in_its_files(world, get):
    await world.protect("army.mil")
    for name in ("army.ml", "navy.ml", "shop.ml"):
        await world.see(name, "army.mil")
    for query, names in {
        "ability=able": {"army.ml", "shop.ml"},
        "basis=null_mx": {"navy.ml"},
        "q=sho": {"shop.ml"},
        "exchange=mx.army": {"army.ml"},
        "protected=army.mil": {"army.ml", "navy.ml", "shop.ml"},
        "technique=suffix_edit&severity=high": {"army.ml"},
        "triage=blocked": set(),
        "grade=warn&sort=newest": {"army.ml", "navy.ml", "shop.ml"},
        "flag=parked": set(),
    }.items():
        _, text, _ = await get(f"/lookalikes?{query}")
        assert set(re.findall(r'<td[^>]*><a class="name" href="/names/([^"]+)">', text)) == names, query
        _, text, headers = await get(f"/lookalikes?{query}&format=json")
        assert {row["name"] for row in json.loads(text)} == names, query
        _, text, headers = await get(f"/lookalikes?{query}&format=csv")
        assert headers["Content-Type"].startswith("text/csv")
        assert {row["name"] for row in csv.DictReader(text.splitlines())} == names, query


async def test_the_first_page_of_an_empty_watch_says_what_to_do(get):
    status, text, _ = await get("/")
    assert status == 200
    assert "Protect a name" in text


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


PAGES = ("/", "/lookalikes", "/names/army.ml", "/protected", "/block-list", "/events", "/deliveries", "/channels",
         "/silences", "/feeds", "/workers", "/health", "/audit", "/tokens", "/login")  # fmt: skip


async def test_every_page_has_a_strict_policy_and_fetches_nothing_outside(world, get):
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    for path in PAGES:
        status, text, headers = await get(path)
        assert status == 200, path
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert not re.findall(r"<script(?! src=)|\son\w+=|style=", text), path
        assert not re.findall(r'(?:href|src|action)="(?:https?:)?//', text), path
        assert len(text.encode()) < 60_000, path
    for file in ("style.css", "htmx.js", "pages.js"):
        status, text, _ = await get(f"/static/{file}")
        assert status == 200
        assert "url(" not in text or file == "htmx.js"


async def test_markup_from_outside_is_text(world, get):
    hostile = '<script>alert(1)</script><img src=x onerror="x">'
    await world.protect("army.mil")
    world.resolver.load("army.ml", "@ MX 10 mx\nmx A 93.184.215.14\n")
    await world.see("army.ml", "army.mil", technique=hostile)
    for path in ("/", "/names/army.ml"):
        _, text, _ = await get(path)
        assert "<script>" not in text
        assert "<img" not in text


async def test_with_tokens_a_page_asks_the_person_and_the_token_is_the_password(world, get):
    header = await world.token("reader", Scope.READ)
    token = header["Authorization"].removeprefix("Bearer ")
    status, _, headers = await get("/")
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Basic ")
    status, text, _ = await get("/names/army.ml?format=html", Accept="text/html")
    assert "Log in" in text
    assert 'value="/names/army.ml?format=html"' in text, "a link in an alert survives the login"
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
    for path in ("/lookalikes", "/names/army.ml"):
        assert "not confirmed yet" not in (await get(path))[1]
    async with world.store.write() as tx:
        seen = await lookalikes.find(tx, "army.ml")
        sighting = Sighting(seen.verdict, world.clock.now())
        pending = Pending((sighting,), world.clock.now(), None)
        await lookalikes.save(tx, [replace(seen, state=replace(seen.state, pending=pending))])
    for path in ("/lookalikes", "/names/army.ml"):
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
    assert str(told(text)) == shown
