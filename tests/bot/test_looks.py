"""/palette and /cover on a real house with the shipped networks: drawn, retried, changed, rated, kept, taken home."""

import io
import json
import re
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image

from bot import commands
from bot.replies import Attachment, ReplyEvent
from deploy.serve import house
from deploy.settings import Settings
from engine.conversation import Conversation
from engine.errors import EngineError, Impossible, NotFound, TextTooLong
from engine.messages import Done, MessageRef, Person, Reaction, SessionKey, Turn, UserMessage
from engine.text.echo import EchoGenerator

KEY = SessionKey("test", "room")
ANN, BEN = Person("test", "ann", "Ann"), Person("test", "ben", "Ben", language="zh")
CODE = re.compile("#[0-9a-f]{6}")


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Conversation]:
    async with house(Settings(home=home, text_model="echo"), EchoGenerator()) as built:
        yield built.conversation


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Conversation]:
    async with opened(tmp_path) as conversation:
        yield conversation


async def events(talk: Conversation, text: str, answers: str = "", who: Person = ANN) -> list[ReplyEvent]:
    reply_to = MessageRef("test", KEY.chat, answers) if answers else None
    return [event async for event in commands.run(talk, UserMessage(KEY, who, text, reply_to=reply_to))]


async def drawn(talk: Conversation, text: str, answers: str = "", who: Person = ANN) -> tuple[Turn, Image.Image]:
    """The passage of a picture, and the picture."""
    found = await events(talk, text, answers, who)
    turn = next(event.turn for event in found if isinstance(event, Done))
    (file,) = (event for event in found if isinstance(event, Attachment))
    assert (file.mime, file.turn) == ("image/png", turn.id)
    return turn, Image.open(io.BytesIO(file.data))


async def test_a_palette_is_five_colours_in_words_and_as_a_picture_that_shows_them(talk: Conversation) -> None:
    turn, picture = await drawn(talk, "/palette purple and gold")
    codes = CODE.findall(turn.text)
    assert turn.form == "palette"
    assert len(set(codes)) == 5
    assert {"#73398f", "#d9a520"} <= set(codes)
    for number, code in enumerate(codes):
        shown = picture.convert("RGB").getpixel((220 * number + 110, 100))
        assert isinstance(shown, tuple)
        assert all(abs(a - int(code[at : at + 2], 16)) <= 4 for a, at in zip(shown, (1, 3, 5), strict=True))


async def test_a_cover_has_the_size_of_one_and_retry_draws_another(talk: Conversation) -> None:
    await events(talk, "/story A lighthouse keeper finds a letter.")
    turn, picture = await drawn(talk, "/cover cubist, dark")
    assert picture.size == (960, 1600)
    assert turn.text.startswith("A cover: cubist, dark")
    again, other = await drawn(talk, "/retry")
    assert (again.version, again.versions, again.form) == (2, 2, "cover")
    assert other.tobytes() != picture.tobytes()
    assert again.text.startswith("A cover: cubist, dark")
    versions = [event.turn for event in await events(talk, "/alternatives 2") if isinstance(event, Done)]
    assert versions[0].versions == 4


async def test_words_in_answer_to_a_picture_change_it_and_the_story_goes_on_without_it(talk: Conversation) -> None:
    story = next(one.turn for one in await events(talk, "/story The sea was grey.") if isinstance(one, Done))
    first, _ = await drawn(talk, "/cover mosaic, sea")
    await talk.delivered(first.id, (MessageRef("test", "room", "7"),))
    changed, _ = await drawn(talk, "in red and gold", "7")
    assert changed.text.startswith("A cover: mosaic")
    assert "red" in changed.text
    assert "gold" in changed.text
    last = next(one.turn for one in await events(talk, "The keeper slept.") if isinstance(one, Done))
    prompt = (await talk.context(KEY, last.id)).prompt
    assert "The keeper slept." in prompt
    assert story.text[:30] in prompt
    assert "cover" not in prompt
    assert "mosaic" not in prompt


async def test_a_picture_may_be_changed_however_often_and_never_repeats_what_was_said_of_it(
    talk: Conversation,
) -> None:
    await events(talk, "/story The sea was grey.")
    await events(talk, "It rained.", who=BEN)
    turn, _ = await drawn(talk, "/cover mosaic, for Zebedee")
    for number in range(30):
        await talk.delivered(turn.id, (MessageRef("test", "room", str(number)),))
        turn, _ = await drawn(talk, "in red and gold, or nearly so", str(number), who=BEN)
    assert turn.text.startswith("封面：马赛克")
    await talk.privacy.forget(ANN)
    (file,) = (event for event in await events(talk, "/export json", who=BEN) if isinstance(event, Attachment))
    made = [one for one in json.loads(file.data)["turns"] if (one["kind"], one["form"]) == ("model", "cover")]
    assert len(made) == 31
    assert "Zebedee" not in json.dumps(made)


