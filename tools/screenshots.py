"""Make the pictures of the pages in `docs/tutorial/pages/` with Debian's Chromium, from a small world of its own.

python tools/screenshots.py
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "tutorial" / "pages"
sys.path.insert(0, str(ROOT))

from playwright.async_api import async_playwright  # noqa: E402

from tests.fakes.page_world import serving  # noqa: E402

PICTURES = {
    "now": ("/", "light", 1200),
    "lookalikes": ("/lookalikes", "light", 1200),
    "name": ("/names/army.ml", "light", 1200),
    "space": ("/protected/army.mil", "light", 1200),
    "block-list": ("/block-list", "light", 1200),
    "telephone": ("/lookalikes", "dark", 360),
}


async def main() -> None:
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder), hostile=False) as (url, _), async_playwright() as playwright:
            path = shutil.which("chromium")
            browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            for name, (address, scheme, width) in PICTURES.items():
                page = await browser.new_page(
                    color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": 800}
                )
                await page.goto(url + address)
                await page.screenshot(path=TARGET / f"{name}.png", full_page=width > 400)
                await page.close()
            await browser.close()
    print(TARGET)


if __name__ == "__main__":
    asyncio.run(main())
