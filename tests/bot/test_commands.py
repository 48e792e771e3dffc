"""The one table, on a real house: every command answers, and what cannot be is refused before anything changes."""

from collections.abc import AsyncIterator

import pytest

from bot import commands
from bot.replies import Attachment, Notice, ReplyEvent, UnknownCommand
from engine.conversation import Conversation
from engine.errors import BadValue, EmptyText, EngineError
from engine.messages import Done, News, Person, SessionKey, UserMessage
from engine.text.forms.load import load

KEY = SessionKey("test", "room")
ANN = Person("test", "ann", "Ann")
WORDS = {
    "edit": "Other words.",
    "switch": "1",
    "beside": "1",
    "take": "1",
    "open": "1",
    "rename": "A title",
    "write": "haiku the moon",
    "export": "json",
    "alternatives": "2",
    "music": "1 bar folk air",
    "song": "The sun goes down / the sea is gray",
    "bars": "1",
    "notes": "C4 D4 E4 F4",
    "extend": "1",
    "genre": "horror",
    "mood": "tense",
    "voice": "first person",
    "persona": "Old Sailor: dry and slow",
    "morph": "2",
    "motif": "Mara",
    "give": "Ann",
    "lore": "Mara: She is ten.",
    "choose": "1",
    "corpse": "off",
}
BEFORE = {
    "pass": ["/turns round-robin"],
    "give": ["/turns host"],
    "choose": ["/turns vote", "And then."],
    "corpse": ["/corpse on"],
}

VOICES = {"compare", "pick", "adapters", "rollback"}


def message(text: str) -> UserMessage:
    return UserMessage(KEY, ANN, text)


async def listed(events: AsyncIterator[ReplyEvent]) -> list[ReplyEvent]:
    return [event async for event in events]


async def say(conversation: Conversation, text: str) -> ReplyEvent:
    return (await listed(commands.run(conversation, message(text))))[-1]


async def test_every_command_of_the_table_answers(conversation: Conversation) -> None:
    for name in commands.BY_NAME:
        await say(conversation, "/story A fox goes out on a chilly night.")
        await say(conversation, "It prayed for the moon.")
        await say(conversation, "/retry")
        if commands.BY_NAME[name].group == "music":
            await say(conversation, "/notes C4 D4 E4 F4")
            await say(conversation, "/notes G4 F4 E4 D4")
        if name in {"redo"}:
            await say(conversation, "/undo")
        if name in {"next"}:
            await say(conversation, "/previous")
        if name == "cancel" or name in VOICES:
            continue  # nothing is being written, and an echo has no voices: see below and test_voices
        if name in {"role", "kick", "unlink", "import"}:
            continue  # there is nobody else, and no other chat: nor a file: see their own tests
        for text in BEFORE.get(name, ()):
            await say(conversation, text)
        last = await say(conversation, f"/{name} {WORDS.get(name, '')}".strip())
        assert isinstance(last, Done | Notice | Attachment | News), name
        if isinstance(last, Notice):
            assert last.text
        if name in BEFORE:
            await say(conversation, "/turns free")


def test_every_form_that_ships_has_its_command_and_no_other() -> None:
    assert set(commands.FORMS) == set(load())


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("/nonsense", UnknownCommand),
        ("/stroy a fox", UnknownCommand),
        ("/edit", EmptyText),
        ("/alternatives 0", BadValue),
        ("/alternatives 7", BadValue),
        ("/alternatives ４", BadValue),
        ("/switch one", BadValue),
        ("/switch 99", EngineError),
        ("/export exe", EngineError),
        ("/open nowhere", EngineError),
        ("/cancel", EngineError),
        ("   ", EmptyText),
        ("", EmptyText),
        ("x" * 100_000, EngineError),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    conversation: Conversation, text: str, error: type[EngineError]
) -> None:
    await say(conversation, "/story A fox goes out.")
    before = await conversation.piece(KEY)
    with pytest.raises(error):
        await say(conversation, text)
    assert await conversation.piece(KEY) == before


@pytest.mark.parametrize("text", ["/etc/passwd is where she hid it.", "/ begins with a stroke", "//"])
async def test_words_that_only_look_like_a_command_go_on_with_the_piece(conversation: Conversation, text: str) -> None:
    await say(conversation, text)
    assert (await conversation.piece(KEY)).turns[0].text == text


async def test_a_lone_thumb_is_a_vote_on_the_last_passage(conversation: Conversation) -> None:
    await say(conversation, "/story A fox goes out.")
    for text, likes, dislikes in (("👍", 1, 0), ("👎", 0, 1), ("/unvote", 0, 0)):
        await say(conversation, text)
        last = (await conversation.piece(KEY)).turns[-1]
        assert (last.likes, last.dislikes) == (likes, dislikes)


async def test_an_unknown_button_is_refused(conversation: Conversation) -> None:
    with pytest.raises(BadValue):
        await listed(commands.act(conversation, message(""), "explode"))
