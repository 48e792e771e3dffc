"""Books become clean windows: headings, contents, notes and verse go, talk and paragraphs stay."""

import random

import pytest

from deploy.corpora import prose
from deploy.corpora.names import GIRL, renamed
from deploy.corpora.premise import Rarity, opens, premise, things
from deploy.corpora.split import leakage, without_shared

BOOK = """THE TWO FROGS

CONTENTS

     THE POND
     THE ROAD

THE POND

Two frogs lived in a pond that dried up altogether one very hot summer,
so that nothing but mud was left.  “Let us go,” said the _elder_ of them,
“before we are mere leather.”(1)

(1) A note by the editor.

   Croak, croak,
   Sang they all,
   Till the fall.

CHAPTER II

The Road

They went--both of them--to a well.
"""
FROGS = (
    "Two frogs lived in a pond that dried up altogether one very hot summer, so that nothing but mud was left. "
    '"Let us go," said the elder of them, "before we are mere leather."'
)


def test_a_book_becomes_titled_tales_of_plain_paragraphs() -> None:
    assert prose.units(prose.body(BOOK, "THE POND\n\nTwo")) == [
        prose.Unit(
            "The Pond",
            (FROGS,),
        ),
        prose.Unit("The Road", ("They went—both of them—to a well.",)),
    ]


def test_a_book_without_its_first_sentence_is_named() -> None:
    with pytest.raises(ValueError, match="Once upon"):
        prose.body(BOOK, "Once upon")


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("‘Come in,’ said the king’s son.", '"Come in," said the king\'s son.'),
        ("“It’s late,” he said.  “Don’t!”", '"It\'s late," he said. "Don\'t!"'),
        ("Well -- then--go", "Well—then—go"),
    ],
)
def test_quotes_and_dashes_become_one_kind(raw: str, clean: str) -> None:
    assert prose.paragraph(raw) == clean


def test_windows_begin_at_paragraphs_cover_the_tale_and_know_its_ends() -> None:
    paragraphs = tuple(f"Paragraph {name} " + "goes on and on. " * 20 for name in "ABCDEFGH")
    cut = prose.windows(prose.Unit("", paragraphs))
    assert all(text.startswith("Paragraph") and len(text) <= prose.WINDOW_CHARS for text, _, _ in cut)
    assert [text[10] for text, _, _ in cut] == sorted(text[10] for text, _, _ in cut)
    assert [starts for _, starts, _ in cut] == [True] + [False] * (len(cut) - 1)
    assert [ends for _, _, ends in cut] == [False] * (len(cut) - 1) + [True]
    assert len(prose.windows(prose.Unit("", paragraphs), stride=0.5)) > len(cut)


def test_very_long_paragraphs_are_cut_between_sentences() -> None:
    cut = prose.windows(prose.Unit("", ("A sentence of some length stands here. " * 90,)))
    assert len(cut) > 2
    assert all(text.startswith("A sentence") and text.endswith("here.") for text, _, _ in cut)


def test_windows_that_no_voice_should_learn() -> None:
    assert prose.wanted("The king went out into the garden and looked at the moon.")
    assert not prose.wanted("Thou hast thy will, and thou hast mine.")
    assert not prose.wanted("CHAPTER I. 1884. II. 1885. III.")


def test_characters_get_one_new_name_each_that_holds_through_the_text() -> None:
    text = renamed("Dorothy met Glinda. Dorothy laughed.", {"Dorothy": "girl", "Glinda": "girl"}, random.Random(1))
    first, _, second, again, _ = text.replace(".", "").split()
    assert first == again
    assert {first, second} <= set(GIRL)
    assert first != second


def test_the_premise_names_what_the_passage_brings_in() -> None:
    texts = [f"There was a {noun} in the hall. It rained." for noun in ("lamp", "drum", "stove") for _ in range(3)]
    rarity = Rarity([*texts, "It rained in the hall. There was nothing."])
    assert things("There was a lamp in the hall.", rarity, 2) == ["a lamp"]
    lines = {premise(texts[0], rarity, random.Random(seed)) for seed in range(20)}
    assert any("lamp" in line for line in lines)
    assert not any(line.endswith(".") for line in lines)


def test_an_opening_needs_nothing_before_it() -> None:
    assert opens("There was once a miller. He was poor.")
    assert not opens('"Come in," said the miller.')
    assert not opens("But the miller was poor.")
    assert not opens("Then he went out.")


def test_leakage_counts_shared_runs_of_eight_words() -> None:
    tale = "one two three four five six seven eight nine"
    assert leakage([tale], [tale]) == 1.0
    assert leakage(["one two three four five six seven eight ten"], [tale]) == 0.5
    assert leakage(["quite another tale with many more words than that one has"], [tale]) == 0.0
    assert without_shared([tale, "a b c d e f g h i"], [tale.upper()]) == ["a b c d e f g h i"]
