"""An evening of genre, mood, voice, personas and the arc, through the table of commands on a real house."""

import json
from dataclasses import replace

import pytest

from bot import commands, tunes
from bot.replies import Attachment, Notice, ReplyEvent
from engine.conversation import Conversation
from engine.errors import BadValue, EngineError, Impossible, NotFound
from engine.messages import Flavour, Person, SentFile, SessionKey, UserMessage
from engine.text.persona_file import BadPersona

KEY, GROUP = SessionKey("test", "room"), SessionKey("test", "-9")
ANN, BEN = Person("test", "ann", "Ann"), Person("test", "ben", "Ben")


async def events(talk: Conversation, text: str, *, key: SessionKey = KEY, by: Person = ANN) -> list[ReplyEvent]:
    return [event async for event in commands.run(talk, UserMessage(key, by, text))]


async def said(talk: Conversation, text: str, *, key: SessionKey = KEY, by: Person = ANN) -> str:
    return "\n".join(e.text for e in await events(talk, text, key=key, by=by) if isinstance(e, Notice))


async def sections(talk: Conversation, key: SessionKey = KEY) -> dict[str, str]:
    view = await talk.context(key)
    assert "".join(section.text for section in view.sections) == view.prompt
    return {section.name: section.text for section in view.sections}


async def test_what_is_chosen_is_said_kept_and_seen_by_the_model(conversation: Conversation) -> None:
    assert "No genre" in await said(conversation, "/genre")
    assert "horror from the next passage" in await said(conversation, "/genre Horror")
    assert "melancholy" in await said(conversation, "/mood sad")
    assert "first person" in await said(conversation, "/voice first person")
    await events(conversation, "/story A fox goes out on a chilly night.")
    shown = await sections(conversation)
    assert "horror" in shown["genre"]
    assert shown["teller"] == "; told in the first person"
    told = await said(conversation, "/context")
    assert all(line in told for line in ("Genre: horror", "Mood: melancholy", "Told: in the first person"))
    chosen = (await conversation.piece(KEY)).flavour
    assert (chosen.genre, chosen.mood, chosen.teller.label) == ("horror", "melancholy", "first")
    for text in ("/genre off", "/mood off", "/voice off"):
        await said(conversation, text)
    assert (await conversation.piece(KEY)).flavour == Flavour()
    await events(conversation, "/continue")
    assert not {"genre", "mood", "teller"} & set(await sections(conversation))


async def test_a_choice_is_the_pieces_own(conversation: Conversation) -> None:
    await said(conversation, "/genre fantasy")
    await events(conversation, "/new Another")
    assert "No genre" in await said(conversation, "/genre")
    await said(conversation, "/open 1")
    assert "The genre is fantasy" in await said(conversation, "/genre")
    assert "No genre" in await said(conversation, "/genre", key=GROUP)


async def test_what_is_no_mood_changes_nothing(conversation: Conversation) -> None:
    await said(conversation, "/mood tense")
    with pytest.raises(BadValue) as refused:
        await said(conversation, "/mood purple")
    assert "melancholy" in str(refused.value.fields["allowed"])
    assert (await conversation.piece(KEY)).flavour.mood == "tense"
    chinese = replace(ANN, language="zh")
    with pytest.raises(BadValue) as refused:
        await said(conversation, "/mood 紫色", by=chinese)
    assert "忧郁" in str(refused.value.fields["allowed"])
    assert "现在" not in await said(conversation, "/mood 忧郁", by=chinese)
    assert (await conversation.piece(KEY)).flavour.mood == "melancholy"


@pytest.mark.parametrize(
    ("words", "wish"),
    [("", "melancholy"), ("1 bar folk air", "1 bar folk air, melancholy"), ("joyful waltz", "joyful waltz")],
)
def test_music_without_a_mood_follows_the_piece(words: str, wish: str) -> None:
    assert tunes._in_mood(words, "melancholy") == wish


async def test_the_arc_is_told_and_drawn(conversation: Conversation) -> None:
    with pytest.raises(Impossible):
        await events(conversation, "/arc")
    await events(conversation, "/story They laughed and danced in the happy sunshine.")
    await events(conversation, "She wept alone by the lonely grave.")
    notice, picture = await events(conversation, "/arc")
    assert isinstance(notice, Notice)
    assert "4 passages" in notice.text
    assert "1. playful: They laughed" in notice.text or "1. joyful: They laughed" in notice.text
    assert "3. melancholy: She wept alone" in notice.text
    assert isinstance(picture, Attachment)
    assert (picture.mime, picture.data[:4]) == ("image/png", b"\x89PNG")


