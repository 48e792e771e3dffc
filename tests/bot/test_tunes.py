"""Music in a conversation, on a real house with the shipped network: composed, changed, sent in, voted on, kept."""

import threading
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import mido  # type: ignore[import-untyped] # ships no types
import pytest

from bot import commands
from bot.replies import Attachment, Notice, ReplyEvent
from deploy.serve import house
from deploy.settings import Settings
from engine.conversation import Conversation
from engine.errors import EngineError, Impossible, NotFound, RequestCancelled
from engine.messages import Done, MessageRef, Person, Reaction, SentFile, SessionKey, Snapshot, Turn, UserMessage
from engine.text.echo import EchoGenerator

KEY = SessionKey("test", "room")
ANN = Person("test", "ann", "Ann")
SHORT = "/music 2 bars folk air in G major, 100 bpm, flute"


def message(text: str, file: bytes | None = None, answers: str = "", delivery: str = "") -> UserMessage:
    sent = None if file is None else SentFile("tune.mid", file)
    reply_to = MessageRef("test", "room", answers) if answers else None
    return UserMessage(KEY, ANN, text, reply_to=reply_to, delivery=delivery, file=sent)


async def events(talk: Conversation, text: str, **more: object) -> list[ReplyEvent]:
    return [event async for event in commands.run(talk, message(text, **more))]  # type: ignore[arg-type]


async def turn_of(talk: Conversation, text: str, **more: object) -> Turn:
    last = [event for event in await events(talk, text, **more) if isinstance(event, Done)][-1]
    return last.turn


async def notes(talk: Conversation, turn: str) -> list[tuple[int, int]]:
    """The file's notes as (tick, pitch), read with mido."""
    _, _, data = await talk.file(KEY, turn, "mid")
    found = []
    for track in mido.MidiFile(file=BytesIO(data)).tracks:
        at = 0
        for event in track:
            at += event.time
            if event.type == "note_on" and event.velocity:
                found.append((at, event.note))
    return sorted(found)


async def test_music_is_understood_shown_and_followed_by_its_three_files(conversation: Conversation) -> None:
    seen = await events(conversation, SHORT)
    snapshot = next(event for event in seen if isinstance(event, Snapshot))
    done = next(event for event in seen if isinstance(event, Done))
    files = [event for event in seen if isinstance(event, Attachment)]
    assert "G major" in snapshot.text
    assert "100" in snapshot.text
    assert done.turn.text == snapshot.text
    assert (done.turn.form, done.turn.kind, done.turn.finish) == ("music", "model", "end")
    assert [(file.mime, file.turn) for file in files] == [
        ("image/png", done.turn.id),
        ("audio/ogg", done.turn.id),
        ("audio/midi", done.turn.id),
    ]
    assert [file.data[:4] for file in files] == [b"\x89PNG", b"OggS", b"MThd"]


async def test_another_version_is_another_piece_and_both_are_kept(conversation: Conversation) -> None:
    first = await turn_of(conversation, SHORT)
    second = await turn_of(conversation, "/retry")
    assert (second.version, second.versions) == (2, 2)
    assert await notes(conversation, first.id) != await notes(conversation, second.id)
    back = await turn_of(conversation, "/previous")
    assert back.id == first.id


async def test_variants_in_the_words_are_versions_of_one_passage(conversation: Conversation) -> None:
    turn = await turn_of(conversation, SHORT + ", 3 variants")
    assert (turn.version, turn.versions) == (1, 3)
    assert len({tuple(await notes(conversation, (await turn_of(conversation, "/next")).id)) for _ in range(2)}) == 2


async def test_an_extension_keeps_what_was_there_to_the_note(conversation: Conversation) -> None:
    first = await turn_of(conversation, "/music 2 bars chorale in C major, choir")
    longer = await turn_of(conversation, "/extend 2")
    old, new = await notes(conversation, first.id), await notes(conversation, longer.id)
    ends = 2 * 4 * 480
    assert [note for note in new if note[0] < ends] == old
    assert any(at >= ends for at, _ in new)
    assert longer.parent == first.id


async def test_bars_are_drawn_anew_and_the_others_stay(conversation: Conversation) -> None:
    first = await turn_of(conversation, "/music 3 bars chorale in C major, choir")
    changed = await turn_of(conversation, "/bars 2 denser")
    old, new = await notes(conversation, first.id), await notes(conversation, changed.id)
    bar = 4 * 480
    assert [note for note in new if not bar <= note[0] < 2 * bar] == [n for n in old if not bar <= n[0] < 2 * bar]
    assert old != new


