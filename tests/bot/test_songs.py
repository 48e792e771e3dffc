"""/song on a real house with the shipped network: which words are sung, what an answer changes, what is forgotten."""

import json
from contextlib import aclosing
from io import BytesIO
from pathlib import Path

import mido  # type: ignore[import-untyped] # ships no types
import pytest
import sqlalchemy as sa

from bot import commands
from bot.replies import Attachment, ReplyEvent
from engine.conversation import Conversation
from engine.errors import EngineError, Impossible
from engine.messages import Done, MessageRef, Person, SessionKey, Snapshot, Turn, UserMessage
from storage.db import open_database
from storage.schema import metadata

KEY = SessionKey("test", "room")
ANN, BEN = Person("test", "ann", "Ann"), Person("test", "ben", "Ben")
VERSE = "The sun goes down,\nthe sea is gray"
CHINESE = "床前明月光，\n疑是地上霜。"


def message(text: str, answers: str = "", who: Person = ANN) -> UserMessage:
    return UserMessage(KEY, who, text, reply_to=MessageRef("test", "room", answers) if answers else None)


async def events(talk: Conversation, text: str, answers: str = "", who: Person = ANN) -> list[ReplyEvent]:
    return [event async for event in commands.run(talk, message(text, answers, who))]


async def turn_of(talk: Conversation, text: str, answers: str = "", who: Person = ANN) -> Turn:
    """The passage of an answer; its sound and picture, which come after it, nobody waits for."""
    async with aclosing(commands.run(talk, message(text, answers, who))) as answer:  # type: ignore[type-var]
        async for event in answer:
            if isinstance(event, Done):
                await talk.delivered(event.turn.id, (MessageRef("test", "room", event.turn.id),))
                return event.turn
    raise AssertionError("nothing was made")


async def sung(talk: Conversation, turn: Turn) -> tuple[str, list[tuple[int, int]]]:
    """The words of a song's file, and where its voice begins which note."""
    _, _, data = await talk.file(KEY, turn.id, "mid")
    words, notes = "", list[tuple[int, int]]()
    at = 0
    for event in mido.MidiFile(file=BytesIO(data), charset="utf-8").tracks[1]:
        at += event.time
        if event.type == "lyrics":
            words += event.text
        elif event.type == "note_on" and event.velocity:
            notes.append((at, event.note))
    return " ".join(words.replace("\r", " ").replace("\n", " ").split()), notes


async def test_words_below_the_command_are_sung_and_shown(conversation: Conversation) -> None:
    seen = await events(conversation, f"/song slow ballad in D\n{VERSE}")
    said = next(event.text for event in seen if isinstance(event, Snapshot))
    done = next(event for event in seen if isinstance(event, Done))
    assert "D major" in said
    assert "voice" in said
    assert done.turn.text == said
    assert [event.mime for event in seen if isinstance(event, Attachment)] == ["image/png", "audio/ogg", "audio/midi"]
    words, notes = await sung(conversation, done.turn)
    assert words == "The sun goes down, the sea is gray"
    assert len(notes) == 8
    assert [event.name.rpartition(".")[2] for event in await events(conversation, "/score")] == ["png", "abc"]  # type: ignore[union-attr]


async def test_the_last_verse_is_sung_or_the_passage_that_is_answered(conversation: Conversation) -> None:
    await turn_of(conversation, f"/poem {VERSE}")
    await events(conversation, "/edit One two three\nfour five six")
    first = (await conversation.piece(KEY)).turns[-1]
    await conversation.delivered(first.id, (MessageRef("test", "room", "verse"),))
    await events(conversation, "/continue")
    await events(conversation, "/edit Seven\neight")
    assert (await sung(conversation, await turn_of(conversation, "/song")))[0] == "Se-ven eight"
    assert (await sung(conversation, await turn_of(conversation, "/song", "verse")))[0] == "One two three four five six"


