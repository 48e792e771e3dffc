"""What one's own data and being forgotten are in Telegram: a file in private, nothing of it in a group."""

import json

from aiogram.types import Chat

from engine.messages import SessionKey
from tests.bot.telegram.conftest import Desk, Start


async def test_ones_data_comes_in_private_and_never_into_a_group(desk: Desk, start: Start) -> None:
    group = desk.world.group(-1002)
    async with start():
        desk.say("It rained.")
        await desk.reply()
        desk.say("/mydata")
        (message,) = await desk.files(1)
        assert [row["text"] for row in json.loads(desk.data(message))["words"]] == ["It rained."]
        desk.world.say(group, desk.person, "/mydata@ghostnote_bot")
        (answer,) = await desk.api.until(lambda: desk.world.from_bot(group))
        assert "private chat" in (answer.text or "")
        assert answer.document is None


async def test_who_is_forgotten_in_a_group_leaves_the_others_words(desk: Desk, start: Start) -> None:
    group, key = desk.world.group(-1002), SessionKey("telegram", "-1002")
    ben = desk.world.person(78, "Ben")
    async with start() as conversation:
        desk.say("It rained.")
        await desk.reply()
        for number, (person, words) in enumerate(((ben, "A lamp."), (desk.person, "It went out.")), 1):
            desk.world.say(group, person, f"@ghostnote_bot {words}")
            await desk.api.until(lambda: len(_passages(desk, group)) == number)  # noqa: B023  # waited for here
        desk.world.say(group, desk.person, "/forgetme@ghostnote_bot yes")
        await desk.api.until(lambda: any("forgotten" in (one.text or "") for one in desk.world.from_bot(group)))
        said = [turn.text for turn in (await conversation.piece(key)).turns if turn.kind == "person"]
        assert said == ["A lamp.", ""]
        assert await conversation.pieces(SessionKey("telegram", "77")) == ()


def _passages(desk: Desk, group: Chat) -> list[object]:
    found = desk.world.from_bot(group)
    return [each for each in found if "👍" in "".join(desk.world.labels(group, each.message_id))]
