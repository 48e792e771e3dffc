import random

import numpy as np

from engine.music.chords import chord_lane, chord_name
from engine.music.form import make_plan
from engine.music.keys import NAMES_FLAT, Key, find_key
from engine.music.metrics import (
    divergence,
    ends_at_home,
    harmony,
    interval_histogram,
    motif_repetition,
    parallel_moves,
)
from engine.music.phrase import HOLD, METRES, Phrase
from engine.music.progressions import CHORALE, SHAPE, draw_progression, tonic_chord
from engine.music.rules import faults


def quarters(*pitches: int) -> tuple[int, ...]:
    return tuple(cell for pitch in pitches for cell in (pitch, HOLD, HOLD, HOLD))


CADENCE = Phrase(
    METRES["4/4"],
    Key(),
    (quarters(72, 72, 71, 72), quarters(67, 69, 67, 67), quarters(64, 65, 62, 64), quarters(48, 41, 43, 48)),
)


def test_a_clean_cadence_measures_as_one() -> None:
    row = harmony([CADENCE])
    assert row.chord_beats == 100
    assert row.crossings == 0
    assert row.true_parallels == 0
    assert row.notes_a_bar == 4


def test_parallel_fifths_are_counted_and_repeated_ones_are_not() -> None:
    assert parallel_moves([[67, 69], [60, 62]]) == (1, 1)
    assert parallel_moves([[67, 67], [60, 60]]) == (0, 0)
    assert parallel_moves([[67, 69], [60, 64]]) == (0, 1)


def test_rules_prefer_the_cadence_to_its_spoilt_sister() -> None:
    spoilt = CADENCE.with_lane(1, quarters(66, 61, 78, 59))
    assert faults(CADENCE) < faults(spoilt)


def test_divergence_is_zero_for_the_same_and_one_for_disjoint_music() -> None:
    rising = Phrase(METRES["4/4"], Key(), (quarters(60, 62, 64, 66),))
    falling = Phrase(METRES["4/4"], Key(), (quarters(60, 57, 54, 51),))
    up, down = interval_histogram([rising]), interval_histogram([falling])
    assert divergence(up, up) == 0
    assert divergence(up, down) == 1


def test_motifs_that_return_count_also_when_transposed() -> None:
    tune = quarters(60, 62, 64, 60)
    returns = Phrase(
        METRES["4/4"], Key(), (tune + quarters(70, 59, 61, 75) + tuple(c + 5 if c > 0 else c for c in tune),)
    )
    wanders = Phrase(METRES["4/4"], Key(), (quarters(60, 62, 64, 60, 70, 59, 61, 75, 63, 70, 66, 60),))
    assert motif_repetition(returns) > 15
    assert motif_repetition(wanders) == 0


def test_the_chord_lane_hears_the_cadence() -> None:
    names = [chord_name(chord, NAMES_FLAT) for chord in chord_lane(CADENCE)[::4]]
    assert names == ["C", "F", "G", "C"]
    assert ends_at_home(CADENCE)


def test_keys_are_found_from_notes() -> None:
    scale = [(p, 1.0) for p in (62, 64, 65, 67, 69, 70, 72)]
    assert find_key([*scale, (62, 2.0), (69, 1.0)], last_bass=50) == Key(2, "minor")
    assert find_key([]) == Key()


def test_progressions_stay_in_the_scale_and_reach_the_chords_that_were_fixed() -> None:
    rng = np.random.default_rng(1)
    for mode in ("major", "minor", "dorian", "minor pentatonic"):
        key = Key(0, mode)
        ends = [tonic_chord(key), None, None, 17 if key.is_minor else 5, None, None, None, tonic_chord(key)]
        path = draw_progression(np.ones(SHAPE), CHORALE, key, [i % 4 == 0 for i in range(8)], ends, rng)
        assert (path[0], path[3], path[7]) == (ends[0], ends[3], ends[7])


def test_every_plan_fills_every_bar_once_and_copies_only_from_before() -> None:
    for bars in range(1, 33):
        plan = make_plan(bars, random.Random(bars))
        covered = [bar for step in plan.steps for bar in range(step.first, step.last)]
        assert covered == list(range(bars))
        assert all(s.source is None or s.source + s.last - s.first <= s.first for s in plan.steps)
        assert plan.closes[-1] == bars - 1
