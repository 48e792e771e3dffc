import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Chat, Message, MessageReactionUpdated, ReactionTypeCustomEmoji, ReactionTypeEmoji, User

from bot import commands
from bot.telegram import buttons
from bot.telegram.records import file_refs, place_of, ref_of, showing, vote_of, words_for
from bot.telegram.splitting import clip, split, units
from engine.messages import MessageRef
from tests.bot.telegram.turns import a_turn

TURN = "0123456789abcdef"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.integers(8, 40))
def test_parts_fit_and_hold_every_word(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(0 < units(part) <= limit and part == part.strip() for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


@given(st.text("ab. \n😀", min_size=60, max_size=200), st.integers(30, 60))
def test_a_growing_text_only_changes_its_last_message(text: str, cut: int) -> None:
    earlier, later = split(text[:cut], 20), split(text, 20)
    assert later[: len(earlier) - 1] == earlier[:-1]


def test_a_text_is_cut_where_a_reader_would() -> None:
    assert split("One two.\n\nThree four five.", 20) == ["One two.", "Three four five."]
    assert split("It rained. Then it rained more.", 20) == ["It rained.", "Then it rained more."]
    assert split("雨下了一夜。天亮了。", 8) == ["雨下了一夜。", "天亮了。"]
    assert [units(part) for part in split("😀" * 3000)] == [4096, 1904]
    assert split("  \n ") == []
    assert "".join(split("👩‍👩‍👧" * 9, 21)) == "👩‍👩‍👧" * 9
    assert not any(part.startswith("\u200d") for part in split("👩‍👩‍👧" * 9, 21))
    assert clip("abcdef", 4) == "abc…"
    assert clip("abcd", 4) == "abcd"


@pytest.mark.parametrize("private", [True, False])
def test_every_button_says_what_it_does_within_64_bytes(private: bool) -> None:
    turn = a_turn(TURN, version=2, versions=3, likes=1)
    rows = buttons.under(turn, "en", private=private).inline_keyboard
    assert [[button.text for button in row] for row in rows] == [
        ["👍 1", "👎", "◀", "2/3", "▶"],
        ["🔁 Retry", "➡ Go on", "↩ Undo"],
    ]
    presses = [buttons.read(str(button.callback_data)) for row in rows for button in row]
    assert presses == [
        buttons.Press(TURN, vote=0 if private else 1),
        buttons.Press(TURN, vote=-1),
        buttons.Press(TURN, "previous"),
        buttons.Press(TURN),
        buttons.Press(TURN, "next"),
        buttons.Press(TURN, "retry"),
        buttons.Press(TURN, "continue"),
        buttons.Press(TURN, "undo"),
    ]
    assert all(len(str(button.callback_data).encode()) <= 64 for row in rows for button in row)


def test_music_has_buttons_of_its_own_and_none_means_two_things() -> None:
    music = buttons.under(a_turn(TURN, form="music"), "en", private=True).inline_keyboard
    heard = buttons.under_heard(a_turn(TURN, form="midi", kind="person"), "zh").inline_keyboard
    assert [button.text for button in music[1]] == ["🔁 Another", "➕ Extend", "🎲 Vary"]
    assert [[button.text for button in row] for row in heard] == [["➕ 续写", "🎲 变奏"], ["🎹 伴奏", "🎼 和声"]]
    presses = [buttons.read(str(button.callback_data)) for row in (music[1], *heard) for button in row]
    actions = ("retry", "extend", "vary", "extend", "vary", "accompany", "harmonize")
    assert presses == [buttons.Press(TURN, action) for action in actions]
    assert set(buttons.ACTIONS.values()) <= set(commands.ACTIONS)
    assert len(set(buttons.ACTIONS.values())) == len(buttons.ACTIONS)


def test_a_message_holds_a_text_or_a_file() -> None:
    refs = (
        ref_of(77, 9),
        ref_of(77, 12),
        *file_refs(77, 10, "png"),
        *file_refs(77, 11, "ogg"),
        *file_refs(5, 1, "mid"),
    )
    assert showing(refs, 77) == ((9, 12), {"png": 10, "ogg": 11})
    assert showing((MessageRef("discord", "77", "x"),), 77) == ((), {})


@pytest.mark.parametrize("data", [None, "", "r", "+", "q" + TURN, "r" + TURN + "0", "r" + TURN.upper(), "😀", "r" * 64])
def test_data_that_is_not_ours_means_nothing(data: str | None) -> None:
    assert buttons.read(data) is None


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
