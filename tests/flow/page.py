"""The studio's page in a real Chromium: opened, looked at by axe-core, spoken to, kept as pictures."""

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, Request, ViewportSize, async_playwright, expect

from bot.web_app import serve
from tests.bot.studio import conversation

CHROMIUM = shutil.which("chromium")
DESK, HAND = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
PHONE: dict[str, Any] = {"viewport": HAND, "has_touch": True, "is_mobile": True}
_ARGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--mute-audio"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--autoplay-policy=user-gesture-required",
)
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

expect.set_options(timeout=20_000)

in_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt-get install chromium)"),
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser of the machine, without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGS)
        yield browser
        await browser.close()


def complaining(page: Page) -> list[str]:
    """Grows by what the console says, by errors, and by requests that fail."""
    complaints: list[str] = []

    def failed(request: Request) -> None:
        # Chromium calls some event streams aborted although they were read to their end; the page would show it.
        if request.failure != "net::ERR_ABORTED":
            complaints.append(f"{request.url} {request.failure}")

    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", failed)
    return complaints


@asynccontextmanager
async def visit(
    browser: Browser, home: Path, delay: float = 0.004, options: Mapping[str, Any] | None = None
) -> AsyncIterator[Page]:
    """The page of a studio of its own; leaving it finds fault with complaints, and with requests to anybody else."""
    async with conversation(home, delay=delay) as talk, serve(talk, port=0) as url:
        context = await browser.new_context(**({"viewport": DESK} | dict(options or {})))
        page = await context.new_page()
        complaints = complaining(page)
        page.on("request", lambda request: None if request.url.startswith(url) else complaints.append(request.url))
        await page.goto(url)
        yield page
        await context.close()
        assert complaints == []


async def accessible(page: Page) -> None:
    results = (await Axe().run(page)).response["violations"]
    bad = [each for each in results if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in bad] == []


async def say(page: Page, text: str) -> None:
    """Type and send, and wait until the reply is there."""
    await page.locator("#words").fill(text)
    await page.locator("#words").press("Enter")
    await written(page)


async def written(page: Page) -> None:
    await expect(page.locator("body[data-busy]")).to_have_count(0)
    await expect(page.locator("#send")).to_be_visible()


def tool(page: Page, action: str) -> Locator:
    return page.locator(f'.model.last [data-action="{action}"]')


async def shoot(page: Page, name: str) -> None:
    """Keep what is to be seen, four times, where SCREENSHOTS names a folder."""
    folder = os.environ.get("SCREENSHOTS")
    if not folder:
        return
    for scheme in _SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        for width, size in (("desk", DESK), ("phone", HAND)):
            await page.set_viewport_size(size)
            await page.wait_for_timeout(150)
            await page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png")
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(DESK)
