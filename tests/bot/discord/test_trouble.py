"""What goes wrong between Ghostnote and Discord: deadlines, permissions, deletions, limits, repetitions, the end."""

import asyncio
import logging
from typing import Any

import discord
import pytest

from bot import wording
from tests.bot.discord.conftest import Desk, Open, button, labels

STORY = "A lighthouse keeper finds a letter."
MINUTE = 60.0


def sent(desk: Desk, event: str) -> list[Any]:
    """What Discord has told the bot of."""
    return [payload for kind, name, payload in desk.env.backend.transcript if (kind, name) == ("GATEWAY", event)]


async def again(desk: Desk, event: str, payload: Any) -> None:
    """Tell the bot once more."""
    desk.env.backend.emit(event, payload)
    await desk.env.settle()


def ours(desk: Desk) -> list[discord.Message]:
    return [message for message in desk.channel.history() if message.author.bot]


async def test_a_draft_grows_and_is_finished_in_its_own_message(opened: Open) -> None:
    async with opened(delay=2) as desk:
        await desk.mara.send(desk.channel, f"{desk.mention} {STORY}")
        (draft,) = ours(desk)
        assert labels(draft) == ["⏹ Stop"]
        await desk.env.advance_time(10 * MINUTE)
        (reply,) = ours(desk)
        assert reply.id == draft.id
        assert reply.content == (await desk.turn()).text
        assert reply.content.startswith(draft.content)
        edits = [each for each in desk.env.http_requests if each.method == "PATCH"]
        assert len(edits) > 3


async def test_stop_ends_it_in_mid_stream(opened: Open) -> None:
    async with opened(delay=2) as desk:
        await desk.mara.send(desk.channel, f"{desk.mention} {STORY}")
        await desk.env.advance_time(60)
        said = await desk.click(ours(desk)[0], "Stop")
        await desk.env.advance_time(60)
        assert said.followups[0].content == "Stopped."
        assert (await desk.turn()).finish == "cancelled"
        assert "👍" in labels(ours(desk)[0])


async def test_after_fifteen_minutes_the_channel_takes_over(opened: Open) -> None:
    async with opened(delay=MINUTE) as desk:
        result = await desk.mara.slash(desk.channel, "story", text=STORY)
        assert result.response
        await desk.env.advance_time(300 * MINUTE)
        (reply,) = ours(desk)
        assert reply.id == result.response.id
        assert (reply.content, "👍" in labels(reply)) == ((await desk.turn()).text, True)
        last = [each for each in desk.env.http_requests if each.method == "PATCH"][-1]
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
    assert desk.env.bot.user
    plain = desk.guild.create_text_channel(
        "plain", overwrites={desk.env.bot.user: discord.PermissionOverwrite(attach_files=False)}
    )
    await desk.mara.send(plain, f"{desk.mention} It rained.")
    await desk.mara.send(plain, f"{desk.mention} /export md")
    assert plain.last_message
    assert "I may not send files here" in plain.last_message.content


async def test_a_draft_that_was_deleted_is_sent_again(opened: Open) -> None:
    async with opened(delay=2) as desk:
        await desk.mara.send(desk.channel, f"{desk.mention} {STORY}")
        (draft,) = ours(desk)
        desk.env.backend.delete_message(desk.channel.id, draft.id)
        await desk.env.advance_time(10 * MINUTE)
        (reply,) = ours(desk)
        assert reply.content == (await desk.turn()).text


async def test_a_channel_that_was_deleted_stops_nothing_else(opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(delay=2) as desk:
        other = desk.guild.create_text_channel("other")
        await desk.mara.send(desk.channel, f"{desk.mention} {STORY}")
        desk.env.backend.delete_channel(desk.channel.id)
        await desk.env.advance_time(10 * MINUTE)
        assert [turn.kind for turn in (await desk.piece()).turns] == ["person", "model"]
        await desk.mara.send(other, f"{desk.mention} /help")
        assert desk.last(other).author.bot
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING]
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
    await desk.click(reply, "Retry")
    before, shown = await desk.piece(), ours(desk)
    messages, interactions = sent(desk, "MESSAGE_CREATE"), sent(desk, "INTERACTION_CREATE")
    for _ in range(2):
        for payload in (each for each in messages if each["author"]["id"] == str(desk.mara.id)):
            await again(desk, "MESSAGE_CREATE", payload)
        for payload in interactions:
            await again(desk, "INTERACTION_CREATE", payload)
        assert (await desk.piece()).turns == before.turns
        assert [each.id for each in ours(desk)] == [each.id for each in shown]
        await desk.restart()


async def test_leaving_in_mid_reply_ends_it_whole_and_soon(opened: Open) -> None:
    async with opened(delay=0.2) as desk:
        speaking = asyncio.create_task(desk.mara.send(desk.channel, f"{desk.mention} {STORY}"))
        while not ours(desk) or "." not in ours(desk)[0].content:
            await asyncio.sleep(0.05)
        assert isinstance(desk.env.bot, discord.AutoShardedClient)
        await desk.env.bot.desk.intake.close(4.0)  # type: ignore[attr-defined]  # it is a Ghost
        await speaking
        (reply,) = ours(desk)
        assert (await desk.turn()).finish == "cancelled"
        assert reply.content == (await desk.turn()).text
        assert button(reply, "👍")
