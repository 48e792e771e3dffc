"""What texts are about: words that lie together in a base's table are liked together."""

import random
from pathlib import Path

import numpy as np
import pytest

from adapters import subjects, taste
from adapters.examples import Examples, Pair
from adapters.manifest import BadAdapter
from adapters.subjects import Subjects
from tests.engine.text.tiny import GPT2

# all of four letters, so that nothing but their sense tells them apart
SEA = ["wave", "ship", "mast", "gull", "tide", "sail", "deck", "boat", "fish", "salt", "surf", "crew"]
TOWN = ["lamp", "tram", "shop", "roof", "wall", "gate", "road", "bank", "park", "yard", "door", "desk"]
PLAIN = ["the", "and", "with", "that", "from", "when", "then", "over", "under", "there", "were", "some"]
VOCABULARY = [*PLAIN, *SEA, *TOWN]


@pytest.fixture(scope="module")
def known() -> Subjects:
    """A table in which the sea lies on one side, the town on the other, and everything a little apart."""
    dice = np.random.default_rng(1)
    table = dice.normal(size=(len(VOCABULARY), 32)) * 0.3
    table[:, 0] += [0.0] * len(PLAIN) + [2.0] * len(SEA) + [-2.0] * len(TOWN)
    return Subjects(
        table, [f"Ġ{word}" for word in VOCABULARY], lambda text: [VOCABULARY.index(word) for word in text.split()]
    )


def votes(sea: list[str], town: list[str], count: int) -> Examples:
    dice = random.Random(count)

    def text(words: list[str]) -> str:
        return " ".join(dice.choices(words, k=4) + dice.choices(PLAIN, k=12))

    return Examples(
        tuple(Pair("", text(sea), text(town), 1.0, f"c{at}", ("ann",), "story", "vote", "") for at in range(count))
    )


def test_who_likes_some_words_of_the_sea_likes_the_others(known: Subjects) -> None:
    seen, unseen = votes(SEA[:6], TOWN[:6], 40), votes(SEA[6:], TOWN[6:], 30)
    blind, sighted = taste.fit(seen), taste.fit(seen, taste.Lens(taste.MEASURES, known))
    right = [
        float(np.mean([guess.score(one.chosen) > guess.score(one.rejected) for one in unseen.pairs]))
        for guess in (blind, sighted)
    ]
    assert right[1] >= 0.95 > right[0]
    assert set(sighted.subject) <= set(SEA)
    assert f"words like {', '.join(sighted.subject)}" in sighted.likes()
    assert blind.subject == ()


def test_a_place_goes_by_the_less_common_words(known: Subjects) -> None:
    assert known.place("").tolist() == [0.0] * known.size
    together = known.place("wave wave wave wave the the")
    assert np.allclose(together, known.place("wave wave wave wave"))
    assert np.any(known.place("the and") != 0)  # where there is nothing else they have to do


def test_the_table_of_a_real_base_is_read() -> None:
    known = subjects.load(GPT2)
    place = known.place("The old king went down to the sea.")
    assert place.shape == (known.size,) == (subjects.SIZE,)
    assert np.isfinite(place).all()
    assert np.array_equal(subjects.load(GPT2).place("The old king went down to the sea."), place)


def test_a_base_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadAdapter, match="no table of words"):
        subjects.load(tmp_path)
