"""The writer's room in a real Chromium, an evening for each part of it: forms, flavour, memory, the tree, edits, files.

One studio is served to all of them, and each has a piece of its own. With SCREENSHOTS=FOLDER every state that is worth
a look is kept there, on a desk and on a phone, light and dark.
"""

import io
import json
import re
import threading
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import docx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from bot.web_app import serve
from deploy.serve import house
from deploy.settings import Settings
from engine.ports import Generation, TextRequest
from engine.text.echo import EchoGenerator
from engine.text.forms.load import FOLDER
from tests.flow.page import DESK, HAND, accessible, chromium, complaining, in_chromium, say, shoot, tool, written

STORY = "/story A lighthouse keeper finds a letter addressed to no one."
REFUSED = "Failed to load resource: the server responded with a status of 4"  # what the page says in its own words
LINE = "In the year {} the lamp of Skarn was lit by Mara's mother, who wrote down every ship that passed the rocks. "

pytestmark = [*in_chromium, pytest.mark.asyncio(loop_scope="module")]


SEEN = threading.Event()


class Paced(EchoGenerator):
    """Stops in the middle of the harbour master until his first lines were seen."""

    asked = 0

    def start(self, request: TextRequest) -> Generation:
        self.asked += "master of the harbour" in request.prompt
        if self.asked == 5:  # a line is drawn three times at most, so the first is there
            SEEN.wait(20)
        return super().start(request)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def studio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a whole house with the echo generator and a form of its owner's."""
    home = tmp_path_factory.mktemp("home")
    (home / "forms").mkdir()
    ballad = (FOLDER / "poem.toml").read_text("utf-8")
    (home / "forms" / "ballad.toml").write_text(ballad, "utf-8")
    async with house(Settings(home=home), Paced()) as built, serve(built.conversation, port=0) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as launched:
        yield launched


@asynccontextmanager
async def seat(browser: Browser, url: str, locale: str = "en-GB", **options: Any) -> AsyncIterator[Page]:
    """A blank page; leaving it finds fault with anything the console said meanwhile."""
    context = await browser.new_context(viewport=DESK, locale=locale, **options)
    page = await context.new_page()
    complaints = complaining(page)
    await page.goto(f"{url}/#/")
    await expect(page.locator("#blank")).to_be_visible()
    yield page
    await context.close()
    assert [each for each in complaints if not each.startswith(REFUSED)] == []


async def fits(page: Page) -> None:
    """Nothing is wider than a phone."""
    await page.set_viewport_size(HAND)
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    await page.set_viewport_size(DESK)


def aside(page: Page) -> Locator:
    return page.locator("#aside-text")


async def closed(page: Page, dialog: str) -> None:
    await page.keyboard.press("Escape")
    await expect(page.locator(dialog)).not_to_be_visible()


async def send(page: Page, name: str, data: bytes, text: str = "") -> None:
    """Choose a file beside the field, and send it."""
    await page.locator("#file-pick").set_input_files({"name": name, "mimeType": "text/plain", "buffer": data})
    await expect(page.locator("#file-name")).to_have_text(name)
    await say(page, text)


async def saved(page: Page, link: str) -> tuple[str, bytes]:
    async with page.expect_download() as download:
        await page.locator(link).click()
    found = await download.value
    return found.suggested_filename, (await found.path()).read_bytes()


# ── forms ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_lines_come_one_by_one_and_a_form_of_ones_own_is_written_in(browser: Browser, studio: str) -> None:
    async with seat(browser, studio) as page:
        await page.locator("#words").fill("/character the master of the harbour")
        await page.keyboard.press("Enter")
        await expect(page.locator(".draft .words")).to_contain_text(re.compile(r"\w+: \w"))
        begun = (await page.locator(".draft .words").inner_text()).strip().split("\n")
        SEEN.set()
        await written(page)
        lines = (await page.locator(".model.last .words").inner_text()).split("\n")
        assert (lines[: len(begun)], len(lines)) == (begun, 6)
        assert len(begun) < 6
        await say(page, "/couplets rain on the harbour")
        verse = await page.locator(".model.last.verse .words").inner_text()
        assert len(verse.split("\n")) == 8
        await shoot(page, "couplets")
        await say(page, "/write ballad The miller's daughter")
        await expect(page.locator("#subheading")).to_contain_text(re.compile("ballad", re.IGNORECASE))
        await expect(page.locator(".passage")).to_have_count(6)
        await expect(page.locator(".person .words").last).to_have_text("The miller's daughter")
        await say(page, "/write balad Another")
        await expect(page.locator("#composer-trouble")).to_contain_text("balad")
        await page.locator("#words").fill("")
        await fits(page)


