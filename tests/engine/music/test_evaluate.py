"""The table: rows tell music from noise, verdicts follow the worst seed, known notes are watched over."""

import json
from dataclasses import asdict, replace

import pytest

from engine.music.corpus import Piece, split_by_family, windows_of
from engine.music.evaluate import Copying, Memory, copying, made_row, real_rows, verdicts
from engine.music.keys import Key
from engine.music.phrase import HOLD, METRES, Phrase
from engine.music.sampling import EDITS, KINDS, Maker, accompanied, kept
from tests.engine.music.fakes import fake_desk
from tests.engine.music.tunes import chorale, tune

HELD = [*(chorale(seed) for seed in range(4)), *(tune(seed) for seed in range(4)), tune(9, "jig", "6/8")]
MAKER = Maker(fake_desk(), fake_desk(), fake_desk(), tuple(HELD))


def test_held_out_music_differs_from_its_own_shuffling_and_not_from_itself() -> None:
    rows = real_rows(HELD)
    assert set(rows) == {"held-out", "voices shuffled", "folk, held-out", "folk, bars mixed"}
    assert rows["held-out"]["interval_jsd"] == rows["folk, held-out"]["onset_jsd"] == 0
    assert rows["voices shuffled"]["chord_beats"] < rows["held-out"]["chord_beats"] == 100


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_sample_is_made_the_same_for_the_same_seed_and_gives_a_row(kind: str) -> None:
    made = [MAKER.make(kind, 1, number) for number in range(2)]
    assert made == [MAKER.make(kind, 1, number) for number in range(2)]
    assert MAKER.make(kind, 2, 0) != made[0] or kind == "accompany"
    row = made_row(kind, made, HELD)
    assert json.loads(json.dumps(row)) == row
    assert row["notes_a_bar"] > 0


def test_changed_known_notes_are_an_error() -> None:
    phrase = HELD[0].phrase
    assert kept(phrase, phrase, [(0, 0, phrase.cells)]) is phrase
    with pytest.raises(AssertionError, match="lane 0"):
        kept(phrase, phrase.transposed(1), [(0, 0, 4)])


def test_an_accompaniment_sounds_around_the_melody_it_was_given() -> None:
    made = accompanied(HELD[0].phrase)
    assert made.lanes[0] == HELD[0].phrase.lanes[0]
    assert len(made.lanes) >= 3
    assert all(any(cell >= 0 for cell in lane) for lane in made.lanes)


def test_a_verdict_is_met_only_if_it_is_with_every_seed() -> None:
    real = real_rows(HELD)
    good = {**real["held-out"], "chord_beats": 100.0, "steps": 80.0, "parallels": 2.0, "crossings": 0.5}
    rows = {kind: [good, good] for kind in ("chorale", "accompany", *EDITS)} | {"folk": [real["folk, held-out"]] * 2}
    clean = Copying(8, 0.6, 0.0, 50.0, 50.0)
    assert all(line.met for line in verdicts(real, rows, [clean, clean]))
    rows["chorale"] = [good, {**good, "chord_beats": 91.0}]
    missed = [line for line in verdicts(real, rows, [clean, replace(clean, over_limit=0.5)]) if not line.met]
    assert [line.what for line in missed] == ["chorale: chord beats %", "copying: samples over the limit %"]
    assert (missed[0].mean, missed[0].worst) == (95.5, 91.0)


def test_copying_counts_what_is_over_the_limit_and_over_half_of_it() -> None:
    train = [tune(seed) for seed in range(3)]
    memory = Memory(train)
    found = copying([train[0].phrase.transposed(3), tune(99).phrase], memory)
    assert found.longest_run > 8
    assert found.largest_share == 1
    assert found.over_limit >= 50
    assert asdict(found)["share_over_half"] >= 50


def test_a_half_step_down_is_not_taken_for_a_whole_one() -> None:
    down = (72, 71, 69, 67, 65, 64, 62, 60, 59, 57)
    whole = (72, 70, 69, 67, 65, 64, 62, 60, 59, 57)
    known, other = (
        Phrase(METRES["4/4"], Key(), (tuple(c for p in row for c in (p, HOLD, HOLD, HOLD)),)) for row in (down, whole)
    )
    memory = Memory([Piece("scale", "reel", known, (2,))])
    assert (memory.longest(known), memory.longest(other)) == (10, 8)


def test_a_family_stands_on_one_side_of_the_split() -> None:
    pieces = [tune(seed // 2) for seed in range(60)]
    train, held = split_by_family(pieces, held_out=0.2)
    assert held
    assert not {p.title for p in train} & {p.title for p in held}
    assert len(windows_of(held)) == 5 * len(held)
