"""What is the same in every chat: cutting texts, buttons, references."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import commands
from bot.chats import buttons
from bot.chats.refs import file_refs, ref_of, showing
from bot.chats.splitting import clip, split, units
from engine.messages import MessageRef, SessionKey
from tests.bot.chats.turns import a_turn

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
    assert [units(part) for part in split("😀" * 3000, 4096)] == [4096, 1904]
    assert split("  \n ", 20) == []
    assert "".join(split("👩‍👩‍👧" * 9, 21)) == "👩‍👩‍👧" * 9
    assert not any(part.startswith("\u200d") for part in split("👩‍👩‍👧" * 9, 21))
    assert clip("abcdef", 4) == "abc…"
    assert clip("abcd", 4) == "abcd"


@pytest.mark.parametrize("private", [True, False])
def test_every_button_says_what_it_does_within_64_bytes(private: bool) -> None:
    turn = a_turn(TURN, version=2, versions=3, likes=1)
    rows = buttons.under(turn, "en", private=private)
    assert [[button.label for button in row] for row in rows] == [
        ["👍 1", "👎", "◀", "2/3", "▶"],
        ["🔁 Retry", "➡ Go on", "↩ Undo"],
    ]
    presses = [buttons.read(button.data) for row in rows for button in row]
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
    assert all(len(button.data.encode()) <= 64 for row in rows for button in row)


def test_music_has_buttons_of_its_own_and_none_means_two_things() -> None:
    music = buttons.under(a_turn(TURN, form="music"), "en", private=True)
    heard = buttons.under_heard(a_turn(TURN, form="midi", kind="person"), "zh")
    assert [button.label for button in music[1]] == ["🔁 Another", "➕ Extend", "🎲 Vary"]
    assert [[button.label for button in row] for row in heard] == [["➕ 续写", "🎲 变奏"], ["🎹 伴奏", "🎼 和声"]]
    presses = [buttons.read(button.data) for row in (music[1], *heard) for button in row]
    actions = ("retry", "extend", "vary", "extend", "vary", "accompany", "harmonize")
    assert presses == [buttons.Press(TURN, action) for action in actions]
    assert set(buttons.ACTIONS.values()) <= set(commands.ACTIONS)
    assert len(set(buttons.ACTIONS.values())) == len(buttons.ACTIONS)


def test_a_message_holds_a_text_or_a_file() -> None:
    here, there = SessionKey("telegram", "77"), SessionKey("telegram", "5")
    refs = (
        ref_of(here, 9),
        ref_of(here, 12),
        *file_refs(here, 10, "png"),
        *file_refs(here, 11, "ogg"),
        *file_refs(there, 1, "mid"),
    )
    assert showing(refs, here) == ((9, 12), {"png": 10, "ogg": 11})
    assert showing((MessageRef("discord", "77", "x"),), here) == ((), {})


@pytest.mark.parametrize("data", [None, "", "r", "+", "q" + TURN, "r" + TURN + "0", "r" + TURN.upper(), "😀", "r" * 64])
def test_data_that_is_not_ours_means_nothing(data: str | None) -> None:
    assert buttons.read(data) is None