# ── genre, mood, voice ─────────────────────────────────────────────────────────────────────────────────────────────

PERSONA = b'[persona]\nname = "Old Sailor"\ndescription = "dry, slow, has seen every harbour"\n'


async def test_genre_mood_a_persona_from_a_file_and_the_arc(browser: Browser, studio: str) -> None:
    async with seat(browser, studio) as page:
        await say(page, "/genre fairy tale")
        await say(page, "/mood melancholy")
        await send(page, "sailor.toml", PERSONA)
        await expect(aside(page)).to_contain_text("Old Sailor")
        await say(page, "/voice Old Sailor")
        await expect(page.locator("#subheading")).to_contain_text("fairy tale · melancholy · by Old Sailor")
        await say(page, "/story They laughed and danced in the happy sunshine.")
        await say(page, "Then the old king died, and all the bells wept for him.")
        await say(page, "/arc")
        picture = page.locator("#aside-text img")
        await expect(picture).to_be_visible()
        assert await picture.evaluate("each => each.complete && each.naturalWidth") == 960
        await expect(aside(page)).to_contain_text("The arc of this piece, 4 passages")
        await accessible(page)
        await shoot(page, "arc")
        await fits(page)


# ── what the piece remembers ───────────────────────────────────────────────────────────────────────────────────────


async def bar(page: Page) -> dict[str, float]:
    """The parts of the coloured bar by name, as shares of its width."""
    parts: dict[str, float] = await page.evaluate(
        """() => {
            const bar = document.querySelector(".spectrum");
            const whole = bar.getBoundingClientRect().width;
            const found = {};
            for (const part of bar.querySelectorAll("i[title]")) {
                const name = part.title.split(":")[0];
                found[name] = (found[name] ?? 0) + part.getBoundingClientRect().width / whole;
            }
            return found;
        }"""
    )
    return parts


def long_story() -> bytes:
    turns = [
        {"kind": "model" if n % 2 else "person", "author": "", "id": str(n), "parent": str(n - 1) if n else None,
         "text": "".join(LINE.format(1800 + 4 * n + at) for at in range(4))}
        for n in range(24)
    ]  # fmt: skip
    return json.dumps({"ghostnote": 2, "title": "The lamp of Skarn", "turns": turns, "others": []}).encode()


async def test_memory_note_and_lore_stand_in_the_bar_beside_summary_and_recall(browser: Browser, studio: str) -> None:
    async with seat(browser, studio) as page:
        await send(page, "skarn.json", long_story())
        await expect(page.locator("#heading")).to_have_text("The lamp of Skarn")
        await page.locator("#panel-open").click()
        await page.locator("#memory").fill("Mara keeps the light at Skarn, and nobody knows it.")
        await page.locator("#note").fill("Slowly, with the sea in every sentence.")
        await page.locator("#remember button").click()
        await expect(page.locator("#saved")).to_have_text("Saved.")
        await page.locator("#lore-words").fill("Mara, keeper; sticky 2: She is ten years old and cannot swim.")
        await page.locator("#lore-form button[type=submit]").click()
        await expect(page.locator("#lore-list li")).to_have_count(1)
        await shoot(page, "panel")
        await page.locator("#panel-close").click()
        await say(page, "Mara opened the book of ships.")
        await tool(page, "context").click()
        await expect(page.locator(".spectrum")).to_be_visible()
        parts = await bar(page)
        assert {"Memory", "Lore", "Author's note", "The piece so far", "Summary", "Called back"} <= set(parts), parts
        assert all(share > 0.004 for share in parts.values())
        for told in ("entry 1: “Mara” stands", "She is ten years old", "Slowly, with the sea"):
            await expect(page.locator("#xray")).to_contain_text(told, use_inner_text=False)
        await accessible(page)
        await shoot(page, "bar")
        await closed(page, "#xray")
        await say(page, "/context")
        await expect(aside(page)).to_contain_text(re.compile(r"Lore: \d+ tokens"))
        await fits(page)


