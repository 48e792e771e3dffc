"""/motif on a real house with the shipped network: tied, replaced, let go, returning, kept, taken home, forgotten."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot import commands
from bot.replies import Attachment, Notice, ReplyEvent
from deploy.serve import house
from deploy.settings import Settings
from engine.conversation import Conversation
from engine.errors import EmptyText, EngineError, Impossible, NotFound, TextTooLong
from engine.messages import Done, MessageRef, Person, SentFile, SessionKey, UserMessage
from engine.motifbook import MOTIFS
from engine.text.echo import EchoGenerator

KEY = SessionKey("test", "room")
ANN, BEN = Person("test", "ann", "Ann"), Person("test", "ben", "Ben")
TUNE = "3/4 Dm: D4 F4 A4 G4:2 F4 E4 D4 C4"


def message(text: str, answers: str = "", who: Person = ANN, key: SessionKey = KEY) -> UserMessage:
    reply_to = MessageRef("test", key.chat, answers) if answers else None
    return UserMessage(key, who, text, reply_to=reply_to)


async def events(talk: Conversation, asked: UserMessage | str) -> list[ReplyEvent]:
    asked = message(asked) if isinstance(asked, str) else asked
    return [event async for event in commands.run(talk, asked)]


async def told(talk: Conversation, text: str, answers: str = "", who: Person = ANN) -> str:
    """What a command answered in words."""
    found = [event.text for event in await events(talk, message(text, answers, who)) if isinstance(event, Notice)]
    assert len(found) == 1
    return found[0]


async def made(talk: Conversation, text: str, answers: str = "") -> Done:
    """The music; its sound and picture, which come after it, nobody waits for."""
    async with aclosing(commands.run(talk, message(text, answers))) as answer:  # type: ignore[type-var]
        async for event in answer:
            if isinstance(event, Done):
                return event
    raise AssertionError("nothing was made")


def bars(done: Done) -> list[tuple[str, str]]:
    """Whose motifs the answer says are in it, and in which bars."""
    return [(str(fields["name"]), str(fields["bars"])) for name, fields in done.remarks if name.startswith("motif_in")]


async def test_a_motif_is_taken_from_the_last_music_listed_replaced_and_let_go(conversation: Conversation) -> None:
    assert "Nobody has a motif" in await told(conversation, "/motif")
    await events(conversation, f"/notes {TUNE}")
    said = await events(conversation, "/motif  “Mara”")
    assert isinstance(said[0], Notice)
    assert said[0].text.startswith("Mara’s motif is 3/4 Dm: D4 F4 A4 G4:2 F4")
    assert isinstance(said[1], Attachment)
    assert said[1].data[:4] == b"OggS"
    await events(conversation, "/notes C4 E4 G4 C5:2 B4 A4 G4")
    again = await told(conversation, "/motif mara")
    assert "4/4 C: C4 E4 G4 C5:2" in again
    assert "no longer 3/4 Dm: D4" in again
    assert (await told(conversation, "/motif")).splitlines()[1:] == ["mara: 4/4 C: C4 E4 G4 C5:2 B4 A4 G4"]
    assert await told(conversation, "/motif MARA off") == "mara has no motif any more."
    assert "Nobody has a motif" in await told(conversation, "/motif")


async def test_the_music_that_is_answered_counts_before_the_last(conversation: Conversation) -> None:
    await events(conversation, f"/notes {TUNE}")
    first = (await conversation.piece(KEY)).turns[-1]
    await conversation.delivered(first.id, (MessageRef("test", "room", "m1"),))
    await events(conversation, "/notes C4 E4 G4 C5:2 B4 A4 G4")
    assert "D4 F4 A4" in await told(conversation, "/motif Mara", answers="m1")


async def test_where_there_is_no_music_a_motif_is_written_in_the_mood_of_the_piece(conversation: Conversation) -> None:
    await events(conversation, "/mood melancholy")
    assert "written for this" in await told(conversation, "/motif Mara")
    (one,) = await conversation.tying.motifs(KEY)
    assert one.key.is_minor
    assert 3 <= len(one.notes) <= 9
    assert (await conversation.piece(KEY)).turns == ()


async def test_it_returns_where_its_name_stands_and_the_answer_says_where(conversation: Conversation) -> None:
    await events(conversation, "/story Nobody is there.")
    await events(conversation, f"/notes {TUNE}")
    await told(conversation, "/motif Mara")
    await told(conversation, "/motif 玛拉")
    asked = await made(conversation, "/music 4 bars waltz in G minor for Mara")
    assert bars(asked) == [("Mara", "1–2")]
    assert bars(await made(conversation, "/music 2 bars waltz, 献给玛拉")) == [("玛拉", "1–2")]
    await told(conversation, "/motif Mara off")
    again = await made(conversation, "/retry")  # a version of what was asked for, as it was then
    assert {name for name, _ in bars(again)} == {"玛拉"}


async def test_it_returns_for_the_passage_that_names_it_and_stays_when_the_wish_changes(
    conversation: Conversation,
) -> None:
    await made(conversation, "/story Mara wept at the grave in the autumn rain.")
    passage = (await conversation.piece(KEY)).turns[0]
    await conversation.delivered(passage.id, (MessageRef("test", "room", "p"),))
    await events(conversation, f"/notes {TUNE}")
    await told(conversation, "/motif Mara")
    await events(conversation, "/continue The rain went on.")
    await events(conversation, "/edit It rained.")  # an echo says again who was named
    about = await made(conversation, "/music 4 bars air", answers="p")
    assert {name for name, _ in bars(about)} == {"Mara"}
    assert bars(await made(conversation, "/music 1 bar air")) == []
    await conversation.delivered(about.turn.id, (MessageRef("test", "room", "m"),))
    changed = await made(conversation, "in E minor, faster", answers="m")
    assert "E minor" in changed.turn.text
    assert bars(changed)[0] == ("Mara", bars(about)[0][1])


async def test_a_song_sings_it_in_the_line_that_names_it(conversation: Conversation) -> None:
    await events(conversation, f"/notes {TUNE}")
    await told(conversation, "/motif Mara")
    song = await made(conversation, "/song\nThe lamp is lit along the bay\nAnd Mara counts the boats at sea")
    assert [name for name, _ in bars(song)] == ["Mara"]
    assert bars(song)[0][1] in ("3–4", "4–5", "4")


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Conversation]:
    async with house(Settings(home=home), EchoGenerator()) as built:
        yield built.conversation


async def test_it_survives_a_restart_goes_home_and_comes_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as talk:
        await events(talk, f"/notes {TUNE}")
        await told(talk, "/motif Mara")
        before = await talk.tying.motifs(KEY)
        (file,) = [event for event in await events(talk, "/export json") if isinstance(event, Attachment)]
    async with opened(tmp_path) as talk:
        assert await talk.tying.motifs(KEY) == before
        elsewhere = replace(KEY, chat="elsewhere")
        assert await talk.tying.motifs(elsewhere) == ()
        await events(talk, replace(message("/import", key=elsewhere), file=SentFile("piece.json", file.data)))
        assert await talk.tying.motifs(elsewhere) == before
        content = json.loads(file.data)
        content["motifs"][0]["lane"] = "broken"
        broken = SentFile("piece.json", json.dumps(content).encode())
        with pytest.raises(EngineError):
            await events(talk, replace(message("/import", key=elsewhere), file=broken))


async def test_whoever_is_forgotten_takes_their_motifs_along(conversation: Conversation) -> None:
    await events(conversation, f"/notes {TUNE}")
    await told(conversation, "/motif Mara")
    await told(conversation, "/motif Tom", who=BEN)
    await made(conversation, "/music 5 bars air for Mara and Tom")
    mine = json.loads((await conversation.privacy.data(ANN))[2])
    assert [row["name"] for row in mine["motifs"]] == ["Mara"]
    await conversation.privacy.forget(ANN)
    assert [one.name for one in await conversation.tying.motifs(KEY)] == ["Tom"]
    (file,) = [event for event in await events(conversation, "/export json") if isinstance(event, Attachment)]
    assert b"Mara" not in file.data


async def test_the_same_update_twice_ties_once(conversation: Conversation) -> None:
    await events(conversation, f"/notes {TUNE}")
    asked = replace(message("/motif Mara"), delivery="u1")
    await events(conversation, asked)
    (before,) = await conversation.tying.motifs(KEY)
    await events(conversation, "/notes C4 E4 G4 C5:2 B4 A4 G4")
    await events(conversation, asked)
    assert await conversation.tying.motifs(KEY) == (before,)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("/motif " + "a" * 10_000, TextTooLong),
        ("/motif …!?", EmptyText),
        ("/motif nobody off", NotFound),
        ("/motif Mara", Impossible),
    ],
)
async def test_what_cannot_be_changes_nothing(conversation: Conversation, text: str, error: type[EngineError]) -> None:
    await events(conversation, "/notes C4 C4 C4 C4")
    with pytest.raises(error):
        await events(conversation, text)
    assert await conversation.tying.motifs(KEY) == ()


async def test_a_piece_has_room_for_so_many_motifs(conversation: Conversation) -> None:
    await events(conversation, f"/notes {TUNE}")
    for number in range(MOTIFS):
        await conversation.tying.tie(KEY, ANN, f"Name {number}")
    with pytest.raises(Impossible):
        await told(conversation, "/motif Mara")
    assert len(await conversation.tying.motifs(KEY)) == MOTIFS
    assert "Name 3’s motif" in await told(conversation, "/motif Name 3")
