"""What goes wrong between Ghostnote and Telegram: limits, breakdowns, deletions, blocks. No final text is ever lost."""

import logging

import pytest

from bot import telegram_app, wording
from engine.messages import SessionKey
from tests.bot.telegram.bot_api import BotApi
from tests.bot.telegram.conftest import Desk, Start

KEY = SessionKey("telegram", "77")
STORY = "/story A lighthouse keeper finds a letter addressed to no one."


async def test_a_429_in_mid_stream_delays_edits_and_loses_nothing(desk: Desk, start: Start) -> None:
    desk.api.fail("editMessageText", 429, retry_after=2)
    async with start(delay=0.05) as conversation:
        desk.say(STORY)
        reply = await desk.reply()
        assert reply.text == (await conversation.piece(KEY)).turns[-1].text
    assert [name for name, code, _ in desk.api.refused if code == 429] == ["editmessagetext"]
    limit = next(when for when, name, _ in desk.api.calls if name == "sendmessage")
    after = [when for when, name, _ in desk.api.calls if name == "editmessagetext"]
    assert min(after) - limit > 2


async def test_a_429_with_the_final_text_is_waited_for(desk: Desk, start: Start) -> None:
    desk.api.fail("sendMessage", 429, retry_after=1, times=2)
    async with start() as conversation:
        desk.say(STORY)
        reply = await desk.reply()
        assert reply.text == (await conversation.piece(KEY)).turns[-1].text
    assert len(desk.world.from_bot(desk.chat)) == 1


async def test_a_strict_flood_limit_is_met_by_few_calls(desk: Desk, start: Start) -> None:
    desk.api.flood(2, 3.0)
    async with start(delay=0.08) as conversation:
        desk.say(STORY)
        reply = await desk.reply()
        assert reply.text == (await conversation.piece(KEY)).turns[-1].text
    assert len([code for _, code, _ in desk.api.refused if code == 429]) <= 3


async def test_a_limit_in_one_chat_does_not_slow_another(desk: Desk, start: Start) -> None:
    other = desk.world.person(78)
    theirs = desk.world.private(other)
    desk.api.fail("sendMessage", 429, retry_after=6, chat=77)
    async with start():
        desk.say("/help")
        await desk.api.until(lambda: desk.api.refused)
        desk.world.say(theirs, other, "/help")
        await desk.api.until(lambda: desk.world.from_bot(theirs), 3)
        assert not desk.world.from_bot(desk.chat)


async def test_a_server_that_breaks_down_is_tried_again(desk: Desk, start: Start) -> None:
    desk.api.fail("editMessageText", 500, times=3)
    desk.api.fail("sendMessage", 502, times=1)
    async with start(delay=0.03) as conversation:
        desk.say(STORY)
        reply = await desk.reply()
        assert reply.text == (await conversation.piece(KEY)).turns[-1].text
    assert len(desk.world.from_bot(desk.chat)) == 1


async def test_a_poll_that_fails_is_tried_again(desk: Desk, start: Start) -> None:
    desk.api.fail("getUpdates", 502, times=1)
    async with start():
        desk.say(STORY)
        await desk.reply()


async def test_a_draft_that_was_deleted_is_sent_again(desk: Desk, start: Start) -> None:
    async with start(delay=0.05):
        desk.say(STORY)
        draft = (await desk.api.until(lambda: desk.world.from_bot(desk.chat)))[0]
        desk.world.remove(desk.chat.id, draft.message_id)
        reply = await desk.reply()
    assert reply.message_id != draft.message_id
    assert len(desk.world.from_bot(desk.chat)) == 1


async def test_a_person_who_blocks_the_bot_is_noted_in_one_line(
    desk: Desk, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    other = desk.world.person(78)
    theirs = desk.world.private(other)
    async with start(delay=0.05) as conversation:
        desk.say(STORY)
        await desk.api.until(lambda: desk.world.from_bot(desk.chat))
        desk.world.blocked.add(77)
        desk.world.say(theirs, other, "/help")
        await desk.api.until(lambda: desk.world.from_bot(theirs))
        await desk.api.until(lambda: any(code == 403 for _, code, _ in desk.api.refused))
        while len((await conversation.piece(KEY)).turns) < 2:
            await desk.api.until(lambda: True)
        desk.world.blocked.clear()
        desk.say("/continue")
        await desk.reply()
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.exc_info for record in lines] == [None] * len(lines)
    assert 1 <= len(lines) <= 2
    assert "blocked by the user" in lines[0].getMessage()


async def test_leaving_in_mid_reply_ends_it_whole_and_soon(desk: Desk, start: Start) -> None:
    async with start(delay=0.05) as conversation:
        desk.say(STORY)
        await desk.api.until(lambda: "." in "".join(each.text or "" for each in desk.world.from_bot(desk.chat)))
        await desk.api.until(lambda: len(desk.api.made("editMessageText")) > 1)
    (message,) = desk.world.from_bot(desk.chat)
    assert "👍" in desk.labels(message)
    assert (message.text or "").endswith(".")
    assert not desk.world.updates, "and it does not come again"
    async with start() as conversation:
        turns = (await conversation.piece(KEY)).turns
        assert [turn.finish for turn in turns] == [None, "cancelled"]
        assert turns[-1].text == message.text


async def test_a_refused_token_is_one_sentence_without_the_token(api: BotApi, start: Start) -> None:
    for token in ("4242:AAH-not-the-right-one", "not a token", "4242:"):
        with pytest.raises(telegram_app.TelegramUnavailable) as refusal:
            async with start(token=token):
                pass
        assert str(refusal.value) == wording.say("telegram_token_refused", "en")
        assert refusal.value.__cause__ is None


async def test_a_server_that_comes_up_late_is_found(desk: Desk, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    desk.api.fail("getMe", 502, times=2)
    async with start():
        desk.say(STORY)
        await desk.reply()
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert wording.say("telegram_unreachable", "en", api=desk.api.root) in lines[0]
