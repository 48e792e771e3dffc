"""Threads, forum posts, private chats, and texts longer than a message."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import discord
from simcord import ChannelHandle

from bot import wording
from bot.chats.splitting import units
from engine.messages import SessionKey, Snapshot
from engine.text.task import Begun, Task, Written
from tests.bot.discord.conftest import Desk, Open, labels
from tests.fakes import EchoWriter

PARAGRAPH = ("The *lamp* went out over the **harbour** 🌊🐙, and nobody 👩‍👩‍👧 came to light it again. " * 8).strip()


async def thread_of(desk: Desk, parent: ChannelHandle, name: str) -> ChannelHandle:
    """A thread, or a post in a forum, that the bot has opened because simulated people cannot."""
    found = desk.env.bot.get_channel(parent.id)
    if isinstance(found, discord.ForumChannel):
        await found.create_thread(name=name, content="A post.")
    elif isinstance(found, discord.TextChannel):
        await found.create_thread(name=name, type=discord.ChannelType.public_thread)
    return next(thread for thread in parent.threads if thread.name == name)


async def test_threads_and_posts_are_sessions_of_their_own(desk: Desk) -> None:
    forum = desk.guild.create_forum_channel("pieces")
    await desk.say("It rained.")
    for parent, words in ((desk.channel, "It snowed."), (forum, "It thawed.")):
        thread = await thread_of(desk, parent, "a thread")
        await desk.mara.send(thread, f"{desk.mention} {words}")
        reply = desk.last(thread)
        key = SessionKey("discord", str(parent.id), str(thread.id))
        assert [turn.text for turn in (await desk.conversation.piece(key)).turns] == [words, reply.content]
        await desk.restart()
        await desk.mara.react(reply, "👍")
        assert (await desk.conversation.piece(key)).turns[-1].likes == 1
        await desk.mara.slash(thread, "continue")
        assert len((await desk.conversation.piece(key)).turns) == 3
    assert [turn.text for turn in (await desk.piece()).turns if turn.kind == "person"] == ["It rained."]


async def test_a_private_chat_needs_no_mention_and_knows_ones_own_vote(desk: Desk) -> None:
    ann = desk.env.create_user("ann")
    await ann.send_dm("It rained.")
    reply = ann.dm_channel.last_message
    assert reply
    key = SessionKey("discord", str(ann.id))
    assert [turn.text for turn in (await desk.conversation.piece(key)).turns] == ["It rained.", reply.content]
    await ann.click(reply, label="👍")
    assert (await desk.conversation.piece(key)).turns[-1].likes == 1
    await ann.click(reply, label="👍 1")
    assert (await desk.conversation.piece(key)).turns[-1].likes == 0
    await ann.set_reaction(reply, "👍", reacted=True)
    assert (await desk.conversation.piece(key)).turns[-1].likes == 1
    await ann.slash("mydata")
    assert (await desk.piece()).turns == ()


async def test_changed_words_change_the_piece_and_offer_a_new_answer(desk: Desk) -> None:
    ann = desk.env.create_user("ann")
    said = await ann.send_dm("It rained.")
    await ann.edit(said, "It snowed.")
    offer = ann.dm_channel.last_message
    assert offer
    assert offer.content == wording.say("edited_offer", "en")
    await ann.click(offer, label="🔁 Answer anew")
    turns = (await desk.conversation.piece(SessionKey("discord", str(ann.id)))).turns
    assert [turns[0].text, turns[1].version] == ["It snowed.", 2]


async def test_who_writes_chinese_is_answered_in_chinese(desk: Desk) -> None:
    ann = desk.env.create_user("ann")
    await ann.send_dm("/undo 雨")
    assert ann.dm_channel.last_message
    assert ann.dm_channel.last_message.content == "没有可以撤销的步骤。"


class LongWriter(EchoWriter):
    """Writes 8,000 characters, then shorter versions."""

    async def write(self, task: Task) -> AsyncGenerator[Begun | Snapshot | Written, None]:
        count = 12 if not task.avoid else 1
        async for event in super().write(task):
            if isinstance(event, Written):
                text = "\n\n".join([PARAGRAPH] * count)
                yield Snapshot(text[: len(text) // 2])
                yield Written(tuple(replace(one, text=text) for one in event.compositions))
            elif isinstance(event, Begun):
                yield event


async def test_a_long_text_is_several_messages_and_shrinks_with_its_version(opened: Open) -> None:
    async with opened(writer=LongWriter()) as desk:
        await desk.say("It rained.")
        shown = [message for message in desk.channel.history() if message.author.bot]
        assert len(shown) > 3
        assert "\n\n".join(message.content for message in shown) == "\n\n".join([PARAGRAPH] * 12)
        assert all(units(message.content) <= 2000 for message in shown)
        assert [bool(labels(message)) for message in shown] == [False] * (len(shown) - 1) + [True]
        await desk.click(shown[-1], "Retry")
        (left,) = [message for message in desk.channel.history() if message.author.bot]
        assert (left.content, "2/2" in labels(left)) == (PARAGRAPH, True)
        await desk.click(left, "◀")
        assert len([message for message in desk.channel.history() if message.author.bot]) == len(shown)
