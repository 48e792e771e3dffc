"""Consent, privacy, the file and being forgotten, as people meet them in a chat."""

import json
from dataclasses import replace

import pytest

from bot import commands, wording
from bot.replies import Attachment, Notice, ReplyEvent
from engine.conversation import Conversation
from engine.errors import BadValue
from engine.messages import Person, SessionKey, UserMessage

GROUP, PRIVATE = SessionKey("telegram", "-5"), SessionKey("telegram", "7")
ANN = Person("telegram", "7", "Ann")
BEN = Person("telegram", "8", "Ben")
STUDIO = UserMessage(SessionKey("studio", "local"), Person("studio", "ann", "ann"), alone=True)


async def say(talk: Conversation, text: str, message: UserMessage | None = None) -> ReplyEvent:
    asked = replace(message or UserMessage(PRIVATE, ANN, alone=True), text=text)
    return [event async for event in commands.run(talk, asked)][-1]


async def told(talk: Conversation, text: str, message: UserMessage | None = None) -> str:
    notice = await say(talk, text, message)
    assert isinstance(notice, Notice)
    return notice.text


async def test_consent_is_asked_for_kept_and_taken_back(conversation: Conversation) -> None:
    assert "nothing of yours teaches me" in await told(conversation, "/consent")
    assert (await told(conversation, "/consent on")).startswith("Your yes is kept.")
    assert "You said yes" in await told(conversation, "/consent")
    assert (await told(conversation, "/consent 关")).startswith("Your no is kept.")
    assert "You said no" in await told(conversation, "/consent")
    with pytest.raises(BadValue):
        await say(conversation, "/consent perhaps")
    assert "You said no" in await told(conversation, "/consent")


async def test_at_the_machine_itself_silence_is_a_yes(conversation: Conversation) -> None:
    assert "counts as yes" in await told(conversation, "/consent", STUDIO)
    await told(conversation, "/consent off", STUDIO)
    assert "You said no" in await told(conversation, "/consent", STUDIO)


async def test_a_vote_tells_who_never_said_what_it_takes(conversation: Conversation) -> None:
    await say(conversation, "/story A fox goes out.")
    assert "/consent on" in await told(conversation, "👍")
    await told(conversation, "/consent off")
    assert await told(conversation, "👍") == "Thank you, 👍 is kept."
    await say(conversation, "/story A fox goes out.", STUDIO)
    assert await told(conversation, "👎", STUDIO) == "Thank you, 👎 is kept."


@pytest.mark.parametrize("language", wording.LANGUAGES)
async def test_the_page_says_what_is_kept_and_where_one_stands(conversation: Conversation, language: str) -> None:
    asked = UserMessage(PRIVATE, replace(ANN, language=language))
    page = await told(conversation, "/privacy", asked)
    for name in ("/consent on", "/mydata", "/forgetme", "telegram"):
        assert name in page
    assert await told(conversation, "/consent", asked) in page


async def test_what_is_kept_is_given_where_nobody_else_reads(conversation: Conversation) -> None:
    await say(conversation, "/story A fox goes out.")
    file = await say(conversation, "/mydata")
    assert isinstance(file, Attachment)
    assert [row["text"] for row in json.loads(file.data)["words"]] == ["A fox goes out."]
    assert "private chat" in await told(conversation, "/mydata", UserMessage(GROUP, ANN))


async def test_being_forgotten_is_asked_twice_and_then_done(conversation: Conversation) -> None:
    assert await told(conversation, "/forgetme yes") == "Nothing of you is kept here."
    await say(conversation, "/story A fox goes out.")
    await say(conversation, "👍")
    await say(conversation, "/story A lamp.", UserMessage(GROUP, BEN))
    await say(conversation, "It went out.", UserMessage(GROUP, ANN))
    asked = await told(conversation, "/forgetme")
    assert "passages you wrote: 2" in asked
    assert "as a whole: 1" in asked
    assert "No voice has learnt from you." in asked
    assert "passages you wrote: 2" in await told(conversation, "/forgetme please")
    assert "Erased: passages 2, edits 0, votes and choices 1, whole pieces 1." in await told(
        conversation, "/forgetme Yes!"
    )
    turns = (await conversation.piece(GROUP)).turns
    assert [turn.text for turn in turns if turn.kind == "person"] == ["A lamp.", ""]
    assert await conversation.pieces(PRIVATE) == ()
    await say(conversation, "/continue", UserMessage(GROUP, BEN))  # the piece goes on
    assert len((await conversation.piece(GROUP)).turns) == len(turns) + 1


async def test_the_studio_shows_another_piece_when_the_open_one_went_along(conversation: Conversation) -> None:
    ben = replace(STUDIO, person=Person("studio", "ben", "ben"))
    await say(conversation, "/story A lamp.", ben)
    theirs = await conversation.piece(STUDIO.key)
    mine = await conversation.create(STUDIO.key, STUDIO.person, "mine")
    inside = replace(STUDIO, key=replace(STUDIO.key, piece=mine.id))
    await say(conversation, "/story A fox.", inside)
    notice = await say(conversation, "/forgetme yes", inside)
    assert isinstance(notice, Notice)
    assert notice.session == theirs.id
