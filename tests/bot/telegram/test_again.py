"""Updates that come again, processes that are killed: everything acts once and everything is answered."""

from pathlib import Path

from engine.messages import SessionKey
from tests.bot.telegram.conftest import Desk, Start, ghost

KEY = SessionKey("telegram", "77")
STORY = "/story A lighthouse keeper finds a letter addressed to no one."


async def test_an_update_delivered_twice_acts_once(desk: Desk, start: Start) -> None:
    async with start(delay=0.02) as conversation:
        desk.say(STORY)
        update = desk.world.updates[0]
        await desk.api.until(lambda: desk.world.from_bot(desk.chat))
        desk.world.again(update)
        await desk.reply()
        desk.world.again(update)
        await desk.api.until(lambda: not desk.world.updates)
        assert len((await conversation.piece(KEY)).turns) == 2
    async with start() as conversation:
        desk.world.again(update)
        await desk.api.until(lambda: not desk.world.updates)
        assert len((await conversation.piece(KEY)).turns) == 2
    assert len(desk.world.from_bot(desk.chat)) == 1, "and is not shown twice either"


async def test_a_press_delivered_twice_acts_once(desk: Desk, start: Start) -> None:
    presses = []
    async with start() as conversation:
        desk.say("It rained.")
        reply = await desk.reply()
        for label in ("➡", "🔁", "👍", "↩", "🔁", "◀"):
            desk.world.press(desk.chat, reply.message_id, label, desk.person)
            presses.append(desk.world.updates[-1])
            await desk.api.until(lambda: not desk.world.updates)
        before = await conversation.piece(KEY)
        for update in presses:
            desk.world.again(update)
        await desk.api.until(lambda: not desk.world.updates)
        assert await conversation.piece(KEY) == before
    async with start() as conversation:
        for update in presses:
            desk.world.again(update)
        await desk.api.until(lambda: not desk.world.updates)
        assert (await conversation.piece(KEY)).turns == before.turns
    assert desk.now(reply).text == before.turns[-1].text


async def test_a_process_killed_in_mid_stream_answers_after_all_in_the_same_message(desk: Desk, tmp_path: Path) -> None:
    desk.say(STORY)
    for _ in range(3):
        async with ghost(desk, tmp_path, delay=0.08):
            await desk.api.until(lambda: desk.api.made("editMessageText"))
        desk.api.calls.clear()
        assert not desk.replies()
        assert desk.world.updates, "it is not acknowledged before it is answered"
    async with ghost(desk, tmp_path, delay=0):
        await desk.api.until(desk.replies)
        await desk.api.until(lambda: not desk.world.updates)
    assert desk.world.from_bot(desk.chat) == desk.replies()


async def test_what_was_sent_while_it_was_down_is_answered_in_order(desk: Desk, start: Start) -> None:
    words = ["It rained.", "Then it snowed.", "Then it thawed."]
    async with start():
        await desk.api.until(lambda: desk.world.allowed)
    for each in words:
        desk.say(each)
    async with start() as conversation:
        await desk.reply(3)
        turns = (await conversation.piece(KEY)).turns
    assert [turn.text for turn in turns if turn.kind == "person"] == words
    assert [turn.kind for turn in turns] == ["person", "model"] * 3


async def test_what_is_sent_during_a_reply_waits_and_cancel_does_not(desk: Desk, start: Start) -> None:
    async with start(delay=0.05) as conversation:
        desk.say("It rained.")
        await desk.api.until(lambda: len(desk.api.made("editMessageText")) > 0)
        desk.say("Then it snowed.")
        desk.say("/cancel")
        await desk.reply(2)
        turns = (await conversation.piece(KEY)).turns
    assert [turn.kind for turn in turns] == ["person", "model"] * 2
    assert turns[1].finish == "cancelled"
    assert turns[2].text == "Then it snowed."