async def test_music_in_answer_to_a_picture_is_music_of_its_own(talk: Conversation) -> None:
    await events(talk, "/mood calm")
    turn, _ = await drawn(talk, "/palette dark")
    await talk.delivered(turn.id, (MessageRef("test", "room", "7"),))
    made = next(event.turn for event in await events(talk, "/music 2 bars, flute", "7") if isinstance(event, Done))
    assert made.form == "music"
    assert "calm, flute" in made.text


async def test_mood_and_genre_are_those_of_the_piece_unless_the_words_say_others(talk: Conversation) -> None:
    await events(talk, "/genre horror")
    await events(talk, "/mood tense")
    turn, _ = await drawn(talk, "/palette")
    assert "tense, horror" in turn.text
    other, _ = await drawn(talk, "/palette calm fairy tale")
    assert "calm, fairy tale" in other.text


async def test_words_that_say_nothing_are_told_so_and_long_ones_refused(talk: Conversation) -> None:
    found = await events(talk, "/cover zxqv blorf")
    done = next(event for event in found if isinstance(event, Done))
    assert done.remarks == (("look_unclear", {}),)
    before = len((await talk.piece(KEY)).turns)
    with pytest.raises(TextTooLong):
        await events(talk, "/cover " + "blue " * 200)
    with pytest.raises(Impossible, match="not_words_look"):
        await events(talk, "/edit Something else")
    assert len((await talk.piece(KEY)).turns) == before
    with pytest.raises(NotFound):
        await talk.file(KEY, done.turn.id, "mid")


async def test_chinese_is_understood_and_answered(talk: Conversation) -> None:
    turn, _ = await drawn(talk, "/cover 几何 红色 神秘", who=BEN)
    assert turn.text.startswith("封面：几何，神秘，用色")
    assert "红" in turn.text
    palette, _ = await drawn(talk, "/palette 海 粉彩", who=BEN)
    assert "粉彩" in palette.text


async def test_a_vote_counts_and_a_restart_changes_no_pixel(tmp_path: Path) -> None:
    async with opened(tmp_path) as talk:
        turn, picture = await drawn(talk, "/cover watercolour forest")
        assert (await talk.react(Reaction(KEY, ANN, 1, turn.id))).likes == 1
    async with opened(tmp_path) as talk:
        _, mime, data = await talk.file(KEY, turn.id, "png")
        assert mime == "image/png"
        assert Image.open(io.BytesIO(data)).tobytes() == picture.tobytes()
        assert (await talk.turn(KEY, turn.id)).likes == 1


async def test_the_last_cover_is_on_the_book_and_what_was_said_of_it_is_not_in_it(talk: Conversation) -> None:
    await events(talk, "/story A lighthouse keeper finds a letter.")
    await drawn(talk, "/palette sea")
    turn, _ = await drawn(talk, "/cover minimal teal")
    _, _, cover = await talk.file(KEY, turn.id, "png")

    async def exported(name: str) -> zipfile.ZipFile:
        (file,) = (event for event in await events(talk, f"/export {name}") if isinstance(event, Attachment))
        return zipfile.ZipFile(io.BytesIO(file.data))

    book = await exported("epub")
    assert book.read("book/cover.png") == cover
    assert 'properties="cover-image"' in book.read("book/package.opf").decode()
    assert "minimal" not in book.read("book/chapter-001.xhtml").decode()
    assert turn.id in book.read("book/ledger.xhtml").decode()
    word = await exported("docx")
    assert any(name.startswith("word/media/") for name in word.namelist())
    whole = await exported("zip")
    assert [name for name in whole.namelist() if name.startswith("looks/")] == [
        next(name for name in whole.namelist() if "palette" in name),
        next(name for name in whole.namelist() if "cover" in name),
    ]
    told = json.loads(whole.read(next(name for name in whole.namelist() if name.endswith(".json"))))
    assert [one["form"] for one in told["turns"] if one["kind"] == "model"] == ["story", "palette", "cover"]


async def test_who_is_forgotten_leaves_no_words_on_a_cover(talk: Conversation) -> None:
    await events(talk, "/story Zebedee Quux lived by the sea.")
    await events(talk, "It rained.", who=BEN)
    turn, before = await drawn(talk, "/cover minimal, for Zebedee")
    with pytest.raises(EngineError):
        await events(talk, "/cover " + "Zebedee " * 100)
    await talk.privacy.forget(ANN)
    _, _, data = await talk.file(KEY, turn.id, "png")
    assert Image.open(io.BytesIO(data)).tobytes() != before.tobytes()
    (file,) = (event for event in await events(talk, "/export json", who=BEN) if isinstance(event, Attachment))
    told = json.loads(file.data)
    (cover,) = (one for one in told["turns"] if one["id"] == turn.id)
    assert "Zebedee" not in json.dumps(cover)  # what the machine wrote of him elsewhere is its own
    assert cover["recipe"]["sampling"]["sketch"]["seed"] == turn.seed
