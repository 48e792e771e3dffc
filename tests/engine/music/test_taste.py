import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.composer import Composer
from engine.music.keys import Key
from engine.music.phrase import METRES, REST, Phrase, canonical
from engine.music.studio import best_first
from engine.music.taste import FILE, MEASURES, MOST, Taste, measured, read_taste, write_taste
from engine.music.wishes import read_wish
from tests.engine.music.fakes import fake_desk


def melody(*pitches: int) -> Phrase:
    """Quarters in C major, 4/4."""
    return Phrase(METRES["4/4"], Key(), (tuple(cell for pitch in pitches for cell in (pitch, -1, -1, -1)),))


def taste(**weights: float) -> Taste:
    row = np.array([weights.get(name, 0.0) for name in MEASURES])
    return Taste(np.full(len(MEASURES), 0.55), np.ones(len(MEASURES)), row)


def value(phrase: Phrase, name: str) -> float:
    return float(measured(phrase)[MEASURES.index(name)])


def test_what_is_measured_is_what_its_name_says() -> None:
    scale, jumps = melody(60, 62, 64, 65), melody(60, 72, 60, 72)
    assert (value(scale, "steps"), value(jumps, "steps")) == (1.0, 0.0)
    assert (value(scale, "leaps"), value(jumps, "leaps")) == (0.0, 1.0)
    assert value(jumps, "range") == 1.0
    assert value(scale, "rising") == 1.0
    assert value(melody(60, 62, 64, 60), "ends_at_home") == 1.0
    assert value(melody(61, 62, 64, 63), "outside_the_scale") == 0.5
    assert value(melody(60, 60, 60, 60), "repeated_pitches") == 1.0
    chords = Phrase(METRES["4/4"], Key(), melody(64, 62).lanes + melody(60, 61).lanes + melody(55, 60).lanes)
    assert value(chords, "harsh_beats") == 0.5
    assert value(chords, "voices") == 0.75


@given(st.lists(st.lists(st.integers(-2, 127), min_size=16, max_size=16), min_size=1, max_size=4))
def test_everything_can_be_measured(rows: list[list[int]]) -> None:
    found = measured(Phrase(METRES["4/4"], Key(3, "minor"), tuple(canonical(row) for row in rows)))
    assert found.shape == (len(MEASURES),)
    assert np.isfinite(found).all()


def test_silence_can_be_measured() -> None:
    assert np.isfinite(measured(Phrase(METRES["3/4"], Key(), ((REST,) * 12,)))).all()
    assert np.isfinite(measured(Phrase(METRES["3/4"], Key(), ((),)))).all()


def test_a_taste_is_never_too_sure() -> None:
    assert taste(height=99.0)(melody(100, 100)) == MOST
    assert taste(height=-99.0)(melody(100, 100)) == -MOST


def test_a_taste_survives_its_file(tmp_path: Path) -> None:
    liking = Taste(*(np.random.default_rng(i).random(len(MEASURES)) + 0.1 for i in range(3)))
    write_taste(liking, tmp_path)
    again = read_taste(tmp_path)
    assert [again(tune) for tune in (melody(60, 67), melody(72, 71))] == [
        liking(tune) for tune in (melody(60, 67), melody(72, 71))
    ]


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{}",
        "[]",
        json.dumps({"measures": ["charm"], "mean": [0], "scale": [1], "weights": [1]}),
        json.dumps({"measures": MEASURES, "mean": [0], "scale": [1], "weights": [1]}),
        json.dumps({"measures": MEASURES, **{name: [0.0] * len(MEASURES) for name in ("mean", "scale", "weights")}}),
        json.dumps({"measures": MEASURES, **{n: [float("nan")] * len(MEASURES) for n in ("mean", "scale", "weights")}}),
    ],
)
def test_a_damaged_taste_is_refused(broken: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(broken, encoding="utf-8")
    with pytest.raises(ValueError, match=r"taste\.json|other measures"):
        read_taste(tmp_path)


def test_a_taste_decides_among_candidates_and_one_that_knows_nothing_changes_nothing() -> None:
    scores, faults = np.array([0.3, 0.2, 0.1]), [0.0, 0.0, 0.0]
    assert best_first(scores, faults) == best_first(scores, faults, [0.0, 0.0, 0.0]) == [0, 1, 2]
    assert best_first(scores, faults, [-2.0, 0.0, 2.0]) == [2, 1, 0]


def test_composing_follows_the_taste() -> None:
    """With the real road from wish to piece; the network is replaced by one that draws at random."""
    wish, seeds = read_wish("4 bars folk tune in C, flute"), range(8)
    desk = fake_desk()

    def rising(liking: Taste | None) -> float:
        composer = Composer(type(desk)(desk.filler, desk.moves, desk.habits, desk.copies, liking))
        return float(np.mean([value(composer.compose(wish, seed)[0].phrase, "rising") for seed in seeds]))

    assert rising(taste(rising=20.0)) > rising(None) > rising(taste(rising=-20.0))
