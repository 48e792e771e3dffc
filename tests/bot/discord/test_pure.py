"""What can be said without anybody to talk to: markup at a cut, and where something happened."""

import re

import pytest
from discord import PartialEmoji
from hypothesis import given
from hypothesis import strategies as st

from bot.chats.splitting import units
from bot.discord.markup import split
from bot.discord.records import vote_of, words_in


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*_~|`\\[]<>"), max_size=400),
    st.integers(90, 200),
)
def test_parts_fit_and_hold_every_word(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(0 < units(part) <= limit for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


@given(st.text("ab *_~|`\\[](<>:/@\n😀", max_size=600), st.integers(90, 200))
def test_any_markup_fits(text: str, limit: int) -> None:
    assert all(0 < units(part) <= limit for part in split(text, limit))


@pytest.mark.parametrize("mark", ["*", "**", "***", "_", "__", "~~", "||", "`"])
def test_what_is_open_at_a_cut_is_closed_and_opened_again(mark: str) -> None:
    text = f"Before. {mark}{'word ' * 60}end{mark} after."
    parts = split(text, 150)
    assert len(parts) > 2
    assert all(part.count(mark) % 2 == 0 for part in parts)
    assert all(part.startswith(mark) for part in parts[1:-1])


def test_a_block_of_code_stays_one_in_every_message() -> None:
    text = "See:\n```python\n" + "print('*not* bold')\n" * 40 + "```\nDone."
    parts = split(text, 300)
    assert all(part.count("```") == 2 for part in parts)
    assert all(part.startswith("```python\n") for part in parts[1:])
    assert "".join(re.findall(r"print.*\n", "\n".join(parts))).count("not") == 40


def test_a_star_that_closes_nowhere_is_a_star() -> None:
    text = "A * star " + "and words " * 40
    assert [part.count("*") for part in split(text, 150)] == [1, 0, 0, 0]


def test_links_mentions_and_emoji_are_never_cut() -> None:
    address = "https://example.org/" + "x" * 40
    for whole in ("[a long name](https://example.org/path)", "<a:wave:123456789012345678>", address):
        for before in range(60, 110):
            parts = split("x " * (before // 2) + whole + " y" * 60, 150)
            assert sum(whole in part for part in parts) == 1


def test_words_without_the_mention() -> None:
    assert words_in("<@42>, it rained.", 42) == "it rained."
    assert words_in("<@!42> it rained <@43>", 42) == "it rained <@43>"


REACTIONS = [("👍", None, 1), ("❤️", None, 1), ("👎🏽", None, -1), ("😢", None, None), ("like", 5, None)]


@pytest.mark.parametrize(("name", "number", "vote"), REACTIONS)
def test_what_a_reaction_votes(name: str, number: int | None, vote: int | None) -> None:
    assert vote_of(PartialEmoji(name=name, id=number)) == vote
