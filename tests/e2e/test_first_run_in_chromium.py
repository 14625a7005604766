"""From nothing to the first alert, in a browser, with the real service over the servers of the lab."""

import re
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.e2e.outside import Outside
from tests.e2e.service import PATIENCE, Service, eventually
from tests.e2e.test_main_job import COMPRESSED, EXCHANGE

pytestmark = pytest.mark.lab


def test_from_nothing_to_the_first_alert_as_it_happens(own_world, tmp_path):
    with (
        Outside() as outside,
        Service(tmp_path, {**COMPRESSED, **outside.settings}) as service,
        sync_playwright() as tool,
    ):
        browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(base_url=f"http://127.0.0.1:{service.port}")
        page.set_default_timeout(PATIENCE * 1000)
        expect.set_options(timeout=PATIENCE * 1000)
        page.goto("/")
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        page.get_by_label("Name").fill("army.mil")
        page.get_by_role("button", name="Protect it").click()
        expect(page.get_by_role("status")).to_contain_text("army.mil is protected now")
        page.goto("/channels")
        page.get_by_role("button", name="Send a test alert through slack").click()
        expect(page.get_by_role("status")).to_contain_text("slack accepted the test alert")
        page.goto("/")
        expect(page.locator("#first-sweep .progress")).to_have_count(0)  # it goes by itself when the sweep has ended
        eventually(
            lambda: service.get("/api/v1/protected/army.mil")["baseline"]["done"], "the first sweep", log=service.tail
        )
        own_world.host("army.ml", EXCHANGE)
        expect(page.locator("#news")).to_contain_text(re.compile("new: show"))
        while "army.ml" not in page.locator("main").inner_text():
            page.locator("#news a").click()  # waits for the next news: the first may be of something else
        page.goto("/deliveries?channel=slack")
        row = page.locator("tbody", has_text="army.ml").first
        for _ in range(240):  # the page does not renew itself
            if row.is_visible():
                break
            page.wait_for_timeout(500)
            page.reload()
        expect(row).to_be_visible()
        browser.close()
