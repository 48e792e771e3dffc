"""Reactions on messages of any age are the same votes as the buttons."""

import pytest

from tests.bot.discord.conftest import Desk, again, labels, sent


async def test_reactions_vote_on_a_message_older_than_the_process(desk: Desk) -> None:
    reply = await desk.say("It rained.")
    await desk.restart()
    await desk.mara.react(reply, "👍")
    assert labels(desk.now(reply))[:2] == ["👍 1", "👎"]
    await desk.restart()
    await desk.mara.unreact(reply, "👍")
    turn = await desk.turn()
    assert (turn.likes, turn.dislikes) == (0, 0)


async def test_who_changes_a_reaction_may_remove_the_first_one_last(desk: Desk) -> None:
    reply = await desk.say("It rained.")
    await desk.mara.react(reply, "❤️")
    await desk.mara.react(reply, "👎")
    await desk.mara.unreact(reply, "❤️")
    turn = await desk.turn()
    assert (turn.likes, turn.dislikes) == (0, 1)
    await desk.mara.unreact(reply, "👎")
    assert (await desk.turn()).dislikes == 0


async def test_a_button_and_a_reaction_of_one_person_are_one_vote(desk: Desk) -> None:
    reply = await desk.say("It rained.")
    await desk.click(reply, "👎")
    await desk.mara.react(reply, "🔥")
    turn = await desk.turn()
    assert (turn.likes, turn.dislikes) == (1, 0)


async def test_a_reaction_that_goes_takes_no_vote_by_button_back(desk: Desk) -> None:
    reply = await desk.say("It rained.")
    await desk.mara.react(reply, "👍")
    await desk.click(reply, "👍")
    assert (await desk.turn()).likes == 0
    await desk.click(reply, "👍")
    await desk.restart()
    await desk.mara.unreact(reply, "👍")
    assert (await desk.turn()).likes == 1
    assert labels(desk.now(reply))[:2] == ["👍 1", "👎"]


async def test_a_press_that_comes_again_after_a_restart_votes_once(desk: Desk) -> None:
    reply = await desk.say("It rained.")
    await desk.click(reply, "👍")
    (press,) = sent(desk, "INTERACTION_CREATE")
    for _ in range(2):
        await again(desk, "INTERACTION_CREATE", press)
        assert (await desk.turn()).likes == 1
        await desk.restart()
    await desk.click(reply, "👍")
    await again(desk, "INTERACTION_CREATE", press)
    assert (await desk.turn()).likes == 0


@pytest.mark.parametrize("emoji", [None, "👍"])
async def test_cleared_reactions_take_their_votes_and_no_others(desk: Desk, emoji: str | None) -> None:
    ben, cy = (desk.guild.add_member(desk.env.create_user(name)) for name in ("ben", "cy"))
    reply = await desk.say("It rained.")
    await desk.mara.react(reply, "👍")
    await desk.click(reply, "👍", ben)
    await cy.react(reply, "❤️")
    assert (await desk.turn()).likes == 3
    await desk.restart()
    backend, where = desk.env.backend, (desk.channel.id, reply.id)
    backend.clear_reaction(*where, emoji) if emoji else backend.clear_reactions(*where)
    await desk.env.settle()
    left = 2 if emoji else 1
    assert (await desk.turn()).likes == left
    assert labels(desk.now(reply))[0] == f"👍 {left}"


async def test_what_is_no_vote_changes_nothing(desk: Desk) -> None:
    reply = await desk.say("It rained.")
    theirs = await desk.mara.send(desk.channel, "Nothing to do with it.")
    await desk.mara.react(reply, "😢")
    await desk.mara.react(theirs, "👍")
    turn = await desk.turn()
    assert (turn.likes, turn.dislikes) == (0, 0)
    assert labels(desk.now(reply)) == labels(reply)
