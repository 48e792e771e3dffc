"""Motifs: taken from music, changed so that they stay themselves, brought back by the shipped network."""

import random
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import pytest

from engine.music import perform
from engine.music.composer import Composer, Composition
from engine.music.form import make_plan
from engine.music.keys import Key
from engine.music.motif import FEWEST, MOST, SPAN, Motif, named, plain, read, taken
from engine.music.notation import read_names
from engine.music.orders import Order, loaded, stored
from engine.music.phrase import METRES, UNKNOWN, Phrase, notes_of
from engine.music.returning import ENOUGH, Placed, returned, told
from engine.music.setting import counted
from engine.music.song import Song, sing
from engine.music.variation import KINDS, contour, pitches, shifted, tones_of, varied
from engine.music.wishes import read_wish
from engine.text.lore import index

TUNES = (
    "3/4 Dm: D4 F4 A4 G4:2 F4 E4 D4 C4",
    "4/4 C: C4 E4 G4/2 A4/2 G4 E4:2 D4 C4",
    "6/8 G: G4 B4/2 D5 B4/2 C5:1.5 A4:1.5",
    "2/4 Eb: Eb4/2 F4/2 G4 Bb4/2 Ab4/2 G4 F4 Eb4",
    "4/4 Am: A4 G#4 A4/2 B4/2 C5 E5:2 D5:2",
    "4/4 C: G4/3 A4/3 B4/3 C5 E4 G4 C4:4",
)
KEYS = (Key(2, "minor"), Key(7), Key(4, "dorian"), Key(10, "major pentatonic"), Key(9, "harmonic minor"))
SPANS = (55, 86)
VERSE = (
    "The lamp is lit along the bay,\nAnd Mara counts the boats at sea,\n"
    "The tide will take the light away,\nAnd bring it home to me."
)


def motif(text: str = TUNES[0], name: str = "Mara") -> Motif:
    found = taken(read_names(text), name)
    assert found
    return found


def kept(one: Motif, row: list[int]) -> bool:
    """The measure: every move goes where the motif's goes, or every one the other way."""
    own = contour([note.pitch for note in one.notes])
    moves = contour(row)
    return moves in (own[: len(moves)], tuple(-move for move in own[: len(moves)]))


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer.load()


@pytest.fixture(scope="module")
def pieces(composer: Composer) -> list[tuple[Motif, Composition]]:
    """Motifs in styles of every metre, and in four parts."""
    wishes = ("8 bars waltz in G minor, piano", "5 bars chorale in F", "16 bars march in B flat, 2/4, tuba",
              "5 bars pop in E minor")  # fmt: skip
    motifs = [motif(text) for text in (TUNES[0], *TUNES[2:5])]
    return [
        (one, composer.compose(read_wish(words), 3, 1, (one,))[0]) for one, words in zip(motifs, wishes, strict=False)
    ]


@pytest.mark.parametrize("text", TUNES)
def test_a_motif_is_the_opening_and_short(text: str) -> None:
    one = motif(text)
    whole = read_names(text)
    heard = [note.pitch for note in one.notes]
    assert FEWEST <= len(heard) <= MOST
    assert max(heard) - min(heard) <= SPAN
    assert len(one.lane) <= 2 * counted(whole.metre.name).bar
    last = max(cell for cell, value in enumerate(one.lane) if value >= 0) + 1
    assert one.lane[:last] == whole.lanes[0][:last]
    assert read(plain(one)) == one
    assert notes_of(read_names(one.spelled).lanes[0]) == one.notes
    assert not one.spelled.split()[-1].startswith("R")


def test_it_begins_where_the_music_does_and_not_in_an_empty_bar() -> None:
    silent = read_names("4/4 C: R:4 R:3 G4 C5 B4 A4 G4 F4 E4 D4 C4")
    assert [note.pitch for note in motif_of(silent).notes][:4] == [72, 71, 69, 67]


def motif_of(phrase: Phrase) -> Motif:
    found = taken(phrase, "Mara")
    assert found
    return found


@pytest.mark.parametrize("text", ["4/4 C: C4:4", "4/4 C: C4 C4 C4 C4", "4/4 C: C2 C5 C2 C5"])
def test_music_without_a_melody_has_no_motif(text: str) -> None:
    assert taken(read_names(text), "Mara") is None


def test_names_are_found_as_keys_of_the_lore_are() -> None:
    motifs = tuple(motif(name=name) for name in ("Mara", "the Lighthouse", "玛拉"))
    assert [one.name for one in named(motifs, "To the lighthouse went MARA's boat")] == ["the Lighthouse", "Mara"]
    assert named(motifs, "Maramures and lighthouses") == ()
    assert [one.name for one in named(motifs, "夜里玛拉数着船")] == ["玛拉"]
    assert index(frozenset({"Mara"})).find("Mara’s") == {"Mara": 0}


@pytest.mark.parametrize(("text", "kind"), [*product(TUNES, KINDS)])
def test_whatever_is_done_to_a_motif_its_moves_are_kept_or_all_turned_over(text: str, kind: str) -> None:
    one, made = motif(text), 0
    for key, metre, seed in product(KEYS, METRES.values(), range(3)):
        tones = tones_of(one, metre)
        changed = varied(tones, kind, random.Random(seed), metre.bar * 3)
        if not changed:
            continue
        made += 1
        main = [pitch for pitch, tone in zip(pitches(changed, key), changed, strict=True) if tone.main]
        parts = [main[: len(tones)], main[len(tones) :]] if kind == "sequence" else [main]
        assert all(kept(one, part) for part in parts)
        starts = [tone.start for tone in changed]
        assert starts == sorted(set(starts))
        assert all(a.start + a.length <= b.start for a, b in pairwise(changed))
        assert changed != tones
    assert made or kind in ("ornament", "augmentation")