async def test_words_in_answer_to_music_change_the_wish(conversation: Conversation) -> None:
    first = await turn_of(conversation, SHORT)
    await conversation.delivered(first.id, (MessageRef("test", "room", "m1"),))
    changed = await turn_of(conversation, "now in E minor, 140 bpm", answers="m1")
    assert changed.form == "music"
    assert "E minor" in changed.text
    assert "140" in changed.text
    assert "flute" in changed.text


async def test_words_that_answer_nothing_go_on_with_the_story_and_see_no_music(conversation: Conversation) -> None:
    await turn_of(conversation, "/story A fox goes out.")
    await turn_of(conversation, SHORT)
    turn = await turn_of(conversation, "It prayed for the moon.")
    assert turn.form == "story"
    assert "bpm" not in (await conversation.context(KEY, turn.id)).prompt
    assert "A fox goes out" in (await conversation.context(KEY, turn.id)).prompt


async def test_a_file_is_heard_and_can_be_worked_on(conversation: Conversation) -> None:
    made = await turn_of(conversation, SHORT)
    _, _, data = await conversation.file(KEY, made.id, "mid")
    await events(conversation, "/new elsewhere")
    seen = await events(conversation, "", file=data)
    notice = seen[-1]
    assert isinstance(notice, Notice)
    assert "G major" in notice.text
    sent = (await conversation.piece(KEY)).turns[-1]
    assert (sent.kind, sent.form) == ("person", "midi")
    assert (await conversation.file(KEY, sent.id, "mid"))[2] == data
    longer = await turn_of(conversation, "/extend 1")
    old, new = await notes(conversation, sent.id), await notes(conversation, longer.id)
    assert [pitch for at, pitch in new if at < 2 * 4 * 480] == [pitch for _, pitch in old]


async def test_a_file_with_a_command_is_one_message(conversation: Conversation) -> None:
    made = await turn_of(conversation, SHORT)
    _, _, data = await conversation.file(KEY, made.id, "mid")
    await events(conversation, "/new elsewhere")
    four = await turn_of(conversation, "/harmonize", file=data, delivery="u1")
    again = await turn_of(conversation, "/harmonize", file=data, delivery="u1")
    assert again.id == four.id
    assert [turn.form for turn in (await conversation.piece(KEY)).turns] == ["midi", "music"]


async def test_votes_on_music_are_kept_like_votes_on_text(conversation: Conversation) -> None:
    turn = await turn_of(conversation, SHORT)
    assert (await conversation.react(Reaction(KEY, ANN, 1, turn.id))).likes == 1
    await events(conversation, "👎")
    assert (await conversation.turn(KEY, turn.id)).dislikes == 1


async def test_undo_takes_the_music_back_and_redo_brings_it(conversation: Conversation) -> None:
    turn = await turn_of(conversation, SHORT)
    await events(conversation, "/undo")
    assert (await conversation.piece(KEY)).turns == ()
    await events(conversation, "/redo")
    assert (await conversation.piece(KEY)).turns[-1].id == turn.id


async def test_a_morph_leads_from_the_piece_before_to_the_last(conversation: Conversation) -> None:
    first = await turn_of(conversation, SHORT)
    second = await turn_of(conversation, "/music 2 bars folk air in G major, 100 bpm, oboe")
    between = await turn_of(conversation, "/morph 4")
    assert (await notes(conversation, between.id))[0] == (await notes(conversation, first.id))[0]
    assert between.parent == second.id


@pytest.mark.parametrize(
    "text",
    [
        *("/extend", "/vary", "/accompany", "/harmonize", "/bars 1-2", "/morph"),
        *("/music 0 bars", "/music 900 bars", "/music in H minor", "/music waltz in 4/4", "/music 4000 bpm"),
    ],
)
async def test_what_cannot_be_changes_nothing(conversation: Conversation, text: str) -> None:
    with pytest.raises(EngineError):
        await events(conversation, text)
    assert (await conversation.piece(KEY)).turns == ()


@pytest.mark.parametrize(
    "data", [b"", b"MThd", b"not music", b"MThd\x00\x00\x00\x06\x00\x02\x00\x01\x01\xe0", b"x" * 600_000]
)
async def test_bytes_that_are_no_music_change_nothing(conversation: Conversation, data: bytes) -> None:
    with pytest.raises(EngineError):
        await events(conversation, "/extend 4", file=data)
    assert (await conversation.piece(KEY)).turns == ()


