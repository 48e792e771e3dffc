import pytest
from telegram import Chat, Message, MessageReactionUpdated, ReactionTypeCustomEmoji, ReactionTypeEmoji, User

from bot.chats.buttons import Button
from bot.telegram.records import place_of, vote_of, words_for
from bot.telegram.wire import keyboard


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
    assert vote_of(_change(old, new)) == vote


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
    message = Message(1, 0, _chat(kind), _user(), text=text)  # type: ignore[arg-type]
    assert words_for(message, text, "ghostnote_bot") == words


def test_an_answer_to_the_bot_is_meant_for_it() -> None:
    ours = Message(1, 0, _chat("group"), User(4242, "Ghostnote", True, username="ghostnote_bot"), text="Once")  # type: ignore[arg-type]
    theirs = Message(2, 0, _chat("group"), _user(), text="and then", reply_to_message=ours)  # type: ignore[arg-type]
    assert words_for(theirs, "and then", "ghostnote_bot") == "and then"


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
