"""Verse out of a pickle that cannot run anything, and poems out of lines that have lost their stanzas."""

import gzip
import os
import pickle
import random

import pytest

from deploy.corpora import poems, verse
from deploy.corpora.premise import Rarity
from deploy.corpora.rhyme import Sounds
from deploy.corpora.sources import MissingSource, Source

DICTIONARY = """
  "sill": "S IH1 L", "star": "S T AA1 R", "far": "F AA1 R", "it": "IH1 T", "o": "OW1",
  "night": "N AY1 T", "light": "L AY1 T", "hill": "HH IH1 L", "still": "S T IH1 L", "rain": "R EY1 N",
  "lane": "L EY1 N", "the": "DH AH0", "lay": "L EY1", "moon": "M UW1 N", "upon": "AH0 P AA1 N", "and": "AE1 N D",
  "all": "AO1 L", "was": "W AA1 Z", "a": "AH0", "soft": "S AO1 F T", "began": "B IH0 G AE1 N", "along": "AH0 L AO1 NG",
  "window": "W IH1 N D OW0", "with": "W IH1 DH", "to": "T UW1"
"""
QUATRAIN = ["The moon began to light the lane", "And all the hill was still;", "Along the window lay the rain"]
QUATRAIN = [*QUATRAIN, "Upon the window sill."]


@pytest.fixture
def sounds() -> Sounds:
    return Sounds(DICTIONARY.replace(", ", "\n"))


def table(lines: list[str]) -> bytes:
    """A pickled array as numpy pickles one: two columns of lines."""
    state = (1, (2, len(lines)), None, False, [*lines, *("iambic" for _ in lines)])
    body = b"cnumpy.core.multiarray\n_reconstruct\n" + pickle.dumps(("ndarray", (0,), "b"), 2)[2:-1]
    return gzip.compress(b"\x80\x02" + body + b"R" + pickle.dumps(state, 2)[2:-1] + b"b.")


class Danger:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def test_the_lines_of_the_table_come_out_in_order() -> None:
    assert verse.lines(table(QUATRAIN)) == QUATRAIN


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(pickle.dumps(Danger())), b"no gzip", gzip.compress(b"no pickle"), gzip.compress(pickle.dumps([1]))],
    ids=["code", "no gzip", "no pickle", "no table"],
)
def test_any_other_pickle_is_refused_unrun(packed: bytes) -> None:
    with pytest.raises(MissingSource):
        verse.lines(packed)


def test_words_rhyme_from_the_last_stressed_vowel_on(sounds: Sounds) -> None:
    assert sounds.rhyme("hill", "still")
    assert not sounds.rhyme("hill", "hill")
    assert not sounds.rhyme("hill", "lane")
    assert not sounds.rhyme("hill", "unheard-of")


def test_syllables_of_a_line_and_of_one_with_an_unknown_word(sounds: Sounds) -> None:
    assert sounds.syllables("Upon the window sill.") == 6
    assert sounds.syllables("Upon the xylophone") == 0


def test_a_quatrain_needs_rhyme_even_lines_and_a_stop(sounds: Sounds) -> None:
    assert poems.scheme_of(QUATRAIN, sounds) == "ABAB"
    assert poems.scheme_of([QUATRAIN[0], QUATRAIN[2], QUATRAIN[1], QUATRAIN[3]], sounds) == ""
    assert poems.scheme_of([*QUATRAIN[:3], "Upon the window sill,"], sounds) == ""
    assert poems.scheme_of([QUATRAIN[0], "And still;", *QUATRAIN[2:]], sounds) == ""
    assert poems.scheme_of(QUATRAIN[:3], sounds) == ""


def test_quatrains_in_a_row_become_a_poem_with_a_blank_line_between(sounds: Sounds) -> None:
    lines = ["Along the lane", *QUATRAIN, *QUATRAIN, "The moon"]
    stanza = "\n".join(QUATRAIN)
    assert list(poems.poems(lines, sounds)) == [(1, f"{stanza}\n\n{stanza}")]
    assert list(poems.poems(lines[:7], sounds)) == []


@pytest.mark.parametrize("line", ["Thou art upon thy window sill", "Upon the [window] sill", "1 star"])
def test_old_words_and_marks_are_unfit(line: str, sounds: Sounds) -> None:
    assert poems.fit("\n".join(QUATRAIN), sounds)
    assert not poems.fit("\n".join([line, line, *QUATRAIN]), sounds)


def test_the_theme_is_a_plain_line_for_the_form() -> None:
    text = "\n".join(QUATRAIN)
    lines = {poems.theme(text, Rarity([text, text, text, "The star"]), random.Random(seed)) for seed in range(30)}
    assert all(line.startswith("A poem") and line.endswith("\n\n") for line in lines)
    assert "A poem\n\n" in lines
    assert "A poem: The moon began to light the lane\n\n" in lines


def test_without_its_sources_the_corpus_says_so_and_is_empty() -> None:
    said = list[str]()

    def nothing(source: Source) -> bytes:
        raise MissingSource(f"{source.package} is not here")

    assert list(poems.build(nothing, said.append, 1)) == []
    assert said == [f"left out: {verse.CORPUS.package} is not here"]