# ── the tree, and edits ────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_tree_is_walked_compared_and_taken_from(browser: Browser, studio: str) -> None:
    async with seat(browser, studio) as page:
        await say(page, STORY)
        await say(page, "She read it twice.")
        await tool(page, "retry").click()
        await expect(page.locator(".last .version")).to_have_text("2/2")
        await written(page)
        await page.locator('.model [data-action="branch"]').first.click()
        await expect(page.locator(".passage")).to_have_count(2)
        await written(page)
        await say(page, "She burned it unread.")
        await say(page, "/branches picture")
        await expect(page.locator("#aside-text img")).to_be_visible()
        await shoot(page, "branches")
        await page.locator("#tree-open").click()
        await expect(page.locator("#limbs .limb")).to_have_count(5)
        await expect(page.locator("#limbs .ends")).to_contain_text("you are here")
        await page.locator("#limbs button.name").first.click()
        await expect(page.locator("#columns section").first).to_contain_text("She burned it unread.")
        await expect(page.locator("#columns section").last).to_contain_text("She read it twice.")
        await accessible(page)
        await shoot(page, "tree")
        await page.locator("#columns section").last.locator("li button").first.click()
        await expect(page.locator("#passages .passage").last).to_contain_text("She read it twice.")
        await written(page)
        await page.keyboard.press("Alt+z")
        await expect(page.locator("#passages .passage").last).not_to_contain_text("She read it twice.")
        await page.locator("#tree-open").click()
        await page.locator("#limbs .limb").filter(has=page.locator("button.name")).first.locator(".soft").click()
        await expect(page.locator("#passages")).to_contain_text("She read it twice.")
        await fits(page)


async def test_an_edit_shows_before_and_after_and_ones_own_offers_another_answer(browser: Browser, studio: str) -> None:
    async with seat(browser, studio, locale="zh-CN") as page:
        await say(page, "她在灯塔里读了一封没有收信人的信。")
        await page.locator('.person [data-action="edit"]').click()
        await page.locator(".rewrite textarea").fill("她在灯塔里烧了一封没有收信人的信。")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#aside-act")).to_have_text("重新回答")
        await page.locator('.person [data-action="before"]').click()
        await expect(page.locator(".changes del")).to_have_text("读")
        await expect(page.locator(".changes ins")).to_have_text("烧")
        await accessible(page)
        await shoot(page, "edit-zh")
        await page.locator("#aside-act").click()
        await expect(page.locator(".last .version")).to_have_text("2/2")
        await written(page)
        await fits(page)


# ── files ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def opened(kind: str, data: bytes) -> str:
    """The words of an exported file, read as its readers read it."""
    if kind == "docx":
        return "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(data)).paragraphs)
    if kind in ("epub", "zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            texts = [archive.read(name).decode() for name in archive.namelist() if name.endswith(("xhtml", "md"))]
        return "\n".join(texts)
    return data.decode()


async def test_every_format_is_taken_home_and_three_come_back(browser: Browser, studio: str) -> None:
    async with seat(browser, studio) as page:
        await say(page, STORY)
        await say(page, "The letter smelled of salt.")
        before = await page.locator("#passages .words").all_inner_texts()
        files = {}
        for kind in ("md", "txt", "json", "epub", "docx", "zip"):
            await page.locator("#export summary").click()
            name, data = await saved(page, f'#export a[data-format="{kind}"]')
            assert name.endswith(f".{kind}")
            assert "The letter smelled of salt." in opened(kind, data), kind
            files[kind] = data
        address = page.url
        for kind in ("json", "txt", "md"):
            await send(page, f"letter.{kind}", files[kind])
            await expect(page).not_to_have_url(address)
            await expect(page.locator("#passages")).to_contain_text("The letter smelled of salt.")
            if kind == "json":
                assert await page.locator("#passages .words").all_inner_texts() == before
            address = page.url
        await send(page, "broken.json", files["json"][:-40])
        await expect(page.locator("#composer-trouble")).not_to_be_empty()
        assert page.url == address
