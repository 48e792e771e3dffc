"""Long texts, topics, groups, and the webhook."""

import socket
from collections.abc import AsyncGenerator
from dataclasses import replace

from aiogram.types import Chat, Message
from aiohttp import ClientSession

from bot.chats.splitting import units
from bot.telegram_app import WebhookSettings
from engine.messages import SessionKey, Snapshot
from engine.text.task import Begun, Task, Written
from tests.bot.telegram.conftest import Desk, Start
from tests.fakes import EchoWriter

PARAGRAPH = "The lamp went out over the harbour 🌊🐙, and nobody 👩‍👩‍👧 came to light it again. " * 12


class LongWriter(EchoWriter):
    """Writes 12,000 units, then shorter versions."""

    async def write(self, task: Task) -> AsyncGenerator[Begun | Snapshot | Written, None]:
        count = 12 if not task.avoid else 1
        async for event in super().write(task):
            if isinstance(event, Written):
                text = "\n\n".join([PARAGRAPH.strip()] * count)
                yield Snapshot(text[: len(text) // 2])
                yield Written(tuple(replace(one, text=text) for one in event.compositions))
            elif isinstance(event, Begun):
                yield event


async def test_a_long_text_is_several_messages_and_shrinks_with_its_version(desk: Desk, start: Start) -> None:
    async with start(writer=LongWriter()) as conversation:
        desk.say("It rained.")
        last = await desk.reply()
        shown = desk.world.from_bot(desk.chat)
        text = (await conversation.piece(SessionKey("telegram", "77"))).turns[-1].text
        assert units(text) > 3 * 4096 - 1000
        assert "\n\n".join(message.text or "" for message in shown) == text
        assert all(units(message.text or "") <= 4096 for message in shown)
        assert [bool(desk.labels(message)) for message in shown] == [False] * (len(shown) - 1) + [True]
        await desk.press(last, "🔁")
        await desk.api.until(lambda: len(desk.world.from_bot(desk.chat)) == 1)
        await desk.api.until(lambda: "2/2" in desk.labels(desk.world.from_bot(desk.chat)[0]))
        await desk.press(desk.world.from_bot(desk.chat)[0], "◀")
        await desk.api.until(lambda: "1/2" in desk.labels(desk.world.from_bot(desk.chat)[-1]))
        assert "\n\n".join(message.text or "" for message in desk.world.from_bot(desk.chat)) == text


async def test_topics_are_sessions_of_their_own(desk: Desk, start: Start) -> None:
    forum = desk.world.group(-1001, forum=True)
    async with start() as conversation:
        for topic, words in ((5, "/story It rained."), (9, "/poem It snowed.")):
            desk.world.say(forum, desk.person, words, topic=topic)
        for topic in (5, 9):
            await desk.api.until(lambda: _passages(desk, forum, topic))  # noqa: B023  # waited for here
        rained = await conversation.piece(SessionKey("telegram", "-1001", "5"))
        snowed = await conversation.piece(SessionKey("telegram", "-1001", "9"))
        assert (rained.turns[0].text, rained.form) == ("It rained.", "story")
        assert (snowed.turns[0].text, snowed.form) == ("It snowed.", "poem")
        message = desk.world.from_bot(forum, 9)[-1]
        desk.world.react(forum, message.message_id, desk.person, "", "👍")
        await desk.api.until(lambda: "👍 1" in desk.world.labels(forum, message.message_id))
        assert (await conversation.piece(SessionKey("telegram", "-1001", "9"))).turns[-1].likes == 1


async def test_in_a_group_it_speaks_when_addressed_and_each_has_a_vote(desk: Desk, start: Start) -> None:
    group = desk.world.group(-1002)
    ben = desk.world.person(78, "Ben")
    async with start() as conversation:
        desk.world.say(group, desk.person, "What shall we write?")
        desk.world.say(group, ben, "/weather")
        desk.world.say(group, ben, "@ghostnote_bot It rained.")
        first = (await desk.api.until(lambda: _passages(desk, group)))[0]
        assert len(desk.world.from_bot(group)) == 1
        number = first.message_id
        for person, label, counts in (
            (desk.person, "👍", ["👍 1", "👎"]),
            (ben, "👍", ["👍 2", "👎"]),
            (ben, "👎", ["👍 1", "👎 1"]),
            (ben, "👎", ["👍 1", "👎"]),
        ):
            desk.world.press(group, number, label, person)
            await desk.api.until(lambda: desk.world.labels(group, number)[:2] == counts)  # noqa: B023
        desk.world.say(group, desk.person, "Then it stopped.", reply_to=number)
        await desk.api.until(lambda: len(desk.world.from_bot(group)) == 2)
        answered = desk.world.from_bot(group)[-1].reply_to_message
        assert answered
        assert answered.text == "Then it stopped."
        piece = await conversation.piece(SessionKey("telegram", "-1002"))
    assert next(turn.author for turn in piece.turns if turn.kind == "person") == "Ben"


def _passages(desk: Desk, chat: Chat, topic: int | None = None) -> list[Message]:
    """The bot's messages in a chat that hold finished passages."""
    shown = desk.world.from_bot(chat, topic)
    return [each for each in shown if "👍" in "".join(desk.world.labels(chat, each.message_id))]


async def test_the_webhook_takes_what_telegram_sends_and_nothing_else(desk: Desk, start: Start) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    hook = WebhookSettings("127.0.0.1", port, f"http://127.0.0.1:{port}/telegram", "right")
    async with start(webhook=hook) as conversation, ClientSession() as session:
        await desk.api.until(lambda: desk.api.webhook)
        assert desk.api.webhook
        assert desk.api.webhook.secret_token == "right"
        assert "message_reaction" in (desk.api.webhook.allowed_updates or [])
        forged = {
            "update_id": 1,
            "message": {"message_id": 1, "date": 1, "chat": {"id": 77, "type": "private"}, "text": "x"},
        }
        for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}):
            async with session.post(hook.url, json=forged, headers=headers) as answer:
                assert answer.status == 403
        for body in (b"", b"{", b"[]", b"3", b'{"message": 3}', b'{"update_id": "x", "message": {}}'):
            async with session.post(
                hook.url, data=body, headers={"X-Telegram-Bot-Api-Secret-Token": "right"}
            ) as answer:
                assert answer.status == 400, body
        desk.say("It rained.")
        update = desk.world.updates[0]
        reply = await desk.reply()
        desk.world.again(update)
        await desk.api.until(lambda: not desk.world.updates)
        await desk.press(reply, "👍")
        turns = (await conversation.piece(SessionKey("telegram", "77"))).turns
    assert len(turns) == 2
    assert turns[-1].likes == 1
    assert set(desk.api.hook_answers) == {200}
