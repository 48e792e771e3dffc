"""Groups: who is heard and when, topics, people without a face, the bot's comings and goings, a group that moves."""

import asyncio

import pytest
from aiogram.types import Chat, Message, MessageEntity, User

from bot import wording
from bot.chats.refs import ref_of
from engine.messages import SessionKey
from tests.bot.telegram.conftest import Desk, Start

GROUP = -1002
KEY = SessionKey("telegram", str(GROUP))
STAND_IN = User(id=1087968824, is_bot=True, first_name="Group", username="GroupAnonymousBot")


@pytest.fixture
def group(desk: Desk) -> Chat:
    return desk.world.group(GROUP)


async def passage(desk: Desk, chat: Chat, count: int = 1, topic: int | None = None) -> Message:
    """The bot's `count`-th finished passage in a chat."""

    def found() -> list[Message]:
        shown = desk.world.from_bot(chat, topic)
        return [each for each in shown if "👍" in "".join(desk.world.labels(chat, each.message_id))]

    await desk.api.until(lambda: len(found()) >= count)
    return found()[count - 1]


async def said_in(desk: Desk, chat: Chat, words: str) -> Message:
    def found() -> list[Message]:
        return [each for each in desk.world.from_bot(chat) if words in (each.text or "")]

    await desk.api.until(found)
    return found()[0]


@pytest.mark.parametrize("hears_all", [True, False], ids=["privacy off", "privacy on"])
async def test_it_speaks_only_when_addressed_whether_it_hears_all_or_not(
    desk: Desk, start: Start, group: Chat, hears_all: bool
) -> None:
    world, ben = desk.world, desk.world.person(78, "Ben")
    world.hears_all = hears_all
    async with start() as conversation:
        world.say(group, ben, "Nice weather.")
        world.say(group, ben, "/story@other_bot A fox.")
        world.say(group, ben, "/weather")
        world.say(group, ben, "mail me at me@ghostnote_bot.org")
        world.say(group, desk.person, "Listen, @ghostnote_bot, it rained.")
        first = await passage(desk, group)
        world.say(group, ben, "Was that good?", reply_to=None)
        world.say(group, ben, "It stopped.", reply_to=first.message_id)
        await passage(desk, group, 2)
        mark = MessageEntity(type="text_mention", offset=0, length=5, user=world.bot)
        if hears_all:
            world.say(group, ben, "Ghost then it snowed.", entities=[mark])
            await passage(desk, group, 3)
        world.say(group, desk.person, "/undo@ghostnote_bot")
        await said_in(desk, group, "One step back")
        piece = await conversation.piece(KEY)
    assert [(turn.author, turn.text) for turn in piece.turns if turn.kind == "person"] == [
        ("Mara", "Listen, it rained."),
        ("Ben", "It stopped."),
    ][: 2 if hears_all else 1]


async def test_the_general_topic_and_each_other_are_sessions_and_chains_of_answers_are_not(
    desk: Desk, start: Start
) -> None:
    world = desk.world
    forum = world.group(-1001, forum=True)
    async with start() as conversation:
        world.say(forum, desk.person, "/story In general.")
        general = await passage(desk, forum)
        assert general.message_thread_id is None
        opening = world.say(forum, world.bot, None, topic=5, forum_topic_created={"name": "Tales", "icon_color": 0})
        world.say(forum, desk.person, "Not for you.", topic=5, reply_to=opening.message_id)
        world.say(forum, desk.person, "/story In the topic.", topic=5, reply_to=opening.message_id)
        topical = await passage(desk, forum, topic=5)
        assert topical.is_topic_message
        chained = world.say(
            forum, desk.person, "Go on.", reply_to=general.message_id, message_thread_id=general.message_id
        )
        assert not chained.is_topic_message
        await passage(desk, forum, 3)
        here = await conversation.piece(SessionKey("telegram", "-1001"))
        there = await conversation.piece(SessionKey("telegram", "-1001", "5"))
    assert [turn.text for turn in here.turns if turn.kind == "person"] == ["In general.", "Go on."]
    assert [turn.text for turn in there.turns if turn.kind == "person"] == ["In the topic."]
    assert not desk.api.refused


async def test_a_button_whose_message_is_out_of_telegrams_reach_still_finds_its_topic(desk: Desk, start: Start) -> None:
    world = desk.world
    forum = world.group(-1001, forum=True)
    async with start() as conversation:
        world.say(forum, desk.person, "/story In the topic.", topic=5)
        shown = await passage(desk, forum, topic=5)
        key = SessionKey("telegram", "-1001", "5")
        while not await conversation.turn_at(ref_of(key, shown.message_id), key):  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.01)
        query = world.press(forum, shown.message_id, "👍", desk.person, old=True)
        await desk.api.until(lambda: query in world.answers)
        await desk.api.until(lambda: "👍 1" in world.labels(forum, shown.message_id))
        assert (await conversation.piece(key)).turns[-1].likes == 1