def test_in_its_own_key_and_metre_a_motif_is_what_it_was() -> None:
    for text in TUNES:
        one = motif(text)
        tones = tones_of(one, METRES[one.metre])
        assert pitches(tones, one.key) == [note.pitch for note in one.notes]
        assert [(tone.start, tone.length) for tone in tones] == [note[:2] for note in one.notes]
        up = pitches(shifted(tones, 7), one.key)
        assert [b - a for a, b in zip(pitches(tones, one.key), up, strict=True)] == [12] * len(tones)


def test_the_network_writes_around_a_motif_that_returns_where_phrases_begin(
    pieces: list[tuple[Motif, Composition]],
) -> None:
    kinds = set()
    for one, piece in pieces:
        lane, bar = piece.phrase.lanes[0], 16 if piece.phrase.metre.name == "2/4" else piece.phrase.metre.bar
        assert len(piece.motifs.returns) >= (2 if piece.phrase.bars > 5 else 1)
        for back in piece.motifs.returns:
            assert kept(one, [lane[cell] for cell in back.cells[: len(one.notes)]])
            assert back.cells[0] % (4 * bar) < 4
            assert UNKNOWN not in lane
            kinds.add(back.kind)
        own = {lane[cell] % 12 for back in piece.motifs.returns for cell in back.cells}
        assert {pitch % 12 for pitch in lane if pitch >= 0} <= piece.phrase.key.pitch_classes | own
        assert piece.motifs.left == ()
    assert len(kinds) >= 2


def test_what_is_said_of_a_motif_is_so(pieces: list[tuple[Motif, Composition]]) -> None:
    for one, piece in pieces:
        remarks = told(piece.motifs, piece.phrase)
        assert {name for name, _ in remarks} <= {"motif_in_bars", "motif_in_bar"}
        first = piece.motifs.returns[0]
        fields = remarks[0][1]
        away = piece.phrase.lanes[0][first.cells[0]] - one.notes[0].pitch
        assert str(fields["interval"]).startswith("-") == (away < 0)
        assert str(fields["bars"]).startswith("1")
        assert fields["name"] == "Mara"


def test_the_same_seed_brings_it_back_alike_and_another_one_otherwise(composer: Composer) -> None:
    wish = read_wish("4 bars air in C, flute")
    made = [composer.compose(wish, seed, 1, (motif(TUNES[1]),))[0] for seed in (1, 1, 2)]
    assert made[0].phrase == made[1].phrase
    assert made[0].phrase.lanes != made[2].phrase.lanes


def placed(bars: int, *names: str) -> Placed:
    metre = METRES["4/4"]
    blank = Phrase(metre, Key(), ((UNKNOWN,) * bars * metre.bar,))
    motifs = [motif(TUNES[1], name) for name in names]
    return returned(blank, make_plan(bars, random.Random(1)), motifs, 1, SPANS)


def test_each_of_several_names_returns_while_there_is_room() -> None:
    both = placed(8, "Mara", "Tom")
    assert [one.name for one in both.returns] == ["Mara", "Tom"]
    assert both.left == ()
    crowd = placed(8, "Mara", "Tom", "Ann")
    assert crowd.left == ("Ann",)
    assert told(crowd, crowd.phrase)[-1] == ("motif_no_room", {"names": "Ann"})
    assert placed(1, "Mara").left == ("Mara",)
    assert placed(32, "Mara", "Tom", "Ann").left == ()


@pytest.fixture(scope="module")
def song(composer: Composer) -> Song:
    return sing(composer.desk, f"{VERSE}\n\n{VERSE}", read_wish("in E minor"), 4, 2, (motif(TUNES[1]),))[0]


def test_a_motif_is_sung_in_the_line_that_names_it(song: Song) -> None:
    one, lane = motif(TUNES[1]), song.phrase.lanes[0]
    onsets = [cell for cell, value in enumerate(lane) if value >= 0]
    syllables = [event.strip("\r\n -") for event in song.lyrics]
    for back in song.motifs.returns:
        assert len(back.cells) >= ENOUGH
        assert kept(one, [lane[cell] for cell in back.cells])
        assert syllables[onsets.index(back.cells[0]) :][:2] == ["And", "Ma"]
    assert len(song.motifs.returns) == 2
    heard = [[lane[cell] for cell in back.cells] for back in song.motifs.returns]
    assert heard[0] == heard[1]
    assert max(value for value in lane if value >= 0) - min(value for value in lane if value >= 0) <= 16


def test_a_line_too_short_for_a_motif_leaves_it_out(composer: Composer) -> None:
    short = sing(composer.desk, "Mara\ncome home", read_wish(""), 1, 1, (motif(TUNES[1]),))[0]
    assert short.motifs.left == ("Mara",)


def test_an_order_keeps_its_motifs_as_json() -> None:
    order = Order("compose", "4 bars air", motifs=(motif(),), about="0" * 16)
    assert loaded(stored(order)) == order
    broken = {**stored(order), "motifs": [{"name": "Mara"}, 7]}
    assert loaded(broken) == replace(order, motifs=())
    score, _ = perform.heard(motif().spelled.encode())
    assert score.phrase.lanes == (motif().lane,)


@pytest.mark.parametrize(
    "changed",
    [
        *({"name": 7}, {"key": "D"}, {"key": [12, "minor", False]}, {"key": [2.5, "minor", False]}, {"metre": "7/8"}),
        *(
            {"lane": "x"},
            {"lane": [60] * 400},
            {"lane": [60, 62, 64]},
            {"lane": [60, 62, 400, 64]},
            {"lane": [-1] * 16},
        ),
    ],
)
def test_what_is_no_motif_is_told(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a motif"):
        read({**plain(motif()), **changed})
