from engine.music.abc import read_abc
from engine.music.keys import Key
from engine.music.phrase import Note

TUNE = """X:1
T:A test
R:reel
M:C|
L:1/8
K:Gm
D|:G2 (3Bcd =e^f {a}g2|A>B d<c z2 [DG]2:|
|:B4-B2 d2|1 G8:|2 G4 D4:|
"""


def test_reads_key_title_and_the_parts_between_repeats() -> None:
    (tune,) = read_abc(TUNE)
    assert (tune.title, tune.rhythm, tune.metre, tune.key) == ("A test", "reel", "4/4", Key(7, "minor"))
    assert [len(part) for part in tune.parts] == [1, 2, 2]


def test_accidentals_triplets_and_the_signature() -> None:
    bar = read_abc(TUNE)[0].parts[1][0]
    assert [note.pitch for note in bar] == [67, 70, 72, 74, 76, 78, 79]
    assert bar[1] == Note(12, 4, 70)


def test_broken_rhythm_moves_half_a_note() -> None:
    bar = read_abc(TUNE)[0].parts[1][1]
    assert [note.length for note in bar] == [9, 3, 3, 9, 12]
    assert bar[-1].pitch == 62


def test_ties_join_and_of_two_endings_the_first_counts() -> None:
    part = read_abc(TUNE)[0].parts[2]
    assert part[0][0] == Note(0, 36, 70)
    assert part[1] == [Note(0, 48, 67)]


def test_text_that_is_no_tune_gives_no_tunes() -> None:
    assert read_abc("once upon a time") == []
