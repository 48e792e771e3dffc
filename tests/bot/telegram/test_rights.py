"""What a group may keep from the bot, and what people do that cannot be: one clear sentence, nothing stuck or lost."""

import asyncio
import logging

import pytest
from aiogram.types import Chat

from bot import wording
from bot.chats.refs import ref_of
from engine.messages import SessionKey
from tests.bot.telegram.conftest import Desk, Start
from tests.bot.telegram.test_groups import passage, said_in

GROUP = -1002
KEY = SessionKey("telegram", str(GROUP))
NO_VOICE = wording.say("telegram_no_voice", "en", chat="The writers")
SHOWING = ("sendMessage", "sendPhoto", "sendVoice", "sendDocument")


@pytest.fixture
def group(desk: Desk) -> Chat:
    return desk.world.group(GROUP)


def forbid(desk: Desk, *methods: str, why: str, chat: int = GROUP) -> None:
    for method in methods:
        desk.api.fail(method, 400, f"Bad Request: {why}", chat=chat, times=1000)


@pytest.mark.parametrize(
    "why", ["not enough rights to send text messages to the chat", "CHAT_WRITE_FORBIDDEN", "CHAT_RESTRICTED"]
)
async def test_where_it_may_not_write_the_person_is_told_in_private_and_nothing_is_lost(
    desk: Desk, start: Start, group: Chat, why: str
) -> None:
    forbid(desk, *SHOWING, why=why)
    async with start() as conversation:
        desk.world.say(group, desk.person, "/story A fox.")
        await desk.said(NO_VOICE)
        assert [turn.kind for turn in (await conversation.piece(KEY)).turns] == ["person", "model"]
        desk.api.troubles.clear()
        desk.world.say(group, desk.person, "/continue")
        shown = await passage(desk, group)
        assert shown.text == (await conversation.piece(KEY)).turns[-1].text
    assert len(desk.world.from_bot(desk.chat)) == 1


async def test_who_cannot_be_told_in_private_is_noted_and_nobody_waits(
    desk: Desk, start: Start, group: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    ben = desk.world.person(78, "Ben")  # has never written to the bot
    forbid(desk, *SHOWING, why="CHAT_WRITE_FORBIDDEN")
    caplog.set_level(logging.INFO, "bot.telegram.groups")
    async with start() as conversation:
        desk.world.say(group, ben, "/story A fox.")
        await desk.api.until(lambda: "78 cannot be told" in caplog.text)
        assert len((await conversation.piece(KEY)).turns) == 2
        desk.say("/help")
        await desk.said("What you can do")
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "deleted"])
async def test_a_topic_that_is_closed_or_gone(desk: Desk, start: Start, closed: bool) -> None:
    forum = desk.world.group(-1001, forum=True)
    async with start() as conversation:
        desk.world.say(forum, desk.person, "/story A fox.", topic=5)
        await passage(desk, forum, topic=5)
        if closed:
            forbid(desk, "sendMessage", why="TOPIC_CLOSED", chat=forum.id)
        desk.world.say(forum, desk.person, "/continue It ran.", topic=5)
        if not closed:
            desk.world.topics[forum.id].clear()
        await desk.said(NO_VOICE)
        assert len((await conversation.piece(SessionKey("telegram", "-1001", "5"))).turns) == 4
        desk.api.troubles.clear()
        desk.world.say(forum, desk.person, "/story Another fox.")
        await passage(desk, forum, 2)


async def test_where_files_are_forbidden_one_sentence_says_so(desk: Desk, start: Start, group: Chat) -> None:
    forbid(desk, *SHOWING[1:], why="not enough rights to send documents to the chat")
    async with start() as conversation:
        desk.world.say(group, desk.person, "/story A fox.")
        await passage(desk, group)
        desk.world.say(group, desk.person, "/export md")
        first = await said_in(desk, group, "I may not send files here")
        assert ".md" in (first.text or "")
        desk.world.say(group, desk.person, "/music 1 bar folk air")
        await desk.api.until(lambda: len(desk.world.from_bot(group)) == 4)
        desk.world.say(group, desk.person, "/help")
        await said_in(desk, group, "What you can do")
        assert len([each for each in desk.world.from_bot(group) if "not send files" in (each.text or "")]) == 2
        assert (await conversation.piece(KEY)).turns[-1].form == "music"
        desk.api.troubles.clear()
        desk.world.say(group, desk.person, "/extend 1")
        assert len(await desk.files(3, group)) == 3
    assert not desk.world.from_bot(desk.chat)


async def test_a_group_without_voice_messages_gets_the_sound_as_a_file(desk: Desk, start: Start, group: Chat) -> None:
    forbid(desk, "sendVoice", "sendPhoto", why="not enough rights to send voice notes to the chat")
    async with start():
        desk.world.say(group, desk.person, "/music 1 bar folk air")
        files = await desk.files(3, group)
    assert all(each.document for each in files)


