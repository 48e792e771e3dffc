import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import wording
from engine.music.composer import Composer
from engine.music.errors import NothingToEdit
from engine.music.keys import Key
from engine.music.phrase import HOLD, METRES, REST, UNKNOWN, Phrase
from tests.engine.music.fakes import fake_desk

BAR = (62, HOLD, 64, HOLD, 65, HOLD, 67, HOLD, 69, HOLD, HOLD, HOLD, 65, HOLD, HOLD, HOLD)
TUNE = Phrase(METRES["4/4"], Key(2, "minor"), (BAR * 4,))
composer = Composer(fake_desk())


def four(tune: Phrase) -> Phrase:
    low = tuple(c - 24 if c >= 0 else c for c in tune.lanes[0])
    middle = tuple(c - 9 if c >= 0 else c for c in tune.lanes[0])
    return Phrase(tune.metre, tune.key, (tune.lanes[0], middle, tuple(c - 5 if c >= 0 else c for c in middle), low))


@given(st.integers(1, 12), st.integers(0, 99), st.sampled_from([1, 4]))
def test_extending_keeps_every_cell_and_adds_the_bars_asked_for(bars: int, seed: int, lanes: int) -> None:
    start = TUNE if lanes == 1 else four(TUNE)
    longer = composer.extend(start, bars, seed, candidates=2)
    assert longer.bars == 4 + bars
    assert [lane[: start.cells] for lane in longer.lanes] == list(start.lanes)
    assert not any(UNKNOWN in lane for lane in longer.lanes)


def test_two_and_three_lanes_extend_without_growing_voices() -> None:
    voices = four(TUNE).lanes
    for lanes in ((voices[0], voices[3]), (voices[0], voices[1], voices[3])):
        longer = composer.extend(Phrase(TUNE.metre, TUNE.key, lanes), 2, seed=1)
        assert [lane[: TUNE.cells] for lane in longer.lanes] == list(lanes)


@pytest.mark.parametrize("octave", [-24, -12, 0, 12, 24])
@pytest.mark.parametrize("metre", ["4/4", "3/4", "6/8", "2/4"])
def test_harmonizing_keeps_the_melody_to_the_note(metre: str, octave: int) -> None:
    bar = METRES[metre].bar
    tune = Phrase(METRES[metre], TUNE.key, (TUNE.lanes[0][: 3 * bar],)).transposed(octave)
    made = composer.harmonize(tune, seed=2)
    assert made.lanes[0] == tune.lanes[0]
    assert len(made.lanes) == 4
    assert all(any(cell >= 0 for cell in lane) for lane in made.lanes)


def test_a_stronger_variation_changes_more_and_kept_lanes_do_not_change() -> None:
    start = four(TUNE)
    changed = []
    for strength in (0.0, 1.0):
        made = composer.vary(start, strength, seed=3, keep=[0])
        assert made.lanes[0] == start.lanes[0]
        changed.append(
            sum(a != b for x, y in zip(start.lanes, made.lanes, strict=True) for a, b in zip(x, y, strict=True))
        )
    assert 0 < changed[0] < changed[1]


@given(st.integers(0, 200), st.integers(1, 4))
def test_even_the_weakest_variation_of_the_shortest_piece_is_one(seed: int, beats: int) -> None:
    tune = Phrase(METRES["2/4"], TUNE.key, ((62, HOLD, HOLD, HOLD) * beats,))
    made = composer.vary(tune, 0.0, seed, candidates=1)
    assert made.cells == tune.cells
    assert UNKNOWN not in made.lanes[0]


@pytest.mark.parametrize(("change", "sign"), [("sparser", -1), ("denser", 1)])
def test_only_the_bars_named_change_and_they_get_sparser_or_denser(change: str, sign: int) -> None:
    made = composer.redraw(TUNE, 2, 3, change, seed=4)
    here = slice(16, 48)
    assert made.lanes[0][:16] == TUNE.lanes[0][:16]
    assert made.lanes[0][48:] == TUNE.lanes[0][48:]
    before, after = (sum(c >= 0 for c in p.lanes[0][here]) for p in (TUNE, made))
    assert (after - before) * sign > 0


def test_a_morph_begins_as_the_one_and_ends_as_the_other() -> None:
    goal = TUNE.transposed(5)
    made = composer.morph(TUNE, goal, 8, seed=5)
    home = goal.transposed(-5)
    assert made.bars == 8
    assert made.key == TUNE.key
    assert made.lanes[0][:4] == TUNE.lanes[0][:4]
    assert made.lanes[0][-4:] == home.lanes[0][-4:]


def test_accompanying_adds_chords_and_no_notes() -> None:
    made = composer.accompany(four(TUNE))
    assert made.lanes == (TUNE.lanes[0],)
    assert set(made.chords) <= {*range(36)}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: composer.redraw(TUNE, 3, 9, "sparser", seed=1),
        lambda: composer.redraw(TUNE, 0, 1, "denser", seed=1),
        lambda: composer.redraw(TUNE, 1, 2, "denser", seed=1, keep=[0]),
        lambda: composer.vary(TUNE, 0.5, seed=1, keep=[0]),
        lambda: composer.extend(TUNE, 900, seed=1),
        lambda: composer.extend(Phrase(TUNE.metre, TUNE.key, ((REST,) * 64,)), 2, seed=1),
        lambda: composer.morph(TUNE, Phrase(METRES["3/4"], Key(), (BAR * 3,)), 8, seed=1),
    ],
)
def test_an_edit_that_cannot_be_gets_one_sentence(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(NothingToEdit) as caught:
        wrong()
    assert wording.error(caught.value, "en").endswith(".")
