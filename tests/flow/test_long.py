"""A piece that fills a book, in a real Chromium: it opens at its end, and only what is near to sight is dressed.

With LONG=1 it also prints what a reader feels: the time to the first passage, the longest task, frames while scrolling
from the end to the beginning, and the delay of keys. Those depend on the machine, so nothing is asserted of them.
"""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from bot.web_app import serve
from deploy.bench_book import BRANCHES, ENTRIES, PASSAGES, book
from deploy.serve import house
from deploy.settings import Settings
from engine.text.echo import EchoGenerator
from tests.flow.page import in_chromium, say

pytestmark = in_chromium

WATCH = """
window.felt = { first: 0, tasks: [], keys: [], frames: [] };
new PerformanceObserver((list) => window.felt.tasks.push(...list.getEntries().map((each) => Math.round(each.duration))))
    .observe({ type: "longtask", buffered: true });
new PerformanceObserver((list) => {
    for (const each of list.getEntries()) if (each.name === "keydown") window.felt.keys.push(each.duration);
}).observe({ type: "event", durationThreshold: 16, buffered: true });
new MutationObserver((_, self) => {
    if (!document.querySelector("#passages .passage")) return;
    self.disconnect();
    requestAnimationFrame(() => { window.felt.first = Math.round(performance.now()); });
}).observe(document, { childList: true, subtree: true });
"""
SCROLL = """async (steps) => {
    const page = document.getElementById("page");
    const frames = [];
    let last = performance.now();
    for (let step = 0; step < steps; step += 1) {
        page.scrollTop = page.scrollHeight * (1 - (step + 1) / steps);
        await new Promise(requestAnimationFrame);
        frames.push(performance.now() - last);
        last = performance.now();
    }
    return frames.map(Math.round);
}"""


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """A studio in which the book is open."""
    async with house(Settings(home=tmp_path), EchoGenerator()) as built, serve(built.conversation, port=0) as address:
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            session = (await client.post("/api/sessions", json={})).json()["id"]
            files = {"file": ("book.json", book(), "application/json")}
            await client.post(f"/api/sessions/{session}/messages", data={"text": "/import"}, files=files)
        yield address


async def dressed(page: Page) -> int:
    return await page.locator("#passages [role=toolbar]").count()


async def test_a_book_opens_at_its_end_and_is_dressed_where_it_is_seen(browser: Browser, url: str) -> None:
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    await page.add_init_script(WATCH)
    await page.goto(url)
    await expect(page.locator(".passage")).to_have_count(PASSAGES)
    await expect(page.locator(".model.last .tools")).to_be_in_viewport()
    assert 10 <= await dressed(page) < PASSAGES / 8
    assert await page.locator("#lore-list li").count() == ENTRIES
    await page.locator("#tree-open").click()
    await expect(page.locator("#limbs .limb")).to_have_count(2 * BRANCHES - 1)
    await page.keyboard.press("Escape")
    frames = await page.evaluate(SCROLL, 100)
    first = page.locator(".passage").first
    await expect(first).to_be_in_viewport()
    await first.hover()
    await first.locator('[data-action="branch"]').click()
    await expect(page.locator(".passage")).to_have_count(1)
    await page.keyboard.press("Alt+z")
    await expect(page.locator(".passage")).to_have_count(PASSAGES)
    await say(page, "And so it ended.")
    await expect(page.locator(".passage")).to_have_count(PASSAGES + 2)
    if os.environ.get("LONG"):
        await felt(page, frames)
    await page.close()


async def felt(page: Page, frames: list[float]) -> None:
    await page.locator("#words").click()
    await page.keyboard.type("the quick brown fox jumps over the lazy dog and goes on to the sea", delay=40)
    found: dict[str, Any] = await page.evaluate("window.felt")
    frames, keys = sorted(frames), sorted(found["keys"]) or [0]
    numbers = {
        "first passage, ms": found["first"],
        "longest tasks, ms": sorted(found["tasks"])[-5:],
        "frame while scrolling, ms: median, p95, worst": [frames[len(frames) * at // 100] for at in (50, 95, 99)],
        "key to paint, ms: keys over 16, p95 of them": [len(found["keys"]), keys[len(keys) * 95 // 100]],
        "load": [round(each, 1) for each in os.getloadavg()],
    }
    print(json.dumps(numbers, indent=1))  # noqa: T201  # asked for with LONG=1