async def test_a_bot_that_is_thrown_out_in_mid_reply_keeps_what_was_written(
    desk: Desk, start: Start, group: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    world = desk.world
    async with start(delay=0.05) as conversation:
        world.say(group, desk.person, "/story A lighthouse keeper finds a letter addressed to no one.")
        await desk.api.until(lambda: world.from_bot(group))
        world.standing(group, desk.person, "member", "left")
        await desk.said(NO_VOICE)
        assert len((await conversation.piece(KEY)).turns) == 2
        world.standing(group, desk.person, "left", "member")
        await said_in(desk, group, "co-writer for all of you")
        world.say(group, desk.person, "/continue")
        await passage(desk, group)
        assert len((await conversation.piece(KEY)).turns) == 3
    assert all(record.exc_info is None for record in caplog.records)


async def test_a_group_that_was_deleted_stops_nobody_else(desk: Desk, start: Start, group: Chat) -> None:
    async with start(delay=0.03) as conversation:
        desk.world.say(group, desk.person, "/story A fox goes out on a chilly night.")
        await desk.api.until(lambda: desk.world.from_bot(group))
        del desk.world.rooms[GROUP]
        desk.say("/story A hen.")
        await desk.reply()
        while len((await conversation.piece(KEY)).turns) < 2:  # noqa: ASYNC110  # nothing else tells of it
            await asyncio.sleep(0.02)


async def test_buttons_under_a_message_that_is_gone_still_do_what_they_say(
    desk: Desk, start: Start, group: Chat
) -> None:
    world = desk.world
    async with start() as conversation:
        world.say(group, desk.person, "/story A fox.")
        shown = await passage(desk, group)
        while not await conversation.turn_at(ref_of(KEY, shown.message_id), KEY):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        pressed = [
            world.press(group, shown.message_id, label, desk.person, old=label == "🔁") for label in ("👍", "🔁")
        ]
        world.remove(group.id, shown.message_id)
        await desk.api.until(lambda: set(pressed) <= set(world.answers))
        again = await passage(desk, group)
        turn = (await conversation.piece(KEY)).turns[-1]
        assert (turn.text, turn.versions) == (again.text, 2)


async def test_a_press_that_telegram_forgot_is_acted_on_and_its_words_come_as_a_message(
    desk: Desk, start: Start, group: Chat
) -> None:
    world = desk.world
    async with start() as conversation:
        world.say(group, desk.person, "/story A fox.")
        shown = await passage(desk, group)
        desk.api.fail("answerCallbackQuery", 400, "Bad Request: query is too old and response timeout expired", times=9)
        world.press(group, shown.message_id, "👍", desk.person)
        await desk.api.until(lambda: "👍 1" in world.labels(group, shown.message_id))
        world.press(group, shown.message_id, "↩", desk.person)
        await said_in(desk, group, "The piece is empty now")
        world.press(group, shown.message_id, "↩", desk.person)
        await said_in(desk, group, "There is nothing to undo")
        assert (await conversation.piece(KEY)).turns == ()


async def test_a_vote_on_what_is_put_away_is_refused_in_a_sentence(desk: Desk, start: Start, group: Chat) -> None:
    world, ben = desk.world, desk.world.person(78, "Ben")
    async with start():
        world.say(group, desk.person, "/story A fox.")
        shown = await passage(desk, group)
        world.say(group, desk.person, "/delete")
        await said_in(desk, group, "is deleted")
        query = world.press(group, shown.message_id, "👍", ben)
        await desk.api.until(lambda: query in world.answers)
        assert world.answers[query] == "There is no such passage in this chat."
        world.react(group, shown.message_id, ben, "", "👍")
        forged = world.press(group, shown.message_id, "", ben, data="+" + "f" * 16)
        await desk.api.until(lambda: forged in world.answers)
    assert world.labels(group, shown.message_id)[0] == "👍"


async def test_25_commands_a_second_are_each_answered_once_and_in_order(desk: Desk, start: Start) -> None:
    desk.api.flood(12, 2.0)
    async with start() as conversation:
        for number in range(25):
            desk.say(f"/rename Title {number}")
        await desk.api.until(lambda: len(desk.world.from_bot(desk.chat)) == 25)
        assert (await conversation.piece(SessionKey("telegram", "77"))).title == "Title 24"
        answers = {each.text for each in desk.world.from_bot(desk.chat)}
        assert answers == {wording.say("renamed", "en", title=f"Title {number}") for number in range(25)}


async def test_20_messages_a_minute_are_all_that_a_group_gets_and_none_is_lost(
    desk: Desk, start: Start, group: Chat
) -> None:
    async with start() as conversation:
        for number in range(22):
            desk.world.say(group, desk.person, f"/note Number {number}")
        other = desk.world.group(-1003)
        desk.world.say(other, desk.person, "/story A fox.")
        await passage(desk, other)  # nobody else waits
        assert len(desk.world.from_bot(group)) < 22
        await desk.api.until(lambda: len(desk.world.from_bot(group)) == 22)
        assert (await conversation.piece(KEY)).note == "Number 21"
    assert not desk.api.refused, "the limit is kept, not hit"
