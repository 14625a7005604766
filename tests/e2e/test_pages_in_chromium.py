"""The pages in Debian's Chromium: what a person does with them, by mouse, by keyboard, on a telephone, without script."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.fakes.page_world import serving
from watcher.services.names.tokens import Scope

pytestmark = pytest.mark.lab

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
PAGES = (
    "/", "/lookalikes", "/lookalikes?ability=able&q=army", "/names/army.ml", "/names/never.example", "/protected",
    "/protected?remove=army.mil", "/block-list", "/events", "/deliveries", "/channels", "/silences?scope=suffix&value=ml",
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
        await page.get_by_role("button", name="Filter").click()
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
