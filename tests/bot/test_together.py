"""The commands of those who write together, on a real house: what is said, and what nonsense comes to."""

from dataclasses import replace

import pytest

from bot import commands, wording
from bot.replies import Notice, ReplyEvent
from bot.telling import duration, notice_of
from engine.conversation import Conversation
from engine.errors import EngineError
from engine.messages import News, Person, SessionKey, UserMessage

KEY = SessionKey("test", "room")
ANN, BEN = Person("test", "ann", "Ann"), Person("test", "ben", "Ben", "zh")


async def say(talk: Conversation, text: str, person: Person = ANN) -> list[str]:
    """What is said to it, sentence by sentence."""
    found: list[ReplyEvent] = [event async for event in commands.run(talk, UserMessage(KEY, person, text))]
    said = []
    for event in found:
        if isinstance(event, News):
            said.append((await notice_of(event, talk, person.language)).text)
            await talk.told(event)
        elif isinstance(event, Notice):
            said.append(event.text)
    return said


async def test_an_evening(conversation: Conversation) -> None:
    assert await say(conversation, "/turns round-robin 10m ghost off") == [
        "Ann hosts this piece.",
        "From now on you take turns; /join lets others in.\nAnn, it is your turn. You have 10 min.",
    ]
    assert await say(conversation, "/join 李雷", BEN) == ["李雷 加入了写作。"]
    assert await say(conversation, "It rained.") == ["李雷, it is your turn. You have 10 min."]
    standing = (await say(conversation, "/turns"))[0].splitlines()
    assert standing == ["You take turns.", "Each has 10 min.", "· Ann (host)", "▶ 李雷"]
    assert await say(conversation, "/pass", BEN) == ["李雷 跳过这一轮。\nAnn，轮到你了，时间 10 分钟。"]
    assert await say(conversation, "/role 李 reader") == ["李雷 reads along from now on."]
    assert await say(conversation, "/role 李雷 writer") == ["李雷 is a writer from now on, at the end of the round."]
    assert await say(conversation, "/kick 李雷") == ["李雷 was sent away by the host."]
    assert await say(conversation, "/leave") == ["Ann writes along no more."]


async def test_a_vote_by_numbers(conversation: Conversation) -> None:
    await say(conversation, "/turns vote drafts 2")
    await say(conversation, "/join", BEN)
    (asked,) = await say(conversation, "It rained")
    head, one, two = asked.split("\n\n", 2)
    assert head == wording.say("news_vote", "en", left=0)
    assert one.startswith("1. ")
    assert two.startswith("2. ")
    assert await say(conversation, "/choose 1") == [wording.say("chosen", "en", number="1")]
    assert await say(conversation, "/choose 2") == [wording.say("chosen", "en", number="2")]
    said = await say(conversation, "/choose 2", BEN)
    assert said[0] == wording.say("news_result", "zh", number=2, votes=2, tally="1: 0, 2: 2")
    assert two.removeprefix("2. ") == (await conversation.piece(KEY)).turns[-1].text
    lines = (await say(conversation, "/credits"))[0].splitlines()
    assert lines[1] == "· Ann: passages 1, words 2"
    assert lines[2].startswith("· Ghostnote (echo")


async def test_a_button_votes_in_its_own_piece_whichever_is_open(conversation: Conversation) -> None:
    await say(conversation, "/turns vote")
    await say(conversation, "/join", BEN)
    await say(conversation, "It rained")
    ballot = (await conversation.gathering.state(KEY)).ballot
    assert ballot
    await say(conversation, "/new Another piece")
    events = commands.act(conversation, UserMessage(KEY, BEN), "choose", ballot.options[2])
    assert [event.name for event in [each async for each in events] if isinstance(event, Notice)] == ["chosen"]
    old = replace(KEY, piece=(await conversation.turn(KEY, ballot.options[0])).session)
    now = (await conversation.gathering.state(old)).ballot
    assert now
    assert now.tally() == (0, 0, 1)


