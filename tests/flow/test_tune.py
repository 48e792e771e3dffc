"""Music in the studio, in a real Chromium: compose, play, seek, vote, turn, upload, change, on a desk and on a phone.

The music is the shipped weights'; sound is really decoded and its clock really runs. axe-core looks at every state.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pretty_midi  # type: ignore[import-untyped] # ships no types
import pytest
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from bot.web_app import serve
from engine.music.midi import MAX_BYTES
from tests.bot.studio import conversation, load, tune
from tests.flow.page import PHONE, accessible, in_chromium, say, shoot, tool, visit, written

SONG = "/song ballad in D\nLamps along the platform shake,\nRain comes down in lines."
WALTZ = "/music 4 bars waltz in D minor, 90 bpm, violin and piano"

pytestmark = in_chromium


@pytest.fixture(scope="module", autouse=True)
def weights() -> None:
    """Read before anything is waited for: on a busy machine torch alone takes many seconds to import."""
    load()


@asynccontextmanager
async def composed(browser: Browser, home: Path, options: Mapping[str, Any] | None = None) -> AsyncIterator[Page]:
    """The page with a waltz on it."""
    async with visit(browser, home, options=options) as page:
        await say(page, WALTZ)
        await expect(roll(page).locator("svg")).to_be_visible()
        yield page


def roll(page: Page) -> Locator:
    return page.locator(".music.last .roll")


def play(page: Page) -> Locator:
    return page.locator(".music.last .play")


async def second(page: Page) -> float:
    return float(await page.evaluate("document.getElementById('sound').currentTime"))


async def silent(page: Page) -> bool:
    return bool(await page.evaluate("document.getElementById('sound').paused"))


async def head(page: Page) -> float:
    """Where the play head stands, from 0 to 1."""
    return float(
        await page.evaluate(
            """() => {
                const roll = document.querySelector(".music.last .roll");
                const box = (part) => roll.querySelector(part).getBoundingClientRect();
                return (box(".head").left + 1 - box(".strip").left - 30) / (box(".strip").width - 32);
            }"""
        )
    )


async def sounding(page: Page, after: float = 0.0) -> float:
    """Wait until the music has gone on beyond a second; where it is then."""
    await expect(page.locator('.music.last .tune[data-state="playing"]')).to_be_visible()
    for _ in range(200):
        if (now := await second(page)) > after + 0.15:
            return now
        await page.wait_for_timeout(50)
    raise AssertionError("the music stands still")


async def test_it_composes_plays_and_seeks(browser: Browser, tmp_path: Path) -> None:
    async with composed(browser, tmp_path) as page:
        await expect(page.locator(".model.last .words")).to_contain_text("D minor")
        await expect(page.locator(".music.last .parts li")).to_have_text(["violin", "piano"])
        await expect(page.locator(".music.last .time")).to_have_text("0:00 / 0:08")
        await accessible(page)
        # the head moves with the sound
        await play(page).click()
        first = await sounding(page)
        began = await head(page)
        assert 0 < began < 1
        assert await sounding(page, first + 0.3) > first
        assert await head(page) > began
        await expect(play(page)).to_have_attribute("aria-label", "Pause")
        await expect(roll(page).locator(".sounding")).to_have_attribute("d", re.compile("M"))
        await accessible(page)
        # a click seeks, and it plays on from there
        box = await roll(page).bounding_box()
        assert box is not None
        await roll(page).click(position={"x": box["width"] * 0.75, "y": 100})
        assert await sounding(page, 5.0) > 5.0
        assert await head(page) > 0.7
        await play(page).click()
        assert await silent(page)
        # by keyboard, bar by bar; a bar lasts two seconds
        await roll(page).focus()
        await page.keyboard.press("Home")
        await expect(roll(page)).to_have_attribute("aria-valuetext", "Bar 1 of 4, 0:00 of 0:08")
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowRight")
        await expect(roll(page)).to_have_attribute("aria-valuetext", "Bar 3 of 4, 0:04 of 0:08")
        assert await second(page) == pytest.approx(4, abs=0.05)
        assert await head(page) == pytest.approx(0.5, abs=0.01)
        await page.keyboard.press("Space")
        assert await sounding(page, 4.0) < 8
        # to its end, and back to the beginning
        await expect(page.locator('.music.last .tune[data-state="paused"]')).to_be_visible()
        await expect(roll(page)).to_have_attribute("aria-valuenow", "0")


async def test_it_is_voted_on_and_turned_while_it_sounds(browser: Browser, tmp_path: Path) -> None:
    async with composed(browser, tmp_path) as page:
        await play(page).click()
        first = await sounding(page)
        await tool(page, "like").click()
        await expect(tool(page, "like")).to_have_attribute("aria-pressed", "true")
        assert await sounding(page, first) > first
        await tool(page, "retry").click()
        await expect(page.locator(".last .version")).to_have_text("2/2")
        await written(page)
        assert await silent(page)
        source = await page.evaluate("document.getElementById('sound').src")
        await page.locator(".model.last").focus()
        await page.keyboard.press("p")
        await sounding(page)
        # who listens and turns the page hears the other version
        await tool(page, "previous").click()
        await expect(page.locator(".last .version")).to_have_text("1/2")
        await written(page)
        await sounding(page)
        assert await page.evaluate("document.getElementById('sound').src") == source
        await page.keyboard.press("Alt+n")
        await expect(page.locator("#blank")).to_be_visible()
        assert await silent(page)


async def test_a_file_is_picked_kept_and_extended(browser: Browser, tmp_path: Path) -> None:
    async with visit(browser, tmp_path) as page:
        await page.locator("#file-pick").set_input_files({"name": "x.mid", "mimeType": "audio/midi", "buffer": tune()})
        await expect(page.locator("#file-name")).to_have_text("x.mid")
        await accessible(page)
        await page.locator("#file-remove").click()
        await expect(page.locator("#file")).to_be_hidden()
        await page.locator("#file-pick").set_input_files({"name": "x.mid", "mimeType": "audio/midi", "buffer": tune()})
        await page.locator("#send").click()
        await expect(page.locator(".person.music .roll svg")).to_be_visible()
        await expect(page.locator("#file")).to_be_hidden()
        await expect(page.locator("#aside-text")).to_contain_text("C major")
        await accessible(page)
        async with page.expect_download() as saving:
            await page.locator('.music a[download$=".mid"]').click()
        assert (await (await saving.value).path()).read_bytes() == tune()
        # dragged out of the window it is a file
        dragged = await page.locator('.music a[download$=".mid"]').evaluate(
            """link => {
                const data = new DataTransfer();
                link.dispatchEvent(new DragEvent("dragstart", { dataTransfer: data }));
                return data.getData("DownloadURL");
            }"""
        )
        assert re.fullmatch(r"audio/midi:[^:/]+\.mid:http://127\.0\.0\.1:\d+/api/turns/\w+/files/mid", dragged)
        await page.locator('.person.last [data-action="extend"]').click()
        await expect(page.locator(".composing")).to_be_visible()
        await written(page)
        await expect(page.locator(".music")).to_have_count(2)
        async with page.expect_download() as saving:
            await page.locator('.model.music a[download$=".mid"]').click()
        longer = pretty_midi.PrettyMIDI(str(await (await saving.value).path()))
        assert longer.get_end_time() > pretty_midi.PrettyMIDI(str(save(tmp_path, tune()))).get_end_time()


async def test_other_files_get_a_sentence(browser: Browser, tmp_path: Path) -> None:
    async with conversation(tmp_path) as talk, serve(talk, port=0) as url:
        page = await browser.new_page()
        await page.goto(url)
        await page.locator("#words").fill("/extend")
        await page.locator("#file-pick").set_input_files({"name": "x.mid", "mimeType": "audio/midi", "buffer": b"MThd"})
        await page.locator("#send").click()
        await expect(page.locator("#composer-trouble")).not_to_be_empty()
        await expect(page.locator("#file-name")).to_have_text("x.mid")
        await expect(page.locator("#words")).to_have_value("/extend")
        await accessible(page)
        await page.locator("#file-remove").click()
        large: FilePayload = {"name": "large.mid", "mimeType": "audio/midi", "buffer": b"MThd" + bytes(600_000)}
        await page.locator("#file-pick").set_input_files(large)
        await expect(page.locator("#composer-trouble")).to_contain_text(f"{MAX_BYTES // 1024} kB")
        await expect(page.locator("#file")).to_be_hidden()


def save(folder: Path, data: bytes) -> Path:
    path = folder / "sent.mid"
    path.write_bytes(data)
    return path


async def drop(page: Page, name: str, data: bytes) -> None:
    """Drag a file over the page and let it go."""
    await page.evaluate(
        """([name, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name));
            window.dropped = data;
            const say = (kind) => document.getElementById("page").dispatchEvent(
                new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
            say("dragenter");
            window.letGo = () => say("drop");
        }""",
        [name, list(data)],
    )
    await expect(page.locator("#drop")).to_be_visible()
    await page.evaluate("letGo()")
    await expect(page.locator("#drop")).to_be_hidden()


async def test_a_file_is_dropped_with_a_caption_and_changed(browser: Browser, tmp_path: Path) -> None:
    async with visit(browser, tmp_path) as page:
        await drop(page, "scale.mid", tune())
        await expect(page.locator("#file-name")).to_have_text("scale.mid")
        await expect(page.locator("#words")).to_be_focused()
        await page.keyboard.type("/vary a little")
        await page.keyboard.press("Enter")
        await written(page)
        await expect(page.locator(".music")).to_have_count(2)
        last = page.locator(".model.last")
        # the strength of a variation is chosen in a menu
        await last.locator(".crafts summary").click()
        await accessible(page)
        await page.keyboard.press("Escape")
        await expect(last.locator(".crafts .menu ul")).to_be_hidden()
        await last.locator(".crafts summary").click()
        await last.locator('[data-action="vary-strong"]').click()
        await expect(page.locator(".music")).to_have_count(3)
        await written(page)
        # one line says what should be different
        await last.locator('[data-action="music"]').click()
        await expect(last.get_by_label("What should be different")).to_be_focused()
        await accessible(page)
        await page.keyboard.press("Escape")
        await expect(last.locator('[data-action="music"]')).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.type("in E minor, faster")
        await page.keyboard.press("Enter")
        await written(page)
        await expect(page.locator(".model.last .words")).to_contain_text("E minor")
        await expect(page.locator(".person:not(.music) .words")).to_have_text("in E minor, faster")
        # what cannot be done is said beside the music
        await last.locator('[data-action="bars"]').click()
        await expect(last.locator("input:focus, textarea:focus")).to_have_count(1)
        await page.keyboard.type("900 sparser")
        await page.keyboard.press("Enter")
        await expect(page.locator(".model.last > .trouble")).not_to_be_empty()


@pytest.mark.parametrize(("scheme", "locale"), [("light", "zh-CN"), ("dark", "en-GB")])
async def test_on_a_phone(browser: Browser, tmp_path: Path, scheme: str, locale: str) -> None:
    options = PHONE | {"color_scheme": scheme, "locale": locale, "reduced_motion": "reduce"}
    async with composed(browser, tmp_path, options) as page:
        assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        await expect(page.locator("#send")).to_be_in_viewport(ratio=1)
        await accessible(page)
        await play(page).tap()
        now = await sounding(page)
        began = await head(page)
        await sounding(page, now + 0.5)
        assert await head(page) > began
        box = await roll(page).bounding_box()
        assert box is not None
        await roll(page).tap(position={"x": box["width"] * 0.8, "y": 100})
        assert await sounding(page, 5.0) > 5.0
        await page.locator(".music.last .crafts summary").tap()
        await expect(page.locator('.music.last [data-action="vary-strong"]')).to_be_in_viewport(ratio=1)
        await accessible(page)
        lang = await page.evaluate("document.documentElement.lang")
        players = ["小提琴", "钢琴"] if lang == "zh-Hans" else ["violin", "piano"]
        await expect(page.locator(".music.last .parts li")).to_have_text(players)
        await expect(page.locator(".model.last .words")).to_contain_text("d 小调" if lang == "zh-Hans" else "D minor")


async def test_bars_are_chosen_in_the_roll(browser: Browser, tmp_path: Path) -> None:
    async with composed(browser, tmp_path) as page:
        before = await page.locator('.music.last a[download$=".mid"]').get_attribute("href")
        box = await roll(page).bounding_box()
        assert box is not None
        await page.keyboard.down("Shift")
        await page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 90)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 120, steps=4)
        await page.mouse.up()
        await page.keyboard.up("Shift")
        await expect(roll(page).locator(".chosen")).to_be_visible()
        field = page.locator(".music.last .asking input")
        await expect(field).to_have_value("2-3 ")
        await expect(field).to_be_focused()
        await accessible(page)
        await page.keyboard.press("End")
        await page.keyboard.type("sparser")
        await page.keyboard.press("Enter")
        await written(page)
        await expect(page.locator(".music")).to_have_count(2)
        assert await page.locator('.music.last a[download$=".mid"]').get_attribute("href") != before


async def test_a_half_written_change_stays_whatever_others_do(browser: Browser, tmp_path: Path) -> None:
    async with composed(browser, tmp_path) as page:
        await page.locator('.music.last .crafts [data-action="bars"]').click()
        field = page.locator(".asking input")
        await page.keyboard.type("2-3 ")
        host, session = page.url.split("/#/")
        data = {"author": "bea", "text": "/write story Rain fell on the pier."}
        said = await page.request.post(f"{host}/api/sessions/{session}/messages", data=data)
        assert said.ok
        await expect(page.locator(".passage")).to_have_count(4)
        await page.keyboard.type("sparser")
        await expect(field).to_have_value("2-3 sparser")
        await page.keyboard.press("Enter")
        await written(page)
        await expect(page.locator(".music")).to_have_count(2)


async def test_a_reload_shows_the_music_again(browser: Browser, tmp_path: Path) -> None:
    async with composed(browser, tmp_path) as page:
        words = await page.locator(".model.last .words").inner_text()
        await page.reload()
        await expect(roll(page).locator("svg")).to_be_visible()
        await expect(page.locator(".model.last .words")).to_have_text(words)
        await play(page).click()
        await sounding(page)


async def test_where_sound_or_notes_fail_it_says_so(browser: Browser, tmp_path: Path) -> None:
    async with conversation(tmp_path) as talk, serve(talk, port=0) as url:
        page = await browser.new_page()
        await page.route("**/files/ogg", lambda route: route.fulfill(status=500, body=""))
        await page.route("**/files/mid", lambda route: route.fulfill(body="no notes at all"))
        await page.goto(url)
        await say(page, WALTZ)
        picture = page.locator(".music.last .stage img")
        await expect(picture).to_be_visible()
        assert await picture.evaluate("each => each.naturalWidth") > 0
        await play(page).click()
        await expect(page.locator(".music.last .tune .trouble")).to_contain_text("cannot be played")
        await expect(play(page)).to_have_attribute("aria-label", "Play")
        await accessible(page)
        # once it is there again, the same button plays it
        await page.unroute("**/files/ogg")
        await play(page).click()
        await sounding(page)
        await expect(page.locator(".music.last .tune .trouble")).to_be_empty()


async def test_composing_can_be_stopped(browser: Browser, tmp_path: Path) -> None:
    async with visit(browser, tmp_path) as page:
        await page.locator("#words").fill("/music 32 bars chorale in C major, 6 variants")
        await page.locator("#words").press("Enter")
        await expect(page.locator(".composing")).to_be_visible()
        await expect(page.locator(".draft .words")).to_contain_text("32 bars")
        await accessible(page)
        await page.keyboard.press("Escape")
        await written(page)
        await expect(page.locator(".composing")).to_have_count(0)
        await expect(page.locator(".person .words")).to_have_text("32 bars chorale in C major, 6 variants")
        await expect(page.locator(".music")).to_have_count(0)
        await say(page, WALTZ)
        await expect(roll(page).locator("svg")).to_be_visible()


async def test_a_song_keeps_its_words_and_shows_them_under_its_score(browser: Browser, tmp_path: Path) -> None:
    async with visit(browser, tmp_path, options={"locale": "zh-CN"}) as page:
        await say(page, SONG)
        await expect(page.locator(".person .words")).to_contain_text("Rain comes down in lines.")
        await expect(roll(page).locator("svg")).to_be_visible()
        await page.locator('.music.last [data-action="score"]').click()
        score = page.locator(".music.last .written img")
        await expect(score).to_have_js_property("complete", value=True)
        assert await score.evaluate("each => each.naturalWidth") > 0
        await accessible(page)
        await shoot(page, "song-zh")
        await page.locator('.music.last [data-action="score"]').click()
        await expect(score).to_have_count(0)
