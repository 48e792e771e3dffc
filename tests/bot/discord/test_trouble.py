"""What goes wrong between Ghostnote and Discord: deadlines, permissions, deletions, limits, repetitions, the end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

import discord
import pytest

from bot import wording
from bot.discord.client import Ghost
from tests.bot.discord.conftest import Desk, Open, again, labels, sent
from tests.bot.discord.server import until
from tests.fakes import EchoWriter

STORY = "A lighthouse keeper finds a letter."


def ours(desk: Desk) -> list[discord.Message]:
    return [message for message in desk.channel.history() if message.author.bot]


@pytest.fixture
async def halted(opened: Open) -> AsyncIterator[Desk]:
    """A desk at which a passage is being written, and halts after its first sentence until `go_on`."""
    writer = EchoWriter()
    async with opened(writer, settle=1.0) as desk:
        writer.gate = asyncio.Event()
        with suppress(TimeoutError):
            await desk.mara.send(desk.channel, f"{desk.mention} {STORY}")
        await until(lambda: ours(desk))  # on a busy machine a second is not enough for it
        yield desk


async def go_on(desk: Desk) -> None:
    """Let the passage be written to its end."""
    assert desk.writer.gate
    desk.writer.gate.set()
    await desk.env.settle(timeout=20)


async def test_a_draft_is_finished_in_its_own_message(halted: Desk) -> None:
    (draft,) = ours(halted)
    assert labels(draft) == ["⏹ Stop"]
    await go_on(halted)
    (reply,) = ours(halted)
    assert (reply.id, reply.content) == (draft.id, (await halted.turn()).text)
    assert reply.content.startswith(draft.content)
    assert "👍" in labels(reply)


async def test_stop_ends_it_in_mid_stream(halted: Desk) -> None:
    said = await halted.click(ours(halted)[0], "Stop")
    assert said.followups[0].content == "Stopped."
    assert (await halted.turn()).finish == "cancelled"
    assert "👍" in labels(ours(halted)[0])


async def test_after_fifteen_minutes_the_channel_takes_over(halted: Desk) -> None:
    await go_on(halted)
    assert halted.writer.gate
    halted.writer.gate.clear()
    halted.env.backend.advance_clock(5.0)  # the channel is ready for a draft
    with suppress(TimeoutError):
        await halted.mara.slash(halted.channel, "continue")
    draft = ours(halted)[-1]
    halted.env.backend.advance_clock(16 * 60.0)
    await go_on(halted)
    reply = ours(halted)[-1]
    assert (reply.id, reply.content) == (draft.id, (await halted.turn()).text)
    last = [each for each in halted.env.http_requests if each.method == "PATCH"][-1]
    assert last.path.startswith("/channels/")


async def test_an_interaction_that_came_too_late_is_answered_by_messages(desk: Desk) -> None:
    desk.env.inject_error("POST", "/interactions/*/*/callback", status=404, code=10062, message="Unknown interaction")
    await desk.mara.slash(desk.channel, "story", text=STORY)
    (reply,) = ours(desk)
    assert reply.content == (await desk.turn()).text
    desk.env.inject_error("POST", "/interactions/*/*/callback", status=404, code=10062, message="Unknown interaction")
    await desk.click(reply, "Retry")
    assert "2/2" in labels(desk.now(reply))


async def test_where_it_may_not_write_it_says_so_in_private_and_changes_nothing(desk: Desk) -> None:
    assert desk.env.bot.user
    silent = desk.guild.create_text_channel(
        "silent", overwrites={desk.env.bot.user: discord.PermissionOverwrite(send_messages=False)}
    )
    await desk.mara.send(silent, f"{desk.mention} It rained.")
    told = desk.mara.user.dm_channel.last_message
    assert told
    assert told.content == wording.say("discord_no_voice", "en", channel="silent")
    assert silent.last_message
    assert not silent.last_message.author.bot
    result = await desk.mara.slash(silent, "story", text=STORY)
    assert result.response
    assert "👍" in labels(result.response.message)


async def test_where_nobody_can_be_told_it_goes_on(desk: Desk) -> None:
    assert desk.env.bot.user
    silent = desk.guild.create_text_channel(
        "silent", overwrites={desk.env.bot.user: discord.PermissionOverwrite(send_messages=False)}
    )
    desk.env.inject_error("POST", "/users/@me/channels", status=403, code=50007, message="Cannot send messages")
    await desk.mara.send(silent, f"{desk.mention} It rained.")
    assert (await desk.say("It rained.")).content == (await desk.turn()).text


async def test_where_files_are_forbidden_that_is_said(desk: Desk) -> None:
    await desk.say("It rained.")
    desk.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, message="Missing Permissions")
    said = await desk.say("/export md")
    assert "I may not send files here" in said.content


async def test_a_draft_that_was_deleted_is_sent_again(halted: Desk) -> None:
    (draft,) = ours(halted)
    halted.env.backend.delete_message(halted.channel.id, draft.id)
    await go_on(halted)
    (reply,) = ours(halted)
    assert reply.content == (await halted.turn()).text


async def test_a_channel_that_was_deleted_stops_nothing_else(halted: Desk, caplog: pytest.LogCaptureFixture) -> None:
    other = halted.guild.create_text_channel("other")
    halted.env.backend.delete_channel(halted.channel.id)
    await go_on(halted)
    assert [turn.kind for turn in (await halted.piece()).turns] == ["person", "model"]
    await halted.mara.send(other, f"{halted.mention} /help")
    assert halted.last(other).author.bot
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING and "bot." in record.name]
    assert [record.exc_info for record in lines] == [None] * len(lines)
    assert 1 <= len(lines) <= 2


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_server_that_breaks_down_is_tried_again(desk: Desk, status: int) -> None:
    desk.env.inject_error("POST", "/channels/*/messages", status=status, times=2)
    await desk.mara.send(desk.channel, f"{desk.mention} {STORY}")
    await desk.env.advance_time(10)
    (reply,) = ours(desk)
    assert reply.content == (await desk.turn()).text


async def test_an_answer_whose_words_are_hidden_gets_a_sentence(desk: Desk) -> None:
    result = await desk.mara.slash(desk.channel, "story", text=STORY)
    assert result.response
    await desk.mara.send(desk.channel, "And then?", reply_to=result.response)
    assert desk.last().content == wording.say("discord_ask_here", "en")
    assert len((await desk.piece()).turns) == 2


async def test_what_comes_twice_acts_once(desk: Desk) -> None:
    reply = await desk.say("It rained.")
    await desk.mara.slash(desk.channel, "continue")
    await desk.click(reply, "Undo")
    before, shown = await desk.piece(), ours(desk)
    messages, interactions = sent(desk, "MESSAGE_CREATE"), sent(desk, "INTERACTION_CREATE")
    for _ in range(2):
        for payload in (each for each in messages if each["author"]["id"] == str(desk.mara.id)):
            await again(desk, "MESSAGE_CREATE", payload)
        for payload in interactions:
            await again(desk, "INTERACTION_CREATE", payload)
        assert (await desk.piece()).turns == before.turns
        assert [each.content for each in ours(desk) if labels(each)] == [each.content for each in shown if labels(each)]
        await desk.restart()


async def test_leaving_in_mid_reply_ends_it_whole_and_soon(halted: Desk) -> None:
    client = halted.env.bot
    assert isinstance(client, Ghost)
    await client.desk.intake.close(4.0)
    (reply,) = ours(halted)
    assert (await halted.turn()).finish == "cancelled"
    assert reply.content == (await halted.turn()).text
    assert "👍" in labels(reply)


@pytest.mark.parametrize("code", [50083, 50013, 10003])
async def test_a_thread_that_is_shut_in_mid_stream_is_one_line_in_the_log(
    halted: Desk, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    halted.env.inject_error("PATCH", "/channels/*/messages/*", status=403, code=code, message="No", times=9)
    await go_on(halted)
    assert [turn.kind for turn in (await halted.piece()).turns] == ["person", "model"]
    lines = [each for each in caplog.records if each.levelno >= logging.WARNING and "bot." in each.name]
    assert len(lines) == 1
    assert (await halted.say("/help")).author.bot
