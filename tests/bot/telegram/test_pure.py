from datetime import UTC, datetime

import pytest
from telegram import (
    Chat,
    ForumTopicCreated,
    Message,
    MessageEntity,
    MessageReactionUpdated,
    ReactionTypeCustomEmoji,
    ReactionTypeEmoji,
    User,
)

from bot.chats.buttons import Button
from bot.telegram.addressing import answered_in, unfolded, words_for
from bot.telegram.records import author_of, place_of, vote_of
from bot.telegram.wire import keyboard

BOT = User(4242, "Ghostnote", True, username="ghostnote_bot")


def test_buttons_become_an_inline_keyboard() -> None:
    markup = keyboard(((Button("👍", "+1"), Button("👎", "-1")), (Button("⏹ Stop", "x"),)))
    assert markup
    assert [[(each.text, each.callback_data) for each in row] for row in markup.inline_keyboard] == [
        [("👍", "+1"), ("👎", "-1")],
        [("⏹ Stop", "x")],
    ]
    assert keyboard(()) is None


@pytest.mark.parametrize(
    ("old", "new", "vote"),
    [
        ("", "👍", 1),
        ("", "❤", 1),
        ("", "❤\u200d🔥", 1),
        ("", "❤\ufe0f", 1),
        ("", "👎", -1),
        ("", "💩", -1),
        ("👍", "👎", -1),
        ("👍", "", 0),
        ("👍", "😢", 0),
        ("", "😢", None),
        ("😢", "", None),
        ("👍", "👍 🔥", 1),
    ],
)
def test_what_a_native_reaction_votes(old: str, new: str, vote: int | None) -> None:
    found = vote_of(_change(old, new))
    assert (found and found[0]) == vote
    assert found is None or found[1] == ((new.split() if vote else old.split()) or [""])[-1][:1]


def test_a_custom_emoji_votes_nothing() -> None:
    change = MessageReactionUpdated(_chat("private"), 1, 0, (), (ReactionTypeCustomEmoji("5"),), _user())  # type: ignore[arg-type]
    assert vote_of(change) is None


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("private", "It rained.", "It rained."),
        ("private", "/story@Ghostnote_bot a fox", "/story a fox"),
        ("private", "/story@other_bot a fox", None),
        ("private", "/story mail me @ghostnote_bot", "/story mail me @ghostnote_bot"),
        ("supergroup", "It rained.", None),
        ("supergroup", "@ghostnote_bot, it rained.", "it rained."),
        ("supergroup", "@ghostnote_bots are many", None),
        ("supergroup", "/story a fox", "/story a fox"),
        ("supergroup", "/story@other_bot a fox", None),
    ],
)
def test_which_words_are_meant_for_the_bot(kind: str, text: str, words: str | None) -> None:
    at = text.find("@")
    named = text[at:].partition(" ")[0].rstrip(",")
    marks = [MessageEntity("mention", at, len(named))] if at >= 0 and not text.startswith("/") else []
    message = Message(1, 0, _chat(kind), _user(), text=text, entities=marks)  # type: ignore[arg-type]
    assert words_for(message, text, BOT) == words


@pytest.mark.parametrize(
    ("text", "kind", "offset", "length", "words"),
    [
        ("🐙 hi @ghostnote_bot: it rained.", "mention", 6, 14, "🐙 hi it rained."),
        ("Ghost, it rained.", "text_mention", 0, 5, "it rained."),
        ("@ghostnote_bot /haiku first snow", "mention", 0, 14, "/haiku first snow"),
        ("@GhostNote_Bot", "mention", 0, 14, ""),
        ("see @ghostnote_bot", "code", 4, 14, None),
    ],
)
def test_a_name_is_what_telegram_marks_as_one(
    text: str, kind: str, offset: int, length: int, words: str | None
) -> None:
    mark = MessageEntity(kind, offset, length, user=BOT if kind == "text_mention" else None)
    message = Message(1, 0, _chat("supergroup"), _user(), text=text, entities=[mark])  # type: ignore[arg-type]
    assert words_for(message, text, BOT) == words
    under = Message(1, 0, _chat("supergroup"), _user(), caption=text, caption_entities=[mark])  # type: ignore[arg-type]
    assert words_for(under, text, BOT) == words


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("/start", "/start"),
        ("/start haiku", "/haiku"),
        ("/start story_once", "/story once"),
        ("/start forgetme_yes", "/start forgetme_yes"),
        ("/start delete", "/start delete"),
        ("/start what is this", "/start what is this"),
    ],
)
def test_a_deep_link_is_a_harmless_command(text: str, meant: str) -> None:
    assert unfolded(text) == meant


def test_what_is_written_in_the_name_of_a_chat_is_that_chats() -> None:
    stand_in, channel = User(1087968824, "Group", True, username="GroupAnonymousBot"), Chat(-5, "channel", "News")
    group = _chat("supergroup")
    for sender, signed, account, name in ((group, "Editor", "-100", "Editor"), (channel, None, "-5", "News")):
        message = Message(1, 0, group, stand_in, sender_chat=sender, author_signature=signed, text="x")  # type: ignore[arg-type]
        assert (author_of(message).id, author_of(message).name) == (account, name)


def test_in_a_topic_of_ours_not_everything_is_an_answer_to_us() -> None:
    then, forum = datetime(2026, 1, 1, tzinfo=UTC), _chat("supergroup")
    created = Message(9, then, forum, BOT, forum_topic_created=ForumTopicCreated("Tales", 0))
    topical = {"message_thread_id": 9, "is_topic_message": True, "reply_to_message": created}
    said = Message(10, then, forum, _user(), text="b", **topical)  # type: ignore[arg-type]
    assert answered_in(said) is None
    assert words_for(said, "b", BOT) is None


def test_an_answer_to_the_bot_is_meant_for_it() -> None:
    ours = Message(1, 0, _chat("group"), BOT, text="Once")  # type: ignore[arg-type]
    theirs = Message(2, 0, _chat("group"), _user(), text="and then", reply_to_message=ours)  # type: ignore[arg-type]
    assert words_for(theirs, "and then", BOT) == "and then"


def test_a_chain_of_answers_in_a_group_is_not_a_topic() -> None:
    first = Message(1, 0, _chat("supergroup"), _user(), text="a")  # type: ignore[arg-type]
    chained = Message(2, 0, _chat("supergroup"), _user(), text="b", message_thread_id=1, reply_to_message=first)  # type: ignore[arg-type]
    topical = Message(3, 0, _chat("supergroup"), _user(), text="c", message_thread_id=9, is_topic_message=True)  # type: ignore[arg-type]
    assert [place_of(message).topic for message in (first, chained, topical)] == [None, None, 9]


def _change(old: str, new: str) -> MessageReactionUpdated:
    lists = [tuple(ReactionTypeEmoji(emoji) for emoji in each.split()) for each in (old, new)]
    return MessageReactionUpdated(_chat("private"), 1, 0, lists[0], lists[1], _user())  # type: ignore[arg-type]


def _chat(kind: str) -> Chat:
    return Chat(77 if kind == "private" else -100, kind)


def _user() -> User:
    return User(77, "Mara", False)
