"""Palettes and covers in a chat: drawn, seen, voted on, swiped and changed; real HTTP and the shipped networks."""

from io import BytesIO

from aiogram.types import Message
from PIL import Image

from bot import wording
from engine.messages import MessageRef, SessionKey
from tests.bot.telegram.conftest import Desk, Start

KEY = SessionKey("telegram", "77")


def picture(desk: Desk, message: Message) -> Image.Image:
    assert message.photo
    return Image.open(BytesIO(desk.data(message)))


async def test_a_cover_is_a_line_with_buttons_and_a_photo(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say("/cover mosaic, sea")
        (file,) = await desk.files(1)
        await desk.api.until(lambda: not desk.world.updates)
        turn = (await conversation.piece(KEY)).turns[-1]
        assert await conversation.turn_at(MessageRef("telegram", "77", str(file.message_id)), KEY) == turn
    line = desk.world.from_bot(desk.chat)[0]
    assert line.text == turn.text
    assert turn.text.startswith("A cover: mosaic")
    assert desk.labels(line) == ["👍", "👎", "🔁 Another", "➡ Go on", "↩ Undo"]
    assert picture(desk, file).size == (960, 1600)
    assert not desk.api.refused


async def test_versions_of_a_cover_change_in_place_and_their_pictures_are_sent_once(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say("/cover stripes")
        (first,) = await desk.files(1)
        line = await desk.reply()
        await desk.press(line, "🔁")
        second = (await desk.files(2))[1]
        await desk.api.until(lambda: "2/2" in desk.labels(desk.now(line)))
        assert second.caption == "Version 2"
        assert picture(desk, first).tobytes() != picture(desk, second).tobytes()
        for label, number in (("◀", 1), ("▶", 2)):
            assert await desk.press(line, label) == wording.say("look_above", "en", number=number)
            await desk.api.until(lambda: f"{number}/2" in desk.labels(desk.now(line)))  # noqa: B023  # waited for here
        desk.world.react(desk.chat, second.message_id, desk.person, "", "👍")
        await desk.api.until(lambda: "👍 1" in desk.labels(desk.now(line)))
        assert (await conversation.piece(KEY)).turns[-1].likes == 1
    assert len(await desk.files(2)) == 2


async def test_words_in_answer_to_a_picture_change_it(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say("/cover minimal")
        (file,) = await desk.files(1)
        desk.world.say(desk.chat, desk.person, "in red", reply_to=file.message_id)
        await desk.files(2)
        turn = (await conversation.piece(KEY)).turns[-1]
    assert turn.form == "cover"
    assert "minimal" in turn.text
    assert "red" in turn.text
