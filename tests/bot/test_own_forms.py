"""A form of one's own through the commands: written in like any other, and a broken file harms no piece."""

from pathlib import Path

import pytest

from bot import commands, wording
from engine.conversation import Conversation
from engine.errors import BrokenForm, EngineError, UnknownForm
from engine.messages import Done, Person, SessionKey, UserMessage
from engine.text.forms.load import FOLDER

KEY = SessionKey("test", "room")
ANN = Person("test", "ann", "Ann")
GOOD = (FOLDER / "story.toml").read_text(encoding="utf-8")


async def say(conversation: Conversation, text: str) -> object:
    return [event async for event in commands.run(conversation, UserMessage(KEY, ANN, text))][-1]


async def refusal(conversation: Conversation, text: str) -> EngineError:
    before = await conversation.piece(KEY)
    with pytest.raises(EngineError) as refused:
        await say(conversation, text)
    assert await conversation.piece(KEY) == before
    return refused.value


async def test_one_writes_in_it_goes_on_and_survives_a_mistake_in_its_file(
    conversation: Conversation, tmp_path: Path
) -> None:
    folder = tmp_path / "home" / "forms"
    folder.mkdir(parents=True)
    await say(conversation, "/story A fox goes out.")
    assert isinstance(await refusal(conversation, "/write ballad The miller's daughter"), UnknownForm)
    (folder / "ballad.toml").write_text(GOOD, encoding="utf-8")
    done = await say(conversation, "/write Ballad The miller's daughter")
    assert isinstance(done, Done)
    assert done.turn.form == "ballad"
    assert isinstance(await say(conversation, "She waited."), Done)

    (folder / "ballad.toml").write_text(GOOD.replace("tokens = 160", "tokens = 1"), encoding="utf-8")
    for text in ("/write ballad Another", "She left.", "/continue"):
        broken = await refusal(conversation, text)
        assert isinstance(broken, BrokenForm)
        told = wording.error(broken, "en")
        assert told.startswith("The form “ballad” cannot be used: ballad.toml, line ")
        assert "[length] tokens must be a whole number" in told
    assert isinstance(await say(conversation, "/haiku the moon"), Done)


async def test_without_a_name_it_says_which_forms_there_are(conversation: Conversation) -> None:
    await say(conversation, "/story A fox goes out.")
    told = wording.error(await refusal(conversation, "/write"), "en")
    assert "sonnet" in told
    assert "quest" in told
