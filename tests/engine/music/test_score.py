import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.composer import Composer
from engine.music.hearing import hear
from engine.music.keys import SCALES, Key
from engine.music.musician import MusicTask
from engine.music.orders import Order
from engine.music.perform import perform
from engine.music.phrase import METRES, Phrase
from engine.music.score import Score, from_row, to_row
from engine.music.styles import STYLES
from engine.music.wishes import read_wish
from tests.engine.music.fakes import fake_desk

WISHES = [
    "8 bars waltz in D minor, piano",
    "2 bars chorale in Bb major",
    "jig with drums, joyful",
    "4 小节 C 大调 小提琴",
]


@given(st.sampled_from(sorted(SCALES)), st.integers(0, 11), st.sampled_from(sorted(METRES)), st.randoms())
def test_a_score_comes_back_from_json_as_it_was(mode: str, tonic: int, metre: str, dice: Random) -> None:
    cells = METRES[metre].bar * dice.randint(1, 3)
    lanes = tuple(tuple(dice.randint(-3, 127) for _ in range(cells)) for _ in range(dice.randint(1, 4)))
    wish = read_wish(dice.choice(WISHES))
    score = Score(Phrase(METRES[metre], Key(tonic, mode), lanes), wish, dice.randint(0, 2**31), "ABA")
    assert from_row(json.loads(json.dumps(to_row(score)))) == score


@pytest.mark.parametrize("style", sorted(STYLES))
def test_what_is_composed_comes_back_and_is_heard_the_same(style: str) -> None:
    ((score, midi),) = perform(Composer(fake_desk()), Order("compose", words=f"4 bars {style}"), None, None, 5, 1)
    assert from_row(json.loads(json.dumps(to_row(score)))) == score
    heard = hear(midi)
    assert (heard.phrase.lanes, heard.phrase.key, heard.wish.tempo) == (
        score.phrase.lanes,
        score.phrase.key,
        score.wish.tempo,
    )


@pytest.mark.parametrize("row", [{}, {"ghostnote_score": 2}, {"ghostnote_score": 1, "metre": "7/8"}])
def test_a_row_of_another_version_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"score|version"):
        from_row(row)


def test_the_same_task_gives_the_same_music() -> None:
    task = MusicTask(Order("compose", words="4 bars reel"), 7, drafts=2)
    first, second = (perform(Composer(fake_desk()), task.order, None, None, task.seed, task.drafts) for _ in range(2))
    assert first == second
    assert len(first) == 2
