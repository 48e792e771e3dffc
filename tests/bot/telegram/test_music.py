"""Music in a chat: composed, seen, heard, voted on, swiped and changed; real HTTP and the shipped network."""

from aiogram.types import Message

from bot import wording
from engine.errors import RequestCancelled
from engine.messages import MessageRef, SessionKey
from tests.bot.chats.tunes import notes
from tests.bot.telegram.conftest import Desk, Start

KEY = SessionKey("telegram", "77")
SHORT = "/music 2 bars folk air in G major, 100 bpm, flute"


def kinds(messages: list[Message]) -> list[str]:
    return ["photo" if each.photo else "voice" if each.voice else "document" for each in messages]


async def test_music_is_a_line_with_buttons_then_roll_sound_and_file(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say(SHORT)
        files = await desk.files(3)
        await desk.api.until(lambda: not desk.world.updates)
        turn = (await conversation.piece(KEY)).turns[-1]
        for each in desk.world.from_bot(desk.chat):
            shown = await conversation.turn_at(MessageRef("telegram", "77", str(each.message_id)), KEY)
            assert shown == turn
    line, *after = desk.world.from_bot(desk.chat)
    assert after == files
    assert line.text == turn.text
    assert "G major" in turn.text
    assert desk.labels(line) == ["👍", "👎", "🔁 Another", "➕ Extend", "🎲 Vary"]
    drafts = [m.reply_markup for what, m in desk.world.history if m.message_id == line.message_id and what == "sent"]
    assert drafts[0].inline_keyboard[0][0].text == "⏹ Stop", "what was understood was shown before it was composed"  # type: ignore[union-attr]
    assert kinds(files) == ["photo", "voice", "document"]
    assert [desk.data(each)[:4] for each in files] == [b"\x89PNG", b"OggS", b"MThd"]
    assert files[1].voice
    assert files[1].voice.duration >= 4, "two bars at 100 bpm"
    assert files[2].document
    assert (files[2].document.file_name or "").startswith("folk-in-g-major-")
    assert (files[2].document.file_name or "").endswith(".mid")
    assert all(not each.caption and not each.reply_markup for each in files)
    assert {call.action for call in desk.api.made("sendChatAction")} == {"upload_voice"}
    assert not desk.api.refused


async def test_a_person_has_one_vote_on_a_passage_wherever_they_give_it(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say(SHORT)
        files = await desk.files(3)
        line = await desk.reply()
        await desk.press(line, "👍")
        await desk.api.until(lambda: "👍 1" in desk.labels(desk.now(line)))
        for file, emoji, labels in zip(files, "👎🔥💩", (["👍", "👎 1"], ["👍 1", "👎"], ["👍", "👎 1"]), strict=True):
            desk.world.react(desk.chat, file.message_id, desk.person, "", emoji)
            await desk.api.until(lambda: desk.labels(desk.now(line))[:2] == labels)  # noqa: B023  # waited for here
        turn = (await conversation.piece(KEY)).turns[-1]
    assert (turn.likes, turn.dislikes) == (0, 1)
    assert not any(desk.labels(desk.now(file)) for file in files), "no file gets buttons"


async def test_versions_change_in_place_and_their_files_are_sent_once(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say(SHORT)
        first = await desk.files(3)
        line = await desk.reply()
        await desk.press(line, "🔁")
        second = (await desk.files(6))[3:]
        await desk.api.until(lambda: "2/2" in desk.labels(desk.now(line)))
        assert kinds(second) == ["photo", "voice", "document"]
        assert [each.caption for each in second] == ["Version 2", None, None]
        assert second[0].reply_to_message
        assert second[0].reply_to_message.message_id == line.message_id
        assert notes(desk.data(first[2])) != notes(desk.data(second[2]))
        for label, number in (("◀", 1), ("▶", 2), ("◀", 1)):
            assert await desk.press(line, label) == wording.say("music_above", "en", number=number)
            await desk.api.until(lambda: f"{number}/2" in desk.labels(desk.now(line)))  # noqa: B023
        desk.world.react(desk.chat, second[1].message_id, desk.person, "", "👍")
        await desk.api.until(lambda: not desk.world.updates)
        assert (await conversation.piece(KEY)).turns[-1].likes == 0, "version 1 is shown, the vote was for version 2"
        assert desk.labels(desk.now(line))[:2] == ["👍", "👎"]
        await desk.press(line, "▶")
        await desk.api.until(lambda: "👍 1" in desk.labels(desk.now(line)))
    assert len(desk.world.from_bot(desk.chat)) == 7


async def test_a_version_that_a_command_brings_back_answers_its_own_sound(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say(SHORT)
        first = await desk.files(3)
        desk.say("/retry")
        await desk.files(6)
        desk.say("/previous")
        again = await desk.reply(3)
        assert again.reply_to_message
        assert again.reply_to_message.message_id == first[1].message_id
        assert "1/2" in desk.labels(again)
        desk.world.say(desk.chat, desk.person, "👍", reply_to=(await desk.reply(2)).message_id)
        await desk.said("Thank you")
        await desk.press(again, "▶")
        await desk.api.until(lambda: desk.labels(desk.now(again))[:4] == ["👍 1", "👎", "◀", "2/2"])
        turn = (await conversation.piece(KEY)).turns[-1]
    assert (turn.version, turn.likes) == (2, 1)
    assert len(await desk.files(6)) == 6


async def test_two_fingers_on_one_button_send_a_versions_files_once(desk: Desk, start: Start) -> None:
    async with start():
        desk.say(SHORT + ", 2 variants")
        await desk.files(3)
        line = await desk.reply()
        assert "1/2" in desk.labels(line)
        for _ in range(3):
            desk.world.press(desk.chat, line.message_id, "▶", desk.person)
        await desk.files(6)
        await desk.api.until(lambda: not desk.world.updates)
    assert "2/2" in desk.labels(desk.now(line))
    assert len(await desk.files(6)) == 6


async def test_an_answer_to_any_of_its_files_means_the_music(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say(SHORT)
        files = await desk.files(3)
        made = (await conversation.piece(KEY)).turns[-1]
        desk.world.say(desk.chat, desk.person, "/music 2 bars march in C major")
        await desk.files(6)
        desk.world.say(desk.chat, desk.person, "/extend 2", reply_to=files[1].message_id)
        longer = (await desk.files(9))[8]
        old, new = notes(desk.data(files[2])), notes(desk.data(longer))
        assert [note for note in new if note[0] < 8] == old
        desk.world.say(desk.chat, desk.person, "in E minor, 140 bpm", reply_to=files[0].message_id)
        await desk.files(12)
        turn = (await conversation.piece(KEY)).turns[-1]
    assert made.text.startswith("2 bars")
    assert "E minor" in turn.text
    assert "140" in turn.text


async def test_the_buttons_extend_and_vary_even_after_a_restart(desk: Desk, start: Start) -> None:
    async with start():
        desk.say(SHORT)
        await desk.files(3)
        line = await desk.reply()
    async with start() as conversation:
        await desk.press(line, "🎲")
        await desk.files(6)
        await desk.press(line, "➕")
        await desk.files(9)
        turns = (await conversation.piece(KEY)).turns
        texts = [each.text for each in desk.replies()]
    assert len(desk.replies()) == 3
    assert (texts[1] or "").startswith("2 bars")
    assert (texts[2] or "").startswith("4 bars")
    assert [turn.form for turn in turns] == ["music"] * 4


async def test_in_a_topic_of_a_group_everything_stays_there(desk: Desk, start: Start) -> None:
    forum = desk.world.group(-1001, forum=True)
    async with start() as conversation:
        asked = desk.world.say(forum, desk.person, SHORT, topic=5)
        files = await desk.files(3, forum)
        line = desk.world.from_bot(forum)[0]
        assert {each.message_thread_id for each in (line, *files)} == {5}
        assert line.reply_to_message
        assert line.reply_to_message.message_id == asked.message_id
        assert [each.reply_to_message and each.reply_to_message.message_id for each in files] == [
            line.message_id,
            None,
            None,
        ]
        desk.world.say(forum, desk.person, "in E minor", topic=5, reply_to=files[1].message_id)
        await desk.files(6, forum)
        turns = (await conversation.piece(SessionKey("telegram", "-1001", "5"))).turns
        assert "E minor" in turns[-1].text
        desk.world.react(forum, files[1].message_id, desk.person, "", "👍")
        await desk.api.until(lambda: "👍 1" in desk.world.labels(forum, line.message_id))


async def test_music_can_be_stopped(desk: Desk, start: Start) -> None:
    async with start() as conversation:
        desk.say("/music 32 bars chorale in C major, 4 variants")
        line = await desk.said("32 bars")
        await desk.press(line, "⏹")
        await desk.api.until(lambda: not desk.world.updates)
        turns = (await conversation.piece(KEY)).turns
    assert [turn.kind for turn in turns] == ["person"]
    assert desk.now(line).text == wording.error(RequestCancelled(), "en")
    assert desk.world.from_bot(desk.chat) == [desk.now(line)], "the notice that it stopped was the button's answer"


async def test_a_person_is_told_in_their_language(desk: Desk, start: Start) -> None:
    person = desk.world.person(88, "小雨", "zh-hans")
    chat = desk.world.private(person)
    async with start():
        desk.world.say(chat, person, "/music 2小节 民谣 G大调 长笛")
        await desk.files(3, chat)
        line = desk.world.from_bot(chat)[0]
        labels = desk.world.labels(chat, line.message_id)
        assert labels == ["👍", "👎", "🔁 再来一首", "➕ 续写", "🎲 变奏"]
        assert "G 大调" in (line.text or "")
        desk.world.say(chat, person, "/music 0 bars")
        refusal = (await desk.api.until(lambda: desk.world.from_bot(chat)[4:]))[0]
    assert "小节" in (refusal.text or "")