async def test_edits_of_what_is_not_there_change_nothing(conversation: Conversation) -> None:
    story = await turn_of(conversation, "/story A fox goes out.")
    tune = await turn_of(conversation, SHORT)
    refused = ["/bars 3-4", "/morph", "/extend 900", "/edit Words are no music.", "/vary keep the melody, keep 1 2 3 4"]
    for text in refused:
        with pytest.raises(EngineError):
            await events(conversation, text)
    with pytest.raises(Impossible):
        _ = [event async for event in commands.act(conversation, message(""), "extend", story.id)]
    with pytest.raises(NotFound):
        await conversation.file(KEY, story.id, "mid")
    with pytest.raises(NotFound):
        await conversation.file(KEY, tune.id, "exe")
    assert (await conversation.piece(KEY)).turns[-1].id == tune.id


async def test_cancel_leaves_the_words_and_no_half_piece(conversation: Conversation) -> None:
    with pytest.raises(RequestCancelled):
        await cancelled(conversation, "/music 32 bars chorale, 6 variants")
    turns = (await conversation.piece(KEY)).turns
    assert [(turn.kind, turn.form) for turn in turns] == [("person", "music")]
    again = await turn_of(conversation, "/music 1 bar folk")  # the thread is free again
    assert again.form == "music"


async def cancelled(talk: Conversation, text: str) -> None:
    """Cancel as soon as it is known what will be made."""
    async for event in commands.run(talk, message(text)):
        if isinstance(event, Snapshot):
            assert await talk.cancel(KEY)


async def test_a_melody_can_be_typed_accompanied_and_taken_as_abc(conversation: Conversation) -> None:
    notice = (await events(conversation, "/notes 3/4 Dm: D4 F4 A4 D5:3"))[-1]
    assert isinstance(notice, Notice)
    assert "D minor" in notice.text
    assert "3/4" in notice.text
    typed = (await conversation.piece(KEY)).turns[-1]
    assert [pitch for _, pitch in await notes(conversation, typed.id)] == [62, 65, 69, 74]
    band = await turn_of(conversation, "/accompany with guitar")
    assert {62, 65, 69, 74} < {pitch for _, pitch in await notes(conversation, band.id)}
    written = (await events(conversation, "/score"))[-1]
    assert isinstance(written, Attachment)
    assert written.data.startswith(b"X:1")
    again = await events(conversation, "", file=written.data)
    assert "D minor" in again[-1].text  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["/notes purple", "/notes C4 " + "D4 " * 9000, "/notes 7/8 C4", "/notes"])
async def test_notes_that_are_none_change_nothing(conversation: Conversation, text: str) -> None:
    with pytest.raises(EngineError):
        await events(conversation, text)
    assert (await conversation.piece(KEY)).turns == ()


async def test_a_house_that_closes_while_it_composes_leaves_no_thread(tmp_path: Path) -> None:
    async with house(Settings(home=tmp_path / "home"), EchoGenerator()) as built:
        running = commands.run(built.conversation, message("/music 32 bars chorale, 6 variants"))
        async for event in running:
            if isinstance(event, Snapshot):
                break
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ghostnote")]
    with suppress(EngineError):
        await running.aclose()  # type: ignore[attr-defined]  # every answer is an async generator


@pytest.mark.parametrize("style", ["waltz, cello", "reel, piccolo", "march, tuba", "jig, whistle"])
async def test_new_bars_never_move_the_old_ones(conversation: Conversation, style: str) -> None:
    first = await turn_of(conversation, f"/music 2 bars {style}")
    longer = await turn_of(conversation, "/extend 2")
    old, new = await notes(conversation, first.id), await notes(conversation, longer.id)
    assert new[: len(old)] == old


async def test_words_that_are_answered_with_music_are_scored_in_their_mood(conversation: Conversation) -> None:
    passage = await turn_of(conversation, "She wept at the grave in the autumn rain, alone.")
    await conversation.delivered(passage.id, (MessageRef("test", "room", "7"),))
    await events(conversation, "/new Another piece")
    music = await turn_of(conversation, "/music", answers="7")
    assert (music.form, music.session) == ("music", passage.session)
    assert "melancholy" in music.text
    wished = await turn_of(conversation, "/music 1 bar joyful air", answers="7")
    assert "joyful" in wished.text
