"""What a page may change, and who may do so: forms, sessions, the audit."""

import re

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from tests.fakes.api_client import VERSION, make_parts, make_world
from watcher.api.app import every_endpoint, make_app
from watcher.services.names.tokens import Scope
from watcher.web import pages

ENDPOINTS = (*every_endpoint(VERSION), *pages.ENDPOINTS)


class Browser:
    """What a person does: open pages, send their forms."""

    def __init__(self, server, session):
        self.server = server
        self.session = session
        self.csrf = ""

    async def open(self, path):
        async with self.session.get(self.server.make_url(path), headers={"Accept": "text/html"}) as response:
            text = await response.text()
            found = re.search(r'name="csrf" value="([^"]+)"', text)
            self.csrf = found[1] if found else ""
            return response.status, text

    async def send(self, path, headers=None, **fields):
        origin = str(self.server.make_url("/")).rstrip("/")
        data = {"csrf": self.csrf, **fields}
        sent = {"Origin": origin, "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        async with self.session.post(self.server.make_url(path), data=data, headers=sent) as response:
            return response.status, await response.text()


@pytest.fixture
async def world(tmp_path):
    made = await make_world(tmp_path)
    await made.protect("army.mil")
    for name in ("army.ml", "navy.ml"):
        await made.see(name, "army.mil")
    yield made
    await made.store.close()


@pytest.fixture
async def parts(world):
    return make_parts(world)


@pytest.fixture
async def browser(parts):
    async with (
        TestServer(make_app(parts, ENDPOINTS)) as server,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        yield Browser(server, session)


async def triage_of(world, name):
    return (await make_parts(world).lookup.known(name)).triage


async def test_many_names_are_triaged_and_that_is_taken_back(world, browser):
    await browser.open("/lookalikes")
    status, text = await browser.send("/lookalikes/triage", names="army.ml", triage="blocked")
    assert status == 200
    assert "army.ml is blocked now" in text
    assert await triage_of(world, "army.ml") == "blocked"
    undo = re.search(r'name="undo" value="([^"]+)"', text)[1]
    _, text = await browser.send("/lookalikes/undo", undo=undo)
    assert "as it was before" in text
    assert await triage_of(world, "army.ml") == "new"


async def test_every_change_is_in_the_audit(browser):
    await browser.open("/lookalikes")
    await browser.send("/lookalikes/triage", names="army.ml", triage="takedown", note="asked")
    _, text = await browser.open("/audit")
    assert "POST /lookalikes/triage" in text
    assert "army.ml" in text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "OURS", "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_of_another_site_changes_nothing(world, browser, headers):
    await browser.open("/lookalikes")
    ours = str(browser.server.make_url("/")).rstrip("/")
    sent = {name: ours if value == "OURS" else value for name, value in headers.items()}
    status, _ = await browser.send("/lookalikes/triage", headers=sent, names="army.ml", triage="ignored")
    assert status == 403
    assert await triage_of(world, "army.ml") == "new"


async def test_a_form_without_its_secret_changes_nothing(world, browser):
    await browser.open("/lookalikes")
    browser.csrf = "x" * 40
    assert (await browser.send("/lookalikes/triage", names="army.ml", triage="ignored"))[0] == 403
    assert await triage_of(world, "army.ml") == "new"


async def test_a_token_begins_a_session_that_logout_ends(world, browser):
    token = (await world.token("anna", Scope.READ, Scope.WRITE))["Authorization"].removeprefix("Bearer ")
    assert "Log in" in (await browser.open("/names/army.ml"))[1]
    _, text = await browser.send("/login", token="wrong", next="/names/army.ml")
    assert "not known" in text
    _, text = await browser.send("/login", token=token, next="/names/army.ml")
    assert "Mail for army.ml is delivered" in text
    await browser.open("/lookalikes")
    await browser.send("/lookalikes/triage", names="army.ml", triage="takedown")
    assert (await make_parts(world).lookup.known("army.ml")).triage_by == "anna"
    await browser.send("/logout")
    assert "Log in" in (await browser.open("/"))[1]


async def test_a_link_begins_one_session_and_no_second(parts, browser, world):
    await world.token("first", Scope.READ)
    link = await parts.sessions.make_link("anna", [Scope.READ])
    _, text = await browser.send("/login", link=link, next="/events")
    assert "Events" in text
    browser.session.cookie_jar.clear()
    _, text = await browser.send("/login", link=link)
    assert "used already" in text


async def test_a_session_ends_by_time(world, browser):
    token = (await world.token("anna", Scope.READ))["Authorization"].removeprefix("Bearer ")
    await browser.send("/login", token=token)
    assert "Log in" not in (await browser.open("/events"))[1]
    await world.clock.advance(13 * 3600)
    assert "Log in" in (await browser.open("/events"))[1]


async def test_who_only_reads_sees_no_form_and_can_send_none(world, browser):
    token = (await world.token("reader", Scope.READ))["Authorization"].removeprefix("Bearer ")
    await browser.send("/login", token=token)
    for path in ("/lookalikes?q=army", "/names/army.ml", "/protected", "/silences", "/channels", "/tokens"):
        _, text = await browser.open(path)
        assert not re.findall(r'method="post" action="(?!/logout|/theme)', text) or path.startswith("/lookalikes"), path
        assert 'name="triage" aria-label' not in text
    assert (await browser.send("/protected/remove", name="army.mil"))[0] in {403, 400}


async def test_the_way_after_the_login_stays_here(world, browser):
    token = (await world.token("anna", Scope.READ))["Authorization"].removeprefix("Bearer ")
    for away in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        status, text = await browser.send("/login", token=token, next=away)
        assert status == 200
        assert "Now" in text


async def test_a_list_is_imported_with_a_report_of_each_line(world, browser):
    await browser.open("/protected")
    _, text = await browser.send("/protected/import", text="navy.mil\nno name\n# a comment\na..b\n")
    assert "1 name is protected now" in text
    assert re.findall(r"<tr><td[^>]*>(\d+)</td>", text) == ["2", "4", "1"], "those that could not be read come first"
    assert text.count("not read") == 2
    assert text.count("protected now</span>: ") == 1
    _, text = await browser.open("/protected")
    assert "navy.mil" in text


async def test_a_removal_is_shown_before_it_is_done(browser):
    _, text = await browser.open("/protected?remove=army.mil")
    assert "2 lookalikes resemble it" in text
    _, text = await browser.send("/protected/remove", name="army.mil")
    assert "Nothing is protected yet" in text


async def test_a_silence_is_shown_with_what_it_hits(browser):
    _, text = await browser.open("/silences?scope=suffix&value=ml")
    assert "2 names" in text
    _, text = await browser.send("/silences/add", scope="suffix", value="ml", days="7", note="known")
    assert "known" in text


async def test_a_filter_is_kept_and_dropped(browser):
    await browser.open("/lookalikes?ability=able")
    _, text = await browser.send("/filters/save", name="able ones", query="ability=able&evil=1")
    assert '<a href="/lookalikes?ability=able">able ones</a>' in text
    _, text = await browser.send("/filters/remove", name="able ones")
    assert "able ones</a>" not in text


async def test_a_channel_is_tested_from_its_page(world, browser):
    await browser.open("/channels")
    _, text = await browser.send("/channels/test", name="slack")
    assert world.tested == ["slack"]
    assert "slack accepted the test alert" in text
