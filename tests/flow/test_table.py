"""Two people at one piece, each in a Chromium of their own: turns, a vote and its end are seen without a reload."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from bot.web_app import serve
from tests.bot.studio import conversation
from tests.flow.page import DESK, accessible, complaining, in_chromium, say

pytestmark = in_chromium


@asynccontextmanager
async def seat(browser: Browser, url: str, name: str) -> AsyncIterator[Page]:
    """Somebody's own browser."""
    context = await browser.new_context(viewport=DESK)
    await context.add_init_script(f"localStorage.setItem('author', '{name}')")
    page = await context.new_page()
    complaints = complaining(page)
    refused = "Failed to load resource: the server responded with a status of 409 (Conflict)"  # told to the person
    await page.goto(url)
    yield page
    await context.close()
    assert [each for each in complaints if each != refused] == []


async def test_two_people_see_whose_turn_it_is_and_vote(browser: Browser, tmp_path: Path) -> None:
    async with conversation(tmp_path) as talk, serve(talk, port=0) as url, seat(browser, url, "Mara") as mara:
        await say(mara, "/turns round-robin 10m ghost off")
        await expect(mara.locator("#waits")).to_have_text("It is Mara’s turn")
        async with seat(browser, mara.url, "Ben") as ben:
            await say(ben, "/join")
            await expect(mara.locator("#seats li")).to_have_text(["Marahost", "Ben", "Ghostnote"])
            await expect(ben.locator("#seats .moves")).to_have_text("Marahost")
            await accessible(ben)
            await say(ben, "Me first!")
            await expect(ben.locator("#composer-trouble")).to_have_text("It is Mara’s turn; nothing was changed.")
            await ben.locator("#words").fill("")
            await say(mara, "It rained all night in the harbour.")
            await expect(ben.locator("#waits")).to_have_text("It is Ben’s turn")
            await expect(ben.locator("#composer-trouble")).to_have_text("")
            await expect(ben.locator("#passages")).to_contain_text("It rained all night in the harbour.")
            await expect(ben.locator("#left")).to_contain_text("9:5")
            await ben.screenshot(path=str(tmp_path / "turns.png"))
            await _vote(mara, ben, tmp_path)


async def _vote(mara: Page, ben: Page, folder: Path) -> None:
    await say(mara, "/turns vote drafts 3")
    await say(ben, "Then a light appeared.")
    await expect(mara.locator("#ballot li")).to_have_count(3)
    await expect(mara.locator("#waits")).to_have_text("How does it go on?")
    await mara.locator("#ballot button").nth(1).click()
    await expect(ben.locator("#ballot small")).to_have_text(["votes: 0", "votes: 1", "votes: 0"])
    await accessible(ben)
    await ben.screenshot(path=str(folder / "vote.png"))
    text = await ben.locator("#ballot span").nth(1).inner_text()
    await ben.locator("#ballot button").nth(1).click()
    for page in (mara, ben):
        await expect(page.locator("#ballot")).to_be_hidden()
        await expect(page.locator("#passages .model")).to_have_count(1)
        await expect(page.locator("#passages .model")).to_contain_text(text.split(".")[0])
    await say(mara, "/turns free")
    await expect(ben.locator("#waits")).to_have_text("")
