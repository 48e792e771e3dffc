"""What the menu of a message offers, and the forms for longer texts, also those an earlier process opened."""

from bot import wording
from engine.errors import Impossible
from engine.messages import Person
from tests.bot.discord.conftest import Desk, labels

ANN = Person("discord", "77", "Ann")


async def test_going_on_from_an_earlier_passage(desk: Desk) -> None:
    first = await desk.say("It rained.")
    await desk.say("Then it snowed.")
    result = await desk.mara.context_menu(desk.channel, "Continue from here", first)
    turns = (await desk.piece()).turns
    assert [turn.kind for turn in turns] == ["person", "model", "model"]
    assert result.response
    assert result.response.content == turns[-1].text


async def test_a_branch_and_another_version_from_the_menu(desk: Desk) -> None:
    first = await desk.say("It rained.")
    await desk.say("Then it snowed.")
    said = await desk.mara.context_menu(desk.channel, "Branch here", first)
    assert said.response
    assert "goes on from here" in said.response.content
    assert len((await desk.piece()).turns) == 2
    await desk.mara.context_menu(desk.channel, "Retry", first)
    assert (await desk.turn()).versions == 2


async def test_a_message_that_is_no_passage_gets_a_sentence(desk: Desk) -> None:
    theirs = await desk.mara.send(desk.channel, "Nothing to do with it.")
    for name in ("Continue from here", "Branch here", "Retry", "Rewrite…"):
        result = await desk.mara.context_menu(desk.channel, name, theirs)
        assert result.response
        assert result.response.content == "There is no such passage in this chat."


async def test_a_passage_is_scored_with_music_in_its_mood(desk: Desk) -> None:
    first = await desk.say("It was late.")
    await desk.conversation.edit(desk.key, ANN, "She wept at the grave in the autumn rain, alone.")
    result = await desk.mara.context_menu(desk.channel, "Score this with music", first)
    turns = (await desk.piece()).turns
    assert [(turn.kind, turn.form) for turn in turns[2:]] == [("person", "music"), ("model", "music")]
    assert turns[2].text == "melancholy"
    assert result.response
    assert "melancholy" in result.response.content
    assert labels(result.response.message)[2] == "🔁 Another"
    again = await desk.mara.context_menu(desk.channel, "Score this with music", result.response.message)
    assert again.response
    assert again.response.content == wording.error(Impossible(why="not_words"), "en")


async def test_rewriting_a_passage_in_a_form_that_holds_it(desk: Desk) -> None:
    first = await desk.say("It rained.")
    await desk.say("Then it snowed.")
    shown = await desk.mara.context_menu(desk.channel, "Rewrite…", first)
    assert shown.modal
    assert shown.modal["title"] == wording.say("form_edit", "en")
    assert first.content in str(shown.modal)
    await desk.restart()
    result = await desk.mara.submit_modal(shown, {"text": "It poured.\n\nIt did not stop."})
    assert result.response
    assert result.response.content == "It poured.\n\nIt did not stop."
    assert [turn.text for turn in (await desk.piece()).turns][1] == "It poured.\n\nIt did not stop."


async def test_edit_memory_and_note_without_words_open_forms(desk: Desk) -> None:
    await desk.say("It rained.")
    for name in ("edit", "memory", "note"):
        shown = await desk.mara.slash(desk.channel, name)
        assert shown.modal, name
        result = await desk.mara.submit_modal(shown, {"text": f"New words for {name}."})
        assert result.response, name
    piece = await desk.piece()
    assert (piece.memory, piece.note) == ("New words for memory.", "New words for note.")
    assert piece.turns[-1].text == "New words for edit."
    again = await desk.mara.slash(desk.channel, "memory")
    assert "New words for memory." in str(again.modal)


async def test_buttons_of_an_earlier_process(desk: Desk) -> None:
    reply = await desk.say("It rained.")
    await desk.restart()
    await desk.click(reply, "Retry")
    second = desk.now(reply)
    assert "2/2" in labels(second)
    assert second.content != reply.content
    await desk.click(second, "◀")
    assert desk.now(reply).content == reply.content
    said = await desk.click(second, "◀")
    assert said.followups[0].content == "That is the first version already."
    await desk.click(second, "▶")
    assert desk.now(reply).content == second.content
    await desk.click(reply, "Go on")
    assert len((await desk.piece()).turns) == 3
    await desk.click(reply, "Undo")
    assert len((await desk.piece()).turns) == 2
    await desk.click(reply, "👍")
    assert (await desk.turn()).likes == 1


async def test_each_has_a_vote_in_a_channel(desk: Desk) -> None:
    ben = desk.guild.add_member(desk.env.create_user("ben"))
    reply = await desk.say("It rained.")
    for member, sign, counts in (
        (desk.mara, "👍", ["👍 1", "👎"]),
        (ben, "👍", ["👍 2", "👎"]),
        (ben, "👎", ["👍 1", "👎 1"]),
        (ben, "👎", ["👍 1", "👎"]),
    ):
        await desk.click(reply, sign, member)
        assert labels(desk.now(reply))[:2] == counts
