"""A person writes with Ghostnote in a private chat: real HTTP, the real conversation, the echo generator."""

import logging

import pytest

from bot import commands, wording
from engine.messages import Person, SessionKey
from tests.bot.telegram.conftest import Desk, Start

KEY = SessionKey("telegram", "77")


async def test_a_story_is_written_in_edits_and_ends_with_buttons(desk: Desk, start: Start) -> None:
    async with start(delay=0.06) as conversation:
        said = desk.say("/story A lighthouse keeper finds a letter addressed to no one.")
        reply = await desk.reply()
        piece = await conversation.piece(KEY)
    assert [turn.kind for turn in piece.turns] == ["person", "model"]
    assert piece.turns[0].text == "A lighthouse keeper finds a letter addressed to no one."
    assert reply.text == piece.turns[1].text
    assert desk.labels(reply) == ["👍", "👎", "🔁 Retry", "➡ Go on", "↩ Undo"]
    versions = [m.text or "" for _, m in desk.world.history if m.message_id == reply.message_id]
    assert len(versions) > 2, "it was shown while it was being written"
    assert len(set(versions[:-1])) == len(versions) - 1, "and only edited when the text had changed, or for the buttons"
    assert desk.api.made("sendChatAction")[0].action == "typing"
    assert reply.message_id > said.message_id
    assert not desk.api.refused


async def test_plain_words_go_on_and_a_second_start_goes_on_with_them(desk: Desk, start: Start) -> None:
    async with start():
        desk.say("/story It rained.")
        await desk.reply(1)
        desk.say("Then the lamp went out.")
        await desk.reply(2)
    async with start() as conversation:
        desk.say("/continue")
        await desk.reply(3)
        piece = await conversation.piece(KEY)
    assert [turn.kind for turn in piece.turns] == ["person", "model", "person", "model", "model"]


