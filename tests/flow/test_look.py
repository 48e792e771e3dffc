"""Palettes and covers in the studio, in a real Chromium: drawn, copied, retried, changed, on a desk and on a phone."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.flow.page import PHONE, accessible, in_chromium, say, shoot, tool, visit

pytestmark = in_chromium


@pytest.mark.parametrize("device", ["desk", "phone"])
async def test_a_palette_is_copied_and_a_cover_is_drawn_again(browser: Browser, tmp_path: Path, device: str) -> None:
    options = {**(PHONE if device == "phone" else {}), "permissions": ["clipboard-read", "clipboard-write"]}
    async with visit(browser, tmp_path, options=options) as page:
        await say(page, "/story A lighthouse keeper finds a letter")
        await say(page, "/palette purple and gold")
        palette = page.locator(".look.last")
        await expect(palette.locator(".swatches button")).to_have_count(5)
        await palette.locator(".swatches button").nth(1).click()
        await expect(palette.locator("[role=status]")).to_have_text(re.compile("#[0-9a-f]{6} is copied"))
        assert re.fullmatch("#[0-9a-f]{6}", await page.evaluate("navigator.clipboard.readText()"))
        await accessible(page)
        await say(page, "/cover cubist, dark")
        cover = page.locator(".look.last img")
        await expect(cover).to_have_js_property("complete", value=True)
        await expect(cover).to_have_js_property("naturalWidth", 960)
        await accessible(page)
        await shoot(page, f"look-{device}")
        await tool(page, "retry").click()
        await expect(page.locator(".look.last .version")).to_have_text("2/2")
        await expect(page.locator(".look.last img")).to_have_js_property("naturalWidth", 960)
        assert await page.locator(".look.last [data-action=edit]").count() == 0
        await say(page, "The sea was loud that night.")
        await expect(page.locator(".passage.last")).not_to_have_class(re.compile("look"))
        await page.reload()
        await expect(page.locator(".look img")).to_have_count(1)