async def test_exquisite_corpse_hides_and_then_shows_all(conversation: Conversation) -> None:
    await say(conversation, "/turns round-robin ghost off")
    await say(conversation, "/corpse on")
    await say(conversation, "A secret.\nIt rained.")
    await say(conversation, "Another secret.\nIt poured.")
    assert [turn.text for turn in (await conversation.piece(KEY)).turns] == ["…", "It poured."]
    for text in ("/export", "/context"):
        with pytest.raises(EngineError, match="hidden_until_the_end"):
            await say(conversation, text)
    assert (await say(conversation, "/corpse off"))[-1] == "A secret.\nIt rained.\n\nAnother secret.\nIt poured."


NONSENSE = [
    "/turns quickly",
    "/turns round-robin 1000000000m",
    "/turns round-robin 1s",
    "/turns round-robin -5m",
    "/turns round-robin 10m extra",
    "/turns round-robin ghost 1",
    "/turns round-robin ghost many",
    "/turns vote drafts 9",
    "/turns vote quorum 0",
    "/turns vote drafts",
    "/turns ٣",
    "/join <b>Ann</b>",
    "/join **bold**",
    "/join @everyone",
    "/join [link](http://x)",
    "/join two\nlines <i>",
    "/join " + "x" * 41,
    "/join ...",
    "/join \u202eAnn`",
    "/role Ben",
    "/role Ben king",
    "/role Zoe writer",
    "/kick Zoe",
    "/kick Ann",
    "/give Zoe",
    "/give ghost",
    "/choose 1",
    "/choose",
    "/choose x",
    "/pass",
    "/corpse",
    "/corpse maybe",
    "/corpse off",
    "/credits",
]


@pytest.mark.parametrize(
    "text", ["/turns vote", "/kick Ann", "/role Ann reader", "/give Ben", "/corpse on", "/pass", "/leave", "Words."]
)
async def test_who_may_not_changes_nothing_and_does_not_take_part_by_trying(
    conversation: Conversation, text: str
) -> None:
    await say(conversation, "/turns round-robin")
    before = await conversation.gathering.state(KEY), await conversation.piece(KEY)
    with pytest.raises(EngineError):
        await say(conversation, text, BEN)
    assert (await conversation.gathering.state(KEY), await conversation.piece(KEY)) == before


@pytest.mark.parametrize("text", ["/corpse on", "/kick Ann", "/pass", "/leave", "/give ghost", "/choose 1"])
async def test_where_nobody_takes_part_there_is_nothing_to_do(conversation: Conversation, text: str) -> None:
    with pytest.raises(EngineError):
        await say(conversation, text)
    assert (await conversation.gathering.state(KEY)).members == ()


@pytest.mark.parametrize("text", NONSENSE)
async def test_nonsense_is_one_sentence_and_changes_nothing(conversation: Conversation, text: str) -> None:
    await say(conversation, "/join")
    before = await conversation.gathering.state(KEY), await conversation.piece(KEY)
    with pytest.raises(EngineError) as caught:
        await say(conversation, text)
    for language in ("en", "zh"):
        sentence = wording.error(caught.value, language)
        assert sentence[-1] in ".。"
        assert len(sentence) < 240
    assert (await conversation.gathering.state(KEY), await conversation.piece(KEY)) == before


async def test_names_with_markup_are_plain_when_nobody_chose_them(conversation: Conversation) -> None:
    loud = replace(ANN, name="**Ann** <b>@everyone</b> [x](y)")
    assert await say(conversation, "/join", loud) == ["Ann beveryoneb xy hosts this piece."]
    assert await say(conversation, "/join", replace(BEN, name="ann BEVERYONEB xy", language="en")) == [
        "ann BEVERYONEB xy 2 writes along now."
    ]
    with pytest.raises(EngineError, match="pen_taken"):
        await say(conversation, "/join Ann BeveryoneB XY", BEN)


def test_lengths_of_time() -> None:
    assert [duration(seconds, "en") for seconds in (30, 90, 600, 5400, 90_000)] == [
        "30 s",
        "1 min 30 s",
        "10 min",
        "1 h 30 min",
        "1 d 1 h",
    ]
