"""The guard against copying: what it calls a copy, what it leaves alone, and that nothing leaves the desk past it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.music.copying import Copies, index_of, load_copies, melody, run_hashes
from engine.music.desk import Brief, Desk
from engine.music.errors import NoWeights
from engine.music.evaluate import Memory, copying
from engine.music.limits import Effort, Ids, Limits
from engine.music.phrase import HOLD, METRES, UNKNOWN, Phrase, notes_of
from engine.music.progressions import SHAPE
from engine.music.tokens import MASK_ID, encode
from tests.engine.music.fakes import FakeFiller
from tests.engine.music.tunes import SCALE, chorale, tune

Scores = NDArray[np.float64]
TRAIN = [*(tune(seed) for seed in range(20)), tune(30, "jig", "6/8"), *(chorale(seed) for seed in range(5))]
INDEX = index_of(TRAIN)


def marked(phrase: Phrase, fresh: slice = slice(None), index: Copies = INDEX) -> list[int]:
    row = melody(phrase)
    new = np.zeros(len(row), dtype=bool)
    new[fresh] = True
    return [int(i) for i in np.flatnonzero(index.marks(row, new, phrase.metre.name))]


def stranger(seed: int) -> Phrase:
    """Leaps that no training tune has."""
    dice = np.random.default_rng(seed)
    pitches = dice.permutation(np.array(SCALE).repeat(4))[:32]
    row = [c for p in pitches for c in (int(p), HOLD, HOLD, HOLD)]
    return Phrase(METRES["4/4"], TRAIN[0].phrase.key, (tuple(row),))


@given(st.integers(0, 19), st.integers(-5, 6))
def test_nine_notes_of_a_training_tune_are_a_copy_in_any_key_and_rhythm(which: int, semitones: int) -> None:
    pitches = [n.pitch + semitones for n in notes_of(TRAIN[which].phrase.lanes[0])[:9]]
    slower = Phrase(METRES["4/4"], TRAIN[0].phrase.key, (tuple(c for p in pitches for c in (p, HOLD, HOLD, HOLD)),))
    assert marked(slower) == [4 * 4]  # the middle note of the nine
    eight = replace(slower, lanes=(slower.lanes[0][:32],))
    assert marked(eight) == []


def test_a_window_that_shares_most_onsets_is_a_copy_whatever_stands_between() -> None:
    row = list(TRAIN[3].phrase.lanes[0][:64])
    onsets = [i for i, cell in enumerate(row) if cell >= 0]
    for i in onsets[::4]:  # every fourth note elsewhere: no run of nine, but three quarters of the onsets
        row[i] += 13
    near = Phrase(METRES["4/4"], TRAIN[3].phrase.key, (tuple(row),))
    same = [i for i in onsets if i not in onsets[::4]]
    assert marked(near) == same[::2]
    assert marked(replace(near, lanes=(near.transposed(1).lanes[0],))) == []  # onsets are compared on the tonic


def test_a_melody_is_judged_in_the_octave_where_its_instrument_plays_it() -> None:
    """A share of onsets is a matter of place and pitch, so moving a clean melody by octaves can make it a copy."""
    row = list(TRAIN[3].phrase.lanes[0][:64])
    for i in [i for i, cell in enumerate(row) if cell >= 0][::4]:
        row[i] += 13
    near = Phrase(METRES["4/4"], TRAIN[3].phrase.key, (tuple(row),))
    desk = Desk(FakeFiller(), np.ones(SHAPE), copies=INDEX)
    for semitones in (0, 2, 7):
        assert desk.is_copy(near.transposed(semitones)) is (semitones < 6)  # seven up is five down, an octave lower
        assert not desk.is_copy(near.transposed(semitones + 12))
    assert not replace(desk, copies=None).is_copy(near)


def test_only_new_notes_are_judged() -> None:
    copy = TRAIN[0].phrase
    assert marked(copy)
    assert marked(copy, slice(0, 0)) == []
    assert marked(copy, slice(0, 16)) == []  # eight new notes and nothing else
    assert marked(copy, slice(0, 18)) == [8]


@pytest.mark.parametrize("seed", range(5))
def test_a_stranger_is_left_alone_and_the_slow_comparison_agrees(seed: int) -> None:
    phrase = stranger(seed)
    memory = Memory(TRAIN)
    judged = copying([phrase], memory)
    assert bool(marked(phrase)) is (judged.over_limit > 0)
    assert not marked(phrase)
    assert copying([TRAIN[seed].phrase.transposed(3)], memory).over_limit == 100


def test_the_index_is_kept_and_read_as_it_is(tmp_path: Path) -> None:
    INDEX.save(tmp_path / "melodies.safetensors")
    read = load_copies(tmp_path / "melodies.safetensors")
    assert (read.runs == INDEX.runs).all()
    assert {name: w.tolist() for name, w in read.windows.items()} == {n: w.tolist() for n, w in INDEX.windows.items()}


@pytest.mark.parametrize("content", [None, b"", b"not an index", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_missing_or_damaged_index_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "melodies.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NoWeights):
        load_copies(path)


def test_hashes_depend_on_order() -> None:
    there, back = np.arange(8), np.arange(8)[::-1]
    assert run_hashes(there) != run_hashes(back)
    assert len(run_hashes(np.arange(7))) == 0


class Copyist:
    """Writes a training tune at first, and from the `honest`-th call on something of its own."""

    def __init__(self, honest: int) -> None:
        self.honest, self.calls = honest, 0

    def fill(self, ids: Ids, labels: Ids, chords: Ids, limits: Limits, effort: Effort, seed: int) -> tuple[Ids, Scores]:
        self.calls += 1
        source = stranger(seed).lanes if self.calls >= self.honest else TRAIN[0].phrase.lanes
        made = encode([list(source[0])[: ids.shape[2]]]).astype(np.int64)
        return np.where(ids == MASK_ID, made, ids), np.zeros(len(ids))


def test_what_copies_is_drawn_again_and_does_not_leave_the_desk() -> None:
    blank = Phrase(METRES["4/4"], TRAIN[0].phrase.key, ((UNKNOWN,) * 64,))
    filler = Copyist(honest=3)
    desk = Desk(filler, np.ones(SHAPE), copies=INDEX)
    made = desk.fill(desk.with_chords(blank, 1, 1), Brief(candidates=2), seed=1)
    assert filler.calls > 2
    assert made
    assert not any(marked(phrase) for phrase, _ in made)


def test_when_all_copies_the_tries_are_counted_and_the_piece_still_comes() -> None:
    blank = Phrase(METRES["4/4"], TRAIN[0].phrase.key, ((UNKNOWN,) * 64,))
    filler = Copyist(honest=10_000)
    desk = Desk(filler, np.ones(SHAPE), copies=INDEX)
    effort = Effort(redraws=2, attempts=2)
    assert len(desk.fill(desk.with_chords(blank, 1, 1), Brief(candidates=2, effort=effort), seed=1)) == 4
    assert filler.calls == 2 * (2 * (1 + 2))  # attempts, steps of two bars, each drawn and redrawn twice