async def test_chinese_is_said_not_to_be_measured(conversation: Conversation) -> None:
    await events(conversation, "/story 一只狐狸在寒夜里出门。")
    await events(conversation, "/edit 它走了很远。")
    with pytest.raises(Impossible) as refused:
        await events(conversation, "/arc")
    assert refused.value.fields["why"] == "no_arc"


SAILOR = "/persona Old Sailor: dry and slow\nThe sea gave back her dead, as she always does."


async def test_a_persona_is_kept_listed_sent_and_tells(conversation: Conversation) -> None:
    assert "no persona yet" in await said(conversation, "/persona")
    assert "yours now" in await said(conversation, SAILOR)
    assert "Old Sailor: dry and slow" in await said(conversation, "/persona")
    assert "no persona yet" in await said(conversation, "/persona", by=BEN)
    notice, file = await events(conversation, "/persona old sailor")
    assert isinstance(notice, Notice)
    assert "The sea gave back her dead" in notice.text
    assert isinstance(file, Attachment)
    assert "by Old Sailor" in await said(conversation, "/voice old sailor")
    await events(conversation, "/story A storm.")
    assert "dry and slow" in (await sections(conversation))["teller"]

    sent = UserMessage(GROUP, BEN, "here", file=SentFile(file.name, file.data))
    (kept,) = [event async for event in commands.run(conversation, sent)]
    assert isinstance(kept, Notice)
    assert "Everybody here" in kept.text
    assert "(of this chat): dry and slow" in await said(conversation, "/persona", key=GROUP, by=ANN)

    assert "is gone" in await said(conversation, "/persona drop Old Sailor")
    with pytest.raises(NotFound):
        await said(conversation, "/voice Old Sailor")
    assert "by Old Sailor" in await said(conversation, "/voice")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("/voice Nobody", NotFound),
        ("/persona Nobody", NotFound),
        ("/persona drop Nobody", NotFound),
        ("/persona : dry", EngineError),
        ("/persona Old Sailor:", EngineError),
        ("/persona narrator: dry", BadValue),
        (f"/persona {'x' * 41}: dry", BadValue),
        (f"/persona Old Sailor: {'x' * 301}", EngineError),
        (f"/voice like this: {'x' * 1300}", EngineError),
        (f"/genre {'x' * 61}", BadValue),
    ],
)
async def test_bad_personas_and_voices_get_one_sentence(
    conversation: Conversation, text: str, error: type[EngineError]
) -> None:
    with pytest.raises(error):
        await said(conversation, text)
    assert (await conversation.piece(KEY)).flavour == Flavour()
    assert "no persona yet" in await said(conversation, "/persona")


async def test_a_bad_file_keeps_nothing(conversation: Conversation) -> None:
    sent = UserMessage(KEY, ANN, "", file=SentFile("mine.toml", b"[persona]\nname = oh no"))
    with pytest.raises(BadPersona):
        [event async for event in commands.run(conversation, sent)]
    assert "no persona yet" in await said(conversation, "/persona")
    assert not (await conversation.piece(KEY)).turns


async def test_what_somebody_chose_goes_with_them(conversation: Conversation) -> None:
    await events(conversation, "/story A fox.", key=GROUP, by=BEN)
    await said(conversation, SAILOR, key=GROUP)
    await said(conversation, "/genre a tale of the sea", key=GROUP)
    await said(conversation, "/voice Old Sailor", key=GROUP)
    await events(conversation, "/continue", key=GROUP, by=BEN)
    assert "dry and slow" in (await sections(conversation, GROUP))["teller"]
    data = json.loads((await conversation.privacy.data(ANN))[2])
    assert data["personas"][0]["name"] == "Old Sailor"
    assert {"a tale of the sea"} <= {row.get("genre") for row in data["remembered"]}
    await conversation.privacy.forget(ANN)
    piece = await conversation.piece(GROUP)
    assert piece.flavour == Flavour()
    assert (await conversation.context(GROUP)).prompt == ""
    assert "no persona yet" in await said(conversation, "/persona", key=GROUP, by=BEN)