async def test_a_verse_is_sung_in_the_manner_of_the_music_that_is_answered(conversation: Conversation) -> None:
    await turn_of(conversation, f"/poem {VERSE}")
    await events(conversation, f"/edit {VERSE}")
    await events(conversation, "/notes 3/4 Dm: D4 F4 A4 D5:3")
    heard = (await conversation.piece(KEY)).turns[-1]
    await conversation.delivered(heard.id, (MessageRef("test", "room", "notes"),))
    song = await turn_of(conversation, "/song", "notes")
    assert "3/4" in song.text
    assert "D minor" in song.text
    assert (await sung(conversation, song))[0] == "The sun goes down, the sea is gray"


async def test_an_answer_about_the_key_gives_the_same_song_in_that_key(conversation: Conversation) -> None:
    song = await turn_of(conversation, f"/song in C\n{VERSE}")
    changed = await turn_of(conversation, "in E minor", song.id)
    (words, notes), (same, moved) = await sung(conversation, song), await sung(conversation, changed)
    assert "E minor" in changed.text
    assert same == words
    assert [at for at, _ in moved] == [at for at, _ in notes]
    assert {pitch % 12 for _, pitch in moved} <= {4, 6, 7, 9, 11, 0, 2, 3}
    assert moved[-1][1] % 12 == 4
    faster = await turn_of(conversation, "/song faster", changed.id)
    assert "E minor" in faster.text
    assert await sung(conversation, faster) == (same, moved)


async def test_chinese_is_sung_a_sign_a_note(conversation: Conversation) -> None:
    song = await turn_of(conversation, f"/song 慢 g小调\n{CHINESE}")
    words, notes = await sung(conversation, song)
    assert words.replace(" ", "") == CHINESE.replace("\n", "")
    assert len(notes) == 10
    assert "G minor" in song.text


async def holding(home: Path, *words: str) -> list[str]:
    """Where in the database one of these words stands."""

    def told(value: object) -> str:
        return value.decode("latin1") if isinstance(value, bytes) else json.dumps(value, default=str)

    def read(connection: sa.Connection) -> list[str]:
        return [
            f"{table.name}.{name}: {value!r}"
            for table in metadata.sorted_tables
            for row in connection.execute(sa.select(table)).mappings()
            for name, value in row.items()
            if any(word in told(value).lower() for word in words)
        ]

    (file,) = home.rglob("*.db")
    async with open_database(f"sqlite:///{file}") as database:
        return await database.read(read)


async def test_who_is_forgotten_is_sung_no_more_and_the_melody_stays(
    conversation: Conversation, tmp_path: Path
) -> None:
    await turn_of(conversation, "/story It rained on Ben.", who=BEN)
    await events(conversation, "/notes C4 E4 G4 C5 B4 G4")
    await events(conversation, "/motif Quixby")
    song = await turn_of(conversation, f"/song\n{VERSE},\nand Quixby sails away alone")
    varied = await turn_of(conversation, "/vary a little")
    before = [await sung(conversation, turn) for turn in (song, varied)]
    assert await holding(tmp_path, "quixby", "goes down")
    await conversation.privacy.forget(ANN)
    assert await holding(tmp_path, "quixby", "goes down") == []
    for turn, (words, notes) in zip((song, varied), before, strict=True):
        assert words
        assert await sung(conversation, turn) == ("", notes)
    assert await holding(tmp_path, "rained on ben")


@pytest.mark.parametrize("text", ["/song", "/song\n🎵 !!!", f"/song\n{'la ' * 401}", "/song in H minor\nThe sun"])
async def test_what_cannot_be_sung_changes_nothing(conversation: Conversation, text: str) -> None:
    with pytest.raises(EngineError):
        await events(conversation, text)
    assert (await conversation.piece(KEY)).turns == ()


async def test_a_story_in_prose_is_not_sung_by_itself(conversation: Conversation) -> None:
    await turn_of(conversation, "/story A fox goes out on a chilly night.")
    with pytest.raises(Impossible):
        await events(conversation, "/song")