async def test_who_has_no_face_is_the_chat_in_whose_name_they_speak(desk: Desk, start: Start, group: Chat) -> None:
    world = desk.world
    channel = Chat(id=-1009, type="channel", title="The news")
    robot = User(id=99, is_bot=True, first_name="Robot", username="robot_bot")
    async with start() as conversation:
        world.say(group, STAND_IN, "/story A fox.", sender_chat=group, author_signature="Editor")
        first = await passage(desk, group)
        world.say(group, STAND_IN, "/continue It ran.", sender_chat=channel)
        await passage(desk, group, 2)
        world.say(group, robot, "@ghostnote_bot hello, I am a machine")
        for old, new, likes in (("", "👍", 1), ("👍", "", 0)):
            world.react(group, first.message_id, None, old, new, actor=group)
            await desk.api.until(lambda: bool(likes) == ("👍 1" in world.labels(group, first.message_id)))  # noqa: B023
        world.say(group, desk.person, "/help")
        await said_in(desk, group, "What you can do")
        piece = await conversation.piece(KEY)
    assert [turn.author for turn in piece.turns if turn.kind == "person"] == ["Editor", "The news"]


async def test_counts_of_anonymous_reactions_are_not_asked_for(desk: Desk, start: Start) -> None:
    async with start():
        desk.say("/help")
        await desk.said("What you can do")
        assert desk.world.allowed
        assert "message_reaction_count" not in desk.world.allowed
        assert {"message_reaction", "my_chat_member"} <= desk.world.allowed


async def test_it_says_once_how_to_talk_to_it_where_it_is_let_in(desk: Desk, start: Start, group: Chat) -> None:
    world = desk.world
    world.hears_all = False
    chinese = world.person(79, "Li", "zh-hans")
    other = world.group(-1003)
    async with start() as conversation:
        world.standing(group, desk.person, "left", "member")
        world.standing(group, desk.person, "member", "administrator")
        world.standing(other, chinese, "left", "administrator")
        for chat, language in ((group, "en"), (other, "zh")):
            await said_in(desk, chat, wording.say("hello_group", language, name="ghostnote_bot"))
        world.say(group, desk.person, "/story A fox.")
        await passage(desk, group)
        world.standing(group, desk.person, "administrator", "left")
        world.standing(group, desk.person, "left", "member")
        world.say(group, desk.person, "/continue")
        await passage(desk, group, 2)
        assert len((await conversation.piece(KEY)).turns) == 3
    assert len([each for each in world.from_bot(group) if "co-writer" in (each.text or "")]) == 2


async def test_a_deep_link_into_a_group_or_a_private_chat_begins_there(desk: Desk, start: Start, group: Chat) -> None:
    async with start() as conversation:
        desk.world.say(group, desk.person, "/start@ghostnote_bot haiku")
        await passage(desk, group)
        assert (await conversation.piece(KEY)).form == "haiku"
        desk.say("/start help")
        await desk.said("What you can do")
        desk.say("/start forgetme_yes")
        await desk.said("I am Ghostnote")


async def test_everybody_may_vote_and_press_what_another_asked_for(desk: Desk, start: Start, group: Chat) -> None:
    world, ben = desk.world, desk.world.person(78, "Ben")
    async with start() as conversation:
        world.say(group, desk.person, "/story A fox.")
        shown = await passage(desk, group)
        world.press(group, shown.message_id, "👎", ben)
        await desk.api.until(lambda: "👎 1" in world.labels(group, shown.message_id))
        world.press(group, shown.message_id, "🔁", ben)
        await desk.api.until(lambda: "2/2" in world.labels(group, shown.message_id))
        assert (await conversation.piece(KEY)).turns[-1].versions == 2


async def test_an_edited_message_changes_the_passage_it_was_and_no_other_talk(
    desk: Desk, start: Start, group: Chat
) -> None:
    world = desk.world
    async with start() as conversation:
        talk = world.say(group, desk.person, "Nice weather.")
        words = world.say(group, desk.person, "@ghostnote_bot It rained.")
        await passage(desk, group)
        world.rewrite(talk, "@ghostnote_bot Nice weather, is it not?")
        world.rewrite(words, "@ghostnote_bot It snowed.")
        await said_in(desk, group, "Your words are changed")
        assert [turn.text for turn in (await conversation.piece(KEY)).turns][:1] == ["It snowed."]


async def test_a_group_that_becomes_a_supergroup_takes_its_pieces_along(desk: Desk, start: Start) -> None:
    world = desk.world
    old = world.group(-42, kind="group")
    async with start() as conversation:
        world.say(old, desk.person, "/story A fox.")
        shown = await passage(desk, old)
        new = world.upgrade(old, -10042)
        world.say(new, desk.person, "/continue It ran.")
        await passage(desk, new)
        piece = await conversation.piece(SessionKey("telegram", "-10042"))
        assert [turn.text for turn in piece.turns if turn.kind == "person"] == ["A fox.", "It ran."]
        assert not await conversation.pieces(SessionKey("telegram", "-42"))
        # a button under a message that stayed behind
        query = world.press(old, shown.message_id, "👍", desk.person)
        await desk.api.until(lambda: query in world.answers)
        assert (await conversation.turn(SessionKey("telegram", "-10042"), piece.turns[1].id)).likes == 1


async def test_a_reply_that_is_being_written_follows_the_group(desk: Desk, start: Start) -> None:
    world = desk.world
    old = world.group(-42, kind="group")
    async with start(delay=0.08) as conversation:
        world.say(old, desk.person, "/story A lighthouse keeper finds a letter addressed to no one.")
        await desk.api.until(lambda: world.from_bot(old))
        new = world.upgrade(old, -10042)
        shown = await passage(desk, new)
        piece = await conversation.piece(SessionKey("telegram", "-10042"))
        assert piece.turns[-1].text == shown.text
        world.press(new, shown.message_id, "👍", desk.person)
        await desk.api.until(lambda: "👍 1" in world.labels(new, shown.message_id))
