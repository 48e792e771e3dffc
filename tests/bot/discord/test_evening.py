"""A person writes with Ghostnote in a channel: a real discord.py bot, the real conversation, the echo generator."""

from tests.bot.discord.conftest import Desk, labels


async def test_a_story_by_slash_command_ends_with_buttons(desk: Desk) -> None:
    result = await desk.mara.slash(desk.channel, "story", text="A lighthouse keeper finds a letter.")
    assert result.acknowledged
    turns = (await desk.piece()).turns
    assert [turn.kind for turn in turns] == ["person", "model"]
    assert turns[0].text == "A lighthouse keeper finds a letter."
    assert result.response
    assert result.response.content == turns[1].text
    assert labels(result.response.message) == ["👍", "👎", "🔁 Retry", "➡ Go on", "↩ Undo"]


async def test_a_mention_goes_on_and_other_talk_does_not(desk: Desk) -> None:
    await desk.mara.send(desk.channel, "What shall we write?")
    assert desk.last().author.id == desk.mara.id
    reply = await desk.say("It rained.")
    turns = (await desk.piece()).turns
    assert [turn.text for turn in turns] == ["It rained.", reply.content]
    assert turns[0].author == "Mara"
    await desk.mara.send(desk.channel, "Then it stopped.", reply_to=reply)
    assert (await desk.piece()).turns[2].text == "Then it stopped."


async def test_votes_by_button_count_change_and_are_taken_back(desk: Desk) -> None:
    reply = await desk.say("It rained.")
    said = await desk.click(reply, "👍")
    assert "👍 is kept" in said.followups[0].content
    assert said.followups[0].ephemeral
    assert labels(desk.now(reply))[:2] == ["👍 1", "👎"]
    await desk.click(reply, "👎")
    assert labels(desk.now(reply))[:2] == ["👍", "👎 1"]
    said = await desk.click(reply, "👎")
    assert said.followups[0].content == "Your vote is taken back."
    turn = await desk.turn()
    assert (turn.likes, turn.dislikes) == (0, 0)
