"""The pages in Debian's Chromium: what a person does with them, by mouse, by keyboard, on a telephone, without script."""

import csv
import re
import shutil
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect
from sqlalchemy import text

from tests.fakes.page_world import serving
from watcher.core.blocking.selection import Rules
from watcher.services.names.tokens import Scope
from watcher.store import shards

pytestmark = pytest.mark.lab

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
PAGES = (
    "/", "/lookalikes", "/lookalikes?ability=able&q=army", "/names/army.ml", "/names/never.example", "/protected",
    "/protected?remove=army.mil", "/protected/army.mil", "/lookalikes?column=registrar&column=flags", "/block-list", "/events", "/deliveries", "/channels", "/silences?scope=suffix&value=ml",
    "/feeds", "/workers", "/health", "/audit", "/tokens", "/login",
)  # fmt: skip


@pytest.fixture
async def chromium():
    path = shutil.which("chromium")
    assert path, "Chromium is missing: tools/lab_packages installs it"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()


async def opened(chromium, url, path="/", **options):
    context = await chromium.new_context(base_url=url, **options)
    page = await context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda request: page.errors.append(request.url) if not request.url.startswith((url, "data:")) else None,
    )
    await page.goto(path)
    return page


@pytest.mark.parametrize("full", [True, False], ids=["full and hostile", "empty"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_has_a_serious_fault_of_access_or_runs_what_came_from_outside(chromium, tmp_path, full, scheme):
    async with serving(tmp_path, full=full) as (url, _):
        page = await opened(chromium, url, color_scheme=scheme)
        for path in PAGES:
            if not full and path == "/protected/army.mil":
                continue
            await page.goto(path)
            await page.evaluate(AXE)
            found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            faults = [
                (path, fault["id"], fault["nodes"][0]["html"][:200])
                for fault in found["violations"]
                if fault["impact"] in {"serious", "critical"}
            ]
            assert faults == []
            assert await page.locator("script:not([src])").count() == 0
            assert await page.locator("main img").count() == 0
        assert page.errors == [], "no script failed, nothing was blocked, nothing outside was asked"


async def test_on_a_telephone_nothing_is_wider_than_the_screen(chromium, tmp_path):
    async with serving(tmp_path) as (url, _):
        page = await opened(chromium, url, viewport={"width": 360, "height": 740})
        for path in PAGES:
            await page.goto(path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path


async def test_names_are_filtered_marked_triaged_and_that_is_taken_back(chromium, tmp_path):
    async with serving(tmp_path) as (url, _):
        page = await opened(chromium, url, "/lookalikes")
        await page.get_by_label("Ability").select_option("able")
        await expect(page.locator("#list tbody tr")).to_have_count(2)
        await expect(page).to_have_url(re.compile("ability=able"))  # which shows the same to a colleague
        await page.get_by_label("mark army.ml").check()
        await page.get_by_label("mark shop.ml").check()
        await expect(page.locator("#marked")).to_have_text("2 marked")
        await page.get_by_label("decision").select_option("blocked")
        await page.get_by_role("button", name="Set").click()
        await expect(page.get_by_role("status")).to_contain_text("2 names are blocked now")
        await expect(page.locator("#list tbody td:last-child")).to_have_text(["blocked", "blocked"])
        await page.goto("/block-list")
        await expect(page.locator("tbody .name")).to_have_text(["army.ml", "shop.ml"])
        await page.go_back()
        await page.get_by_role("button", name="Undo").click()
        await expect(page.locator("#list tbody td:last-child")).to_have_text(["new", "new"])


async def test_all_of_it_works_by_keyboard(chromium, tmp_path):
    async with serving(tmp_path) as (url, _):
        page = await opened(chromium, url, "/lookalikes")
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("x")
        await expect(page.get_by_label("mark shop.ml")).to_be_checked()
        await page.keyboard.press("/")
        await expect(page.locator("#search")).to_be_focused()
        await page.keyboard.type("army")
        await page.keyboard.press("Enter")
        await expect(page.locator("#list tbody tr")).to_have_count(1)
        await page.locator("body").click()
        await page.keyboard.press("?")
        await expect(page.locator("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/names/army.ml")


async def test_all_of_it_can_be_read_and_changed_without_script(chromium, tmp_path):
    async with serving(tmp_path) as (url, _):
        page = await opened(chromium, url, "/lookalikes", java_script_enabled=False)
        await page.fill("#search", "army")
        await page.get_by_role("button", name="Filter", exact=True).click()
        await expect(page.locator("#list tbody tr")).to_have_count(1)
        await page.get_by_role("link", name="army.ml").click()
        await expect(page.locator(".verdict")).to_contain_text("Mail for army.ml is delivered to mx.army.ml")
        await expect(page.locator("time").first).to_contain_text("UTC")
        await page.get_by_label("Decision").select_option("takedown")
        await page.get_by_role("button", name="Set").click()
        await expect(page.locator("aside")).to_contain_text("takedown")


async def test_the_first_run_leads_to_a_protected_name_and_a_channel_test(chromium, tmp_path):
    async with serving(tmp_path, full=False) as (url, world):
        page = await opened(chromium, url)
        await page.get_by_label("Name").fill("army.mil")
        await page.get_by_role("button", name="Protect it").click()
        await expect(page.locator("tbody .name")).to_have_text("army.mil")
        await page.goto("/channels")
        await page.get_by_role("button", name="Send a test alert").click()
        await expect(page.get_by_role("status")).to_contain_text("slack accepted the test alert")
        assert world.tested == ["slack"]


async def test_what_happens_appears_without_moving_what_one_reads(chromium, tmp_path):
    async with serving(tmp_path, full=False) as (url, world):
        await world.protect("army.mil")
        page = await opened(chromium, url)
        before = await page.locator("h2").first.bounding_box()
        async with page.expect_response("**/events/stream"):
            await page.reload()
        await world.see("army.ml", "army.mil")
        await expect(page.locator("#news")).to_have_text(re.compile("1 new"))
        assert await page.locator("table").count() == 3 or before is not None
        await page.locator("#news a").click()
        await expect(page.locator("tbody .name").first).to_have_text("army.ml")


async def test_a_link_logs_in_once_a_reader_changes_nothing_and_logout_ends_it(chromium, tmp_path):
    async with serving(tmp_path) as (url, world):
        await world.token("first", Scope.READ, Scope.WRITE)
        link = await world.sessions.make_link("anna", [Scope.READ])
        page = await opened(chromium, url, "/names/army.ml")
        assert "/login?next=" in page.url
        await page.goto(f"/login?next=/names/army.ml#link={link}")
        await expect(page.locator(".verdict")).to_contain_text("Mail for army.ml")
        assert link not in page.url
        await expect(page.locator("main form")).to_have_count(0)
        await page.goto("/lookalikes")
        await expect(page.locator("input[type=checkbox][name=names]")).to_have_count(0)
        cookies = await page.context.cookies()
        assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Lax")]
        await page.get_by_role("button", name="Log out").click()
        await page.goto("/lookalikes")
        assert "/login" in page.url
        await page.goto(f"/login#link={link}")
        await expect(page.get_by_role("alert")).to_contain_text("used already")


async def test_times_are_in_the_readers_zone_with_utc_beside_them(chromium, tmp_path):
    async with serving(tmp_path) as (url, _):
        page = await opened(chromium, url, "/names/army.ml", timezone_id="Asia/Tokyo")
        time = page.locator("aside time").first
        at = await time.get_attribute("title")
        assert at.endswith("00:00:00 UTC")
        await expect(time).to_contain_text("09:00")


async def logged_in(chromium, url, world, who, *scopes):
    """The first page of a session of `who`."""
    link = await world.sessions.make_link(who, scopes or tuple(Scope))
    page = await opened(chromium, url, f"/login#link={link}")
    await expect(page.locator(".who")).to_contain_text(who)
    return page


async def test_a_name_is_blocked_when_a_second_person_agrees(chromium, tmp_path):
    async with serving(tmp_path, rules=Rules(approval=True)) as (url, world):
        await world.token("first", *Scope)
        anna = await logged_in(chromium, url, world, "anna")
        await anna.goto("/names/army.ml")
        await anna.get_by_label("Decision").select_option("blocked")
        await anna.get_by_role("button", name="Set").click()
        await expect(anna.get_by_role("status")).to_contain_text("army.ml is blocked now")
        await anna.goto("/block-list")
        await expect(anna.locator("main")).to_contain_text("you said so: somebody else must agree")
        await expect(anna.get_by_role("button", name="agree to block army.ml")).to_have_count(0)
        boris = await logged_in(chromium, url, world, "boris")
        await boris.goto("/block-list")
        await boris.get_by_role("button", name="agree to block army.ml").click()
        await expect(boris.get_by_role("table", name="Names on the block list")).to_contain_text("army.ml")
        await expect(boris.get_by_role("heading", name="Waits for a second person")).to_have_count(0)
        await expect(boris.get_by_role("table", name="Clients that fetch the list")).to_contain_text("192.0.2.53")


async def test_a_filter_is_kept_opened_by_a_colleague_and_dropped(chromium, tmp_path):
    async with serving(tmp_path) as (url, _):
        page = await opened(chromium, url, "/lookalikes?ability=able&column=registrar&column=triage")
        await page.get_by_label("Keep this filter as").fill("able & held")
        await page.get_by_role("button", name="Keep").click()
        await expect(page.get_by_role("status")).to_contain_text("able & held")
        other = await opened(chromium, url, "/lookalikes")
        await other.get_by_role("link", name="able & held").click()
        await expect(other.locator("#list tbody tr")).to_have_count(2)
        assert await other.locator("#list thead th").all_inner_texts() == ["", "Name", "Registrar", "Triage"]
        await other.get_by_role("button", name="drop the filter able & held").click()
        await expect(other.get_by_role("link", name="able & held")).to_have_count(0)


async def test_a_silence_is_shown_with_what_it_hits_before_it_is_added(chromium, tmp_path):
    async with serving(tmp_path) as (url, _):
        page = await opened(chromium, url, "/silences")
        await page.get_by_label("Scope").select_option("technique")
        await page.get_by_label("Value").fill("suffix_edit")
        await page.get_by_role("button", name="Preview").click()
        await expect(page.locator(".hits li")).to_have_count(2)
        await expect(page.locator(".hits")).to_contain_text("army.ml")
        await page.get_by_label("For how many days").fill("3")
        await page.get_by_label("Note").fill("a drill")
        await page.get_by_role("button", name="Silence it").click()
        await expect(page.get_by_role("table", name="Silences")).to_contain_text("a drill")
        await page.locator("tr", has_text="a drill").get_by_role("button", name="End it").click()
        await expect(page.get_by_role("table", name="Silences")).not_to_contain_text("a drill")


async def test_a_session_runs_out_and_the_way_back_leads_to_the_same_page(chromium, tmp_path):
    async with serving(tmp_path) as (url, world):
        token = (await world.token("anna", *Scope))["Authorization"].removeprefix("Bearer ")
        page = await logged_in(chromium, url, world, "anna")
        await page.goto("/names/army.ml")
        await expect(page.locator(".verdict")).to_be_visible()
        await world.clock.advance(13 * 3600)
        await page.reload()
        assert "/login?next=%2Fnames%2Farmy.ml" in page.url
        await page.get_by_label("Token").fill(token)
        await page.get_by_role("button", name="Log in").click()
        await expect(page.locator(".verdict")).to_contain_text("Mail for army.ml")


async def test_a_session_of_somebody_else_is_ended(chromium, tmp_path):
    async with serving(tmp_path) as (url, world):
        await world.token("first", *Scope)
        anna, boris = [await logged_in(chromium, url, world, who) for who in ("anna", "boris")]
        await anna.goto("/tokens")
        await expect(anna.get_by_role("table", name="Sessions")).to_contain_text("this one")
        await anna.get_by_role("button", name="End it: the session of boris").click()
        await expect(anna.get_by_role("status")).to_contain_text("The session of boris is ended")
        await boris.goto("/events")
        assert "/login" in boris.url


async def test_a_theme_is_kept_in_the_browser(chromium, tmp_path):
    async with serving(tmp_path) as (url, _):
        page = await opened(chromium, url, "/lookalikes?ability=able", color_scheme="light")
        paper = "getComputedStyle(document.body).backgroundColor"
        light = await page.evaluate(paper)
        await page.get_by_role("button", name="dark").click()
        await expect(page).to_have_url(re.compile("ability=able"))
        dark = await page.evaluate(paper)
        assert dark != light
        await page.goto("/events")
        assert await page.evaluate(paper) == dark
        await page.get_by_role("button", name="system").click()
        assert await page.evaluate(paper) == light


async def test_a_page_gives_exactly_its_filter_as_a_file(chromium, tmp_path):
    async with serving(tmp_path) as (url, _):
        page = await opened(chromium, url, "/lookalikes?ability=able")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="CSV").click()
        file = await (await download.value).path()
        assert sorted(row["name"] for row in csv.DictReader(file.read_text().splitlines())) == ["army.ml", "shop.ml"]


async def test_a_file_of_names_is_imported_with_a_report_of_each_line(chromium, tmp_path):
    async with serving(tmp_path) as (url, _):
        page = await opened(chromium, url, "/protected")
        names = b"# ours\nair.mil\na..b\narmy.mil\n"
        await page.get_by_label("Or a file").set_input_files(
            {"name": "names.txt", "mimeType": "text/plain", "buffer": names}
        )
        await page.get_by_role("button", name="Protect them").click()
        lines = page.get_by_role("table", name="Each line").locator("tbody tr")
        await expect(lines).to_have_count(3)
        await expect(lines).to_contain_text(["not read", "protected now", "was protected before"])


async def test_the_space_around_a_name_is_a_picture_with_a_table_behind_it(chromium, tmp_path):
    async with serving(tmp_path) as (url, _):
        page = await opened(chromium, url, "/protected")
        await page.get_by_role("link", name="army.mil", exact=True).click()
        await expect(page.locator(".space .dot.able")).to_have_count(2)
        await expect(page.locator(".space .dot.unable")).to_have_count(1)
        assert await page.locator(".space .cloud").count() > 5
        await page.get_by_text("As a table").click()
        await expect(page.locator(".space tbody tr", has_text="suffix edit").locator("td").nth(2)).to_have_text("1")


async def test_the_first_sweep_moves_on_under_the_eyes(chromium, tmp_path):
    async with serving(tmp_path, full=False) as (url, world):
        await world.protect("army.mil")
        async with world.store.write() as tx:
            await shards.plan(tx, "army.mil", [0], version="1")
            await tx.execute(text("UPDATE shards SET total = 200, settled = 50"))
        page = await opened(chromium, url)
        await expect(page.locator("#first-sweep")).to_contain_text("50 of 200 settled")
        async with world.store.write() as tx:
            await tx.execute(text("UPDATE shards SET settled = 150"))
        await expect(page.locator("#first-sweep")).to_contain_text("150 of 200 settled", timeout=15_000)
        assert page.errors == []
