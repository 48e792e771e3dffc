"""A whole evening in the studio, in a real Chromium: start, write, vote, swipe, undo, edit, reload, continue.

Everything under the page is what is served, but for the model: its words come from the echo generator. axe-core looks
at every state a person gets to see; a console error or a failed request fails the test.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from bot.web_app import serve
from tests.bot.studio import conversation
from tests.flow.page import PHONE, accessible, in_chromium, say, tool, visit, written

STORY = "/story A lighthouse keeper finds a letter addressed to no one"

pytestmark = in_chromium


async def start_with_the_keyboard_alone(page: Page) -> None:
    await expect(page).to_have_title("Ghostnote, a writing room")
    await expect(page.locator("#blank")).to_be_visible()
    await accessible(page)
    # write: the form is chosen from the palette, with the keyboard alone
    await page.keyboard.type("/sto")
    await expect(page.locator("#palette li")).to_have_count(1)
    await accessible(page)
    await page.keyboard.press("Tab")
    await page.keyboard.type(STORY.removeprefix("/story "))
    await page.keyboard.press("Enter")
    await expect(page.locator(".draft")).to_be_visible()
    await expect(page.locator("#stop")).to_be_visible()
    await written(page)
    await expect(page.locator("#heading")).to_have_text("A lighthouse keeper finds a letter addressed to no one")
    await expect(page.locator(".passage")).to_have_count(2)
    await say(page, "She read it by the light of the lamp.")
    await expect(page.locator(".passage")).to_have_count(4)
    await accessible(page)


async def vote_and_change_ones_mind(page: Page) -> None:
    for action, pressed in (("like", "true"), ("dislike", "true"), ("dislike", "false")):
        await tool(page, action).click()
        await expect(tool(page, action)).to_have_attribute("aria-pressed", pressed)
        await expect(tool(page, "like")).to_have_attribute("aria-pressed", pressed if action == "like" else "false")


async def swipe_undo_and_redo(page: Page) -> None:
    # another version, and back and forth
    first = await page.locator(".model.last .words").inner_text()
    await tool(page, "retry").click()
    await expect(page.locator(".last .version")).to_have_text("2/2")
    second = await page.locator(".model.last .words").inner_text()
    assert second != first
    await tool(page, "previous").click()
    await expect(page.locator(".last .version")).to_have_text("1/2")
    await expect(page.locator(".model.last .words")).to_have_text(first)
    # undo the swipe, redo it
    await page.keyboard.press("Alt+z")
    await expect(page.locator(".last .version")).to_have_text("2/2")
    await page.keyboard.press("Alt+Shift+z")
    await expect(page.locator(".last .version")).to_have_text("1/2")


async def edit(page: Page) -> None:
    await tool(page, "edit").click()
    await page.locator(".rewrite textarea").fill("She burned it before the ink was dry.")
    await accessible(page)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".model.last .words")).to_have_text("She burned it before the ink was dry.")


async def reload(page: Page) -> None:
    # what is typed and not sent survives a reload, like everything else
    await page.locator("#words").fill("A half-finished thou")
    before = await page.locator("#passages").inner_text()
    await page.reload()
    await expect(page.locator(".passage")).to_have_count(4)
    assert await page.locator("#passages").inner_text() == before
    await expect(page.locator("#words")).to_have_value("A half-finished thou")
    await page.locator("#words").fill("")


async def go_on(page: Page) -> None:
    # continue, without losing what is in the field; then by keyboard
    await page.locator("#words").fill("Not yet.")
    await page.locator("#continue").click()
    await expect(page.locator(".passage")).to_have_count(5)
    await written(page)
    await expect(page.locator("#continue")).to_be_focused()
    await expect(page.locator("#words")).to_have_value("Not yet.")
    await page.locator("#words").fill("")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".passage")).to_have_count(6)
    await written(page)


async def test_a_whole_evening(browser: Browser, tmp_path: Path) -> None:
    async with visit(browser, tmp_path) as page:
        await start_with_the_keyboard_alone(page)
        await vote_and_change_ones_mind(page)
        await swipe_undo_and_redo(page)
        await edit(page)
        await reload(page)
        await go_on(page)
        await accessible(page)


async def test_memory_context_export_and_branch(browser: Browser, tmp_path: Path) -> None:
    async with visit(browser, tmp_path) as page:
        await say(page, STORY)
        await page.locator("#panel-open").click()
        await page.locator("#memory").fill("Mara keeps the light at Skarn.")
        await page.locator("#note").fill("Slowly.")
        await accessible(page)
        await page.locator("#remember button").click()
        await expect(page.locator("#saved")).to_have_text("Saved.")
        await page.locator("#panel-close").click()
        await expect(page.locator("#panel-open")).to_be_focused()
        await say(page, "The letter smelled of salt.")
        await tool(page, "context").click()
        await expect(page.locator("#xray")).to_contain_text("tokens")
        await expect(page.locator("#xray")).to_contain_text("Mara keeps the light at Skarn.", use_inner_text=False)
        await accessible(page)
        await page.keyboard.press("Escape")
        await expect(page.locator("#xray")).not_to_be_visible()
        await page.locator("#export summary").click()
        await accessible(page)
        async with page.expect_download() as download:
            await page.locator('#export a[data-format="md"]').click()
        saved = await (await download.value).path()
        assert "The letter smelled of salt." in saved.read_text("utf-8")
        await page.locator('.model [data-action="branch"]').first.click()
        await expect(page.locator(".passage")).to_have_count(2)
        await expect(page.locator("#aside-text")).not_to_be_empty()


async def test_lore_and_what_the_model_saw_of_it(browser: Browser, tmp_path: Path) -> None:
    async with visit(browser, tmp_path) as page:
        await say(page, STORY)
        await page.locator("#panel-open").click()
        for words in ("Mara, the keeper; sticky 2: She is ten.", "always: It rains.", "Tom - dream*: Tom drowned."):
            await page.locator("#lore-words").fill(words)
            await page.locator("#lore-form button[type=submit]").click()
            await expect(page.locator("#lore-words")).to_have_value("")
        await expect(page.locator("#lore-list li")).to_have_count(3)
        await accessible(page)
        await page.locator("#lore-list li").first.locator("button").first.click()
        await expect(page.locator("#lore-words")).to_have_value("#1 Mara, the keeper; sticky 2: She is ten.")
        await page.locator("#lore-words").fill("#1 Mara: She is eleven.")
        await page.locator("#lore-form button[type=submit]").click()
        await expect(page.locator("#lore-list")).to_contain_text("She is eleven.")
        await page.locator("#lore-list li").nth(1).locator("button").last.click()
        await expect(page.locator("#lore-list li")).to_have_count(2)
        await page.locator("#panel-close").click()
        await say(page, "Mara saw Tom in her dreams.")
        await tool(page, "context").click()
        for told in ("entry 1: “Mara” stands", "entry 3 stays out: “dream*” stands"):
            await expect(page.locator("#xray")).to_contain_text(told)
        await expect(page.locator("#xray .scale")).to_contain_text(re.compile(r"\d+"))
        await accessible(page)
        if folder := os.environ.get("SCREENSHOTS"):
            await page.screenshot(path=f"{folder}/xray.png")
            await page.keyboard.press("Escape")
            await page.locator("#panel-open").click()
            await page.screenshot(path=f"{folder}/lore.png")


async def test_stopping_keeps_the_words(browser: Browser, tmp_path: Path) -> None:
    async with visit(browser, tmp_path, delay=0.05) as page:
        await page.locator("#words").fill(STORY)
        await page.locator("#words").press("Enter")
        await expect(page.locator(".draft .words")).to_contain_text(re.compile(r"\w+ \w+"))
        await page.keyboard.press("Escape")
        await written(page)
        await expect(page.locator(".person .words")).to_have_text(STORY.removeprefix("/story "))


async def test_the_shelf_by_keyboard_and_letters_on_a_passage(browser: Browser, tmp_path: Path) -> None:
    async with visit(browser, tmp_path) as page:
        await say(page, "The first piece begins.")
        await page.keyboard.press("Alt+n")
        await expect(page.locator("#blank")).to_be_visible()
        await say(page, "The second piece begins.")
        await expect(page.locator("#pieces li")).to_have_count(2)
        await page.keyboard.press("Alt+ArrowUp")
        await expect(page.locator(".model.last")).to_be_focused()
        await page.keyboard.press("l")
        await expect(tool(page, "like")).to_have_attribute("aria-pressed", "true")
        await page.keyboard.press("r")
        await expect(page.locator(".last .version")).to_have_text("2/2")
        await page.locator(".model.last").focus()
        await page.keyboard.press("ArrowLeft")
        await expect(page.locator(".last .version")).to_have_text("1/2")
        await page.keyboard.press("?")
        await expect(page.locator("#help")).to_be_visible()
        await accessible(page)
        await page.keyboard.press("Escape")
        item = page.locator("#pieces li.here")
        await item.get_by_role("button", name="Rename").click()
        await page.keyboard.type("Another name")
        await page.keyboard.press("Enter")
        await expect(page.locator("#heading")).to_have_text("Another name")
        await item.get_by_role("button", name="Delete").click()
        await accessible(page)
        await page.locator("#ask button[value=yes]").click()
        await expect(page.locator("#pieces li")).to_have_count(1)
        await page.locator("#pieces a").click()
        await expect(page.locator(".person .words")).to_have_text("The first piece begins.")


@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-GB"), ("dark", "zh-CN")])
async def test_on_a_phone(browser: Browser, tmp_path: Path, scheme: str, locale: str) -> None:
    options = PHONE | {"color_scheme": scheme, "locale": locale}
    async with visit(browser, tmp_path, options=options) as page:
        await accessible(page)
        await page.locator("#words").fill(STORY)
        await page.locator("#send").tap()
        await expect(page.locator(".model.last .tools")).to_be_visible()
        await written(page)
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide
        await accessible(page)
        await tool(page, "like").tap()
        await expect(tool(page, "like")).to_have_attribute("aria-pressed", "true")
        await page.locator("#shelf-open").tap()
        await expect(page.locator("#new")).to_be_in_viewport(ratio=1)
        await accessible(page)
        await page.locator("#pieces a").tap()
        await expect(page.locator("#new")).not_to_be_visible()
        lang = await page.evaluate("document.documentElement.lang")
        assert lang == ("zh-Hans" if locale == "zh-CN" else "en")


async def test_the_theme_and_the_language_can_be_chosen(browser: Browser, tmp_path: Path) -> None:
    async with visit(browser, tmp_path, options={"color_scheme": "light", "locale": "en-GB"}) as page:
        await say(page, "Words in the light.")
        paper = "getComputedStyle(document.getElementById('room')).backgroundColor"
        light = await page.evaluate(paper)
        await page.locator("#theme").click()
        assert await page.evaluate(paper) != light
        await accessible(page)
        await page.locator("#language").click()
        await expect(page.locator("#send")).to_have_text("发送")
        assert await page.evaluate(paper) != light
        await expect(page.locator(".person .words")).to_have_text("Words in the light.")


async def test_mistakes_are_said_where_they_happen(browser: Browser, tmp_path: Path) -> None:
    async with conversation(tmp_path) as talk:
        async with serve(talk, port=0) as url:
            page = await browser.new_page()
            await page.goto(url)
            await say(page, "/nonsense")
            await expect(page.locator("#composer-trouble")).to_contain_text("/nonsense")
            await expect(page.locator("#words")).to_have_value("/nonsense")
            await say(page, "Once upon a time.")
            await expect(page.locator("#composer-trouble")).to_be_empty()
            for _ in range(2):
                await page.locator("#undo").click()
                await written(page)
            await expect(page.locator("#composer-trouble")).not_to_be_empty()
            await page.goto(f"{url}/#/0123456789abcdef")
            await expect(page.locator("#composer-trouble")).to_contain_text("no piece")
        await page.locator("#words").fill("Nobody is there any more.")
        await page.locator("#words").press("Enter")
        await expect(page.locator("#composer-trouble")).to_contain_text("does not answer")
        await expect(page.locator("#words")).to_have_value("Nobody is there any more.")


async def test_off_loopback_the_token_opens_the_door_once(browser: Browser, tmp_path: Path) -> None:
    async with conversation(tmp_path) as talk, serve(talk, port=0, token="open sesame") as url:
        page = await browser.new_page()
        await page.goto(url)
        await accessible(page)
        await page.get_by_label("Token").fill("wrong")
        await page.keyboard.press("Enter")
        await page.get_by_label("Token").fill("open sesame")
        await page.keyboard.press("Enter")
        await expect(page.locator("#blank")).to_be_visible()
        assert page.url.rstrip("#/") == url
        await say(page, "Inside at last.")
        await expect(page.locator(".passage")).to_have_count(2)