async def test_votes_by_button_count_change_and_are_taken_back(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say("It rained.")
        reply = await desk.reply()
        said = await desk.press(reply, "👍")
        assert said == "Thank you, 👍 is kept. I learn from it only once you say /consent on; /privacy tells you more."
        await desk.api.until(lambda: desk.labels(desk.now(reply))[:2] == ["👍 1", "👎"])
        await desk.press(reply, "👎")
        await desk.api.until(lambda: desk.labels(desk.now(reply))[:2] == ["👍", "👎 1"])
        assert await desk.press(reply, "👎") == "Your vote is taken back."
        await desk.api.until(lambda: desk.labels(desk.now(reply))[:2] == ["👍", "👎"])
        turn = (await conversation.piece(KEY)).turns[-1]
    assert (turn.likes, turn.dislikes) == (0, 0)
    assert desk.now(reply).text == reply.text


async def test_native_reactions_are_the_same_votes_also_after_a_restart(desk: Desk, start: Start) -> None:
    async with start():
        desk.say("It rained.")
        reply = await desk.reply()
    for old, new, likes, dislikes in (("", "👍", 1, 0), ("👍", "💩", 0, 1), ("💩", "❤", 1, 0), ("❤", "", 0, 0)):
        async with start() as conversation:
            desk.world.react(desk.chat, reply.message_id, desk.person, old, new)
            labels = [f"👍 {likes}" if likes else "👍", f"👎 {dislikes}" if dislikes else "👎"]
            await desk.api.until(lambda: desk.labels(desk.now(reply))[:2] == labels)  # noqa: B023  # waited for here
            turn = (await conversation.piece(KEY)).turns[-1]
            assert (turn.likes, turn.dislikes) == (likes, dislikes)
    assert len(desk.replies()) == 1


async def test_a_button_and_a_reaction_of_one_person_are_one_vote(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say("It rained.")
        reply = await desk.reply()
        await desk.press(reply, "👎")
        desk.world.react(desk.chat, reply.message_id, desk.person, "", "🔥")
        await desk.api.until(lambda: "👍 1" in desk.labels(desk.now(reply)))
        turn = (await conversation.piece(KEY)).turns[-1]
    assert (turn.likes, turn.dislikes) == (1, 0)


async def test_a_reaction_that_goes_takes_back_no_vote_by_button(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say("It rained.")
        reply = await desk.reply()
        desk.world.react(desk.chat, reply.message_id, desk.person, "", "🔥")
        await desk.api.until(lambda: "👍 1" in desk.labels(desk.now(reply)))
        await desk.press(reply, "👎")
        await desk.api.until(lambda: "👎 1" in desk.labels(desk.now(reply)))
        desk.world.react(desk.chat, reply.message_id, desk.person, "🔥", "")
        desk.say("/help")
        await desk.reply()
        turn = (await conversation.piece(KEY)).turns[-1]
    assert (turn.likes, turn.dislikes) == (0, 1)


async def test_a_reaction_to_what_is_still_being_written_counts_when_it_is_written(desk: Desk, start: Start) -> None:
    async with start(delay=0.06) as conversation:
        desk.say("/story A lighthouse keeper finds a letter addressed to no one.")
        await desk.api.until(lambda: desk.world.from_bot(desk.chat))
        draft = desk.world.from_bot(desk.chat)[0]
        desk.world.react(desk.chat, draft.message_id, desk.person, "", "🔥")
        assert not desk.replies()
        await desk.api.until(lambda: "👍 1" in desk.labels(desk.now(draft)))
        turn = (await conversation.piece(KEY)).turns[-1]
    assert (turn.likes, turn.dislikes) == (1, 0)


async def test_retry_and_swiping_happen_in_the_same_message(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say("It rained.")
        reply = await desk.reply()
        first = reply.text
        await desk.press(reply, "🔁")
        await desk.api.until(lambda: "2/2" in desk.labels(desk.now(reply)))
        second = desk.now(reply).text
        assert second != first
        await desk.press(reply, "◀")
        await desk.api.until(lambda: "1/2" in desk.labels(desk.now(reply)))
        assert desk.now(reply).text == first
        assert await desk.press(reply, "◀") == "That is the first version already."
        await desk.press(reply, "▶")
        await desk.api.until(lambda: "2/2" in desk.labels(desk.now(reply)))
        assert desk.now(reply).text == second
        await desk.press(reply, "👍")
        turn = (await conversation.piece(KEY)).turns[-1]
    assert (turn.text, turn.likes) == (second, 1)
    assert len(desk.world.from_bot(desk.chat)) == 1


async def test_go_on_and_undo_from_the_buttons_of_an_earlier_process(desk: Desk, start: Start) -> None:
    async with start():
        desk.say("It rained.")
        reply = await desk.reply()
    async with start() as conversation:
        await desk.press(reply, "➡")
        await desk.reply(2)
        assert len((await conversation.piece(KEY)).turns) == 3
        await desk.press(reply, "↩")
        await desk.api.until(lambda: "One step back" in (desk.world.from_bot(desk.chat)[-1].text or ""))
        assert len((await conversation.piece(KEY)).turns) == 2


async def test_buttons_of_a_message_too_old_for_telegram_to_tell_of(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say("It rained.")
        number = (await desk.reply()).message_id
        for label, seen in (("👍", "👍 1"), ("🔁", "2/2"), ("◀", "1/2")):
            desk.world.press(desk.chat, number, label, desk.person, old=True)
            await desk.api.until(lambda: seen in desk.world.labels(desk.chat, number))  # noqa: B023  # waited for here
        assert (await conversation.piece(KEY)).turns[-1].likes == 1
    assert len(desk.world.from_bot(desk.chat)) == 1


async def test_changed_words_change_the_piece_and_offer_a_new_answer(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        said = desk.say("/story It rained.")
        await desk.reply()
        desk.world.rewrite(said, "/story It snowed.")
        offer = (await desk.api.until(lambda: desk.world.from_bot(desk.chat)[1:]))[0]
        assert offer.text == wording.say("edited_offer", "en")
        assert (await conversation.piece(KEY)).turns[0].text == "It snowed."
        await desk.press(offer, "🔁")
        await desk.reply(2)
        piece = await conversation.piece(KEY)
        assert [(turn.text, turn.version) for turn in piece.turns if turn.kind == "person"] == [("It snowed.", 1)]
        assert piece.turns[-1].version == 2
        desk.world.rewrite(said, "/story It snowed.")
        desk.say("/list")
        await desk.api.until(lambda: "Your pieces" in (desk.world.from_bot(desk.chat)[-1].text or ""))
    assert [m.text for m in desk.world.from_bot(desk.chat)].count(offer.text) == 1


async def test_the_menu_is_there_in_both_languages(desk: Desk, start: Start) -> None:
    async with start():
        await desk.api.until(lambda: {"", "en", "zh"} <= set(desk.world.menus))
    assert [name for name, _ in desk.world.menus["en"]] == [command.name for command in commands.TABLE]
    assert dict(desk.world.menus["zh"])["story"] == wording.say("command_story", "zh")


async def test_a_person_is_answered_in_their_language(desk: Desk, start: Start) -> None:
    person = desk.world.person(88, "小雨", "zh-hans")
    chat = desk.world.private(person)
    async with start():
        desk.world.say(chat, person, "/start")
        hello = (await desk.api.until(lambda: desk.world.from_bot(chat)))[0]
    assert hello.text == wording.say("hello", "zh")


async def test_a_piece_is_taken_home_as_a_file(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say("It rained.")
        reply = await desk.reply()
        desk.say("/export md")
        await desk.api.until(lambda: desk.world.files)
        name, _, data = await conversation.carrying.export(KEY, "md", wording.sayer("en"))
    assert desk.world.files["f1"] == (f"documents/{name}", data)
    assert (reply.text or "?") in data.decode()


async def test_a_number_of_sentences_for_what_cannot_be(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        for number, (words, answer) in enumerate(
            [
                ("/retry", "no passage of mine"),
                ("/undo", "nothing to undo"),
                ("/stroy a fox", "Did you mean /story"),
                ("/xyzzy", "/help lists"),
                ("/alternatives 99", "1-6"),
                ("/open 4", "no piece"),
                ("/cancel", "Nothing is being written"),
                ("x" * 4096, ""),
            ]
        ):
            desk.say(words)
            said = (await desk.api.until(lambda: desk.world.from_bot(desk.chat)[number:]))[0]  # noqa: B023
            assert answer in (said.text or "")
        assert [piece.passages for piece in await conversation.pieces(KEY)][1:] == []


async def test_other_bots_commands_and_odd_messages_change_nothing(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say("/story@another_bot It rained.")
        desk.world.say(desk.chat, desk.person, None, new_chat_title="Mara's chat")
        desk.world.say(desk.chat, desk.person, None, photo=[])
        desk.say("/story@ghostnote_bot It rained.")
        await desk.reply()
        assert len((await conversation.piece(KEY)).turns) == 2
    assert len(desk.world.from_bot(desk.chat)) == 1


async def test_a_button_with_garbage_or_of_nothing_gets_one_sentence(desk: Desk, start: Start) -> None:
    async with start():
        desk.say("It rained.")
        reply = await desk.reply()
        for data in ["", "+", "rzzz", "😀", "r0123456789abcdef", "+0123456789abcdef", "n0123456789abcdef"]:
            query = desk.world.press(desk.chat, reply.message_id, "", desk.person, data=data)
            await desk.api.until(lambda: query in desk.world.answers)  # noqa: B023  # waited for here
            assert desk.world.answers[query], data
    assert desk.now(reply) == reply
    assert len(desk.world.from_bot(desk.chat)) == 1


async def test_nobody_votes_on_another_chats_passage(desk: Desk, start: Start) -> None:
    stranger = desk.world.person(99, "Stranger")
    theirs = desk.world.private(stranger)
    async with start() as conversation:
        desk.say("It rained.")
        reply = await desk.reply()
        data = desk.world.buttons(desk.chat, reply.message_id)[0].callback_data
        desk.world.say(theirs, stranger, "/start")
        hello = (await desk.api.until(lambda: desk.world.from_bot(theirs)))[0]
        for letter in ("+", "-", "r", "c", "n", "u"):
            query = desk.world.press(theirs, hello.message_id, "", stranger, data=letter + data[1:])
            await desk.api.until(lambda: query in desk.world.answers)  # noqa: B023
            assert desk.world.answers[query], letter
        turn = (await conversation.piece(KEY)).turns[-1]
    assert (turn.likes, turn.dislikes, turn.versions) == (0, 0, 1)
    assert len(desk.world.from_bot(theirs)) == 1


async def test_the_token_is_in_no_log(desk: Desk, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    async with start():
        desk.api.fail("sendMessage", 500, times=1)
        desk.api.fail("sendMessage", 429, retry_after=1)
        desk.say("It rained.")
        await desk.reply()
    assert len(caplog.records) > 10
    assert desk.api.token not in caplog.text


async def test_two_people_are_answered_at_once(desk: Desk, start: Start) -> None:
    other = desk.world.person(78, "Ben")
    theirs = desk.world.private(other)
    async with start(delay=0.05) as conversation:
        desk.say("/story It rained. " + "It rained and rained. " * 20)
        await desk.api.until(lambda: desk.world.from_bot(desk.chat))
        desk.world.say(theirs, other, "/help")
        await desk.api.until(lambda: desk.world.from_bot(theirs))
        assert not desk.replies()
        await desk.reply()
        assert len((await conversation.piece(SessionKey("telegram", "78"))).turns) == 0
    assert Person("telegram", "78") != Person("telegram", "77")
