"""The styles and instruments a person can ask for, as tables: everything else about them is a loop over these rows.

A style says what the network is to write (which style id, how many voices), in which metres, how fast, and which rules
play around the melody. An instrument is a General MIDI program (0-127), its usual range, and what it is good for.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """`model` names a training style, `lanes` is 4 for four-part writing and 1 for a melody over rules; bpm counts
    quarters in every metre, as MIDI does. The first metre is the usual one. `loops`: its chords are one of `LOOPS`."""

    name: str
    model: str
    lanes: int
    metres: tuple[str, ...]
    tempo: int
    instruments: tuple[str, ...]
    groove: str
    drums: str = ""
    density: int = 0
    triplets: bool = False
    loops: bool = False


STYLES: Mapping[str, Style] = {
    s.name: s
    for s in (
        Style("folk", "air", 1, ("4/4", "3/4", "6/8", "2/4"), 104, ("flute", "acoustic guitar", "cello"), "strum", "",
              3),
        Style("ballad", "air", 1, ("4/4", "3/4", "6/8"), 72, ("piano", "strings", "bass"), "arpeggio", "soft", 2,
              loops=True),
        Style("waltz", "waltz", 1, ("3/4",), 132, ("violin", "piano", "cello"), "waltz", "", 0),
        Style("march", "march", 1, ("4/4", "2/4", "6/8"), 112, ("trumpet", "brass", "tuba"), "march", "march", 3),
        Style("reel", "reel", 1, ("4/4",), 108, ("fiddle", "acoustic guitar", "bass"), "strum", "bodhran", 0, True),
        Style("hornpipe", "hornpipe", 1, ("4/4",), 96, ("accordion", "acoustic guitar", "bass"), "strum", "bodhran",
              0, True),
        Style("jig", "jig", 1, ("6/8",), 168, ("fiddle", "acoustic guitar", "bass"), "jig", "bodhran", 0),
        Style("strathspey", "strathspey", 1, ("4/4",), 96, ("fiddle", "accordion", "cello"), "strum", "", 0, True),
        Style("chorale", "chorale", 4, ("4/4", "3/4"), 76, ("organ",), "", ""),
        Style("pop", "air", 1, ("4/4", "3/4", "6/8"), 116, ("lead", "piano", "electric bass"), "pop", "pop", 3,
              loops=True),
        Style("electronic", "reel", 1, ("4/4",), 124, ("lead", "pad", "synth bass"), "electronic", "electronic", 4,
              loops=True),
    )
}  # fmt: skip


# Chords of a bar each on tonic C, as numbers of `chords`, that popular music goes round in, by mode; other modes take
# those of major or minor. The chords of folk tunes and chorales, which the engine has counted, stay at home too long.
LOOPS: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "major": ((0, 7, 21, 5), (21, 5, 0, 7), (0, 21, 5, 7), (0, 5, 21, 7), (0, 16, 5, 7)),
    "minor": ((12, 8, 3, 10), (12, 17, 8, 10), (12, 3, 8, 10), (12, 10, 8, 10)),
    "dorian": ((12, 5, 10, 5), (12, 10, 5, 12), (12, 3, 10, 5)),
    "mixolydian": ((0, 10, 5, 0), (0, 5, 10, 5)),
    "phrygian": ((12, 1, 22, 1), (12, 8, 1, 12)),
    "lydian": ((0, 2, 7, 0), (0, 2, 21, 2)),
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """A General MIDI program; `kind` is keys, pluck, solo, pad or bass; low and high are MIDI pitches."""

    name: str
    program: int
    kind: str
    low: int
    high: int


INSTRUMENTS: Mapping[str, Instrument] = {
    i.name: i
    for i in (
        Instrument("piano", 0, "keys", 21, 108), Instrument("electric piano", 4, "keys", 28, 103),
        Instrument("harpsichord", 6, "keys", 29, 89), Instrument("celesta", 8, "keys", 60, 108),
        Instrument("music box", 10, "keys", 60, 96), Instrument("vibraphone", 11, "keys", 53, 89),
        Instrument("marimba", 12, "keys", 45, 96), Instrument("xylophone", 13, "keys", 65, 108),
        Instrument("bells", 14, "keys", 60, 84), Instrument("dulcimer", 15, "pluck", 48, 84),
        Instrument("organ", 19, "keys", 36, 96), Instrument("accordion", 21, "keys", 41, 93),
        Instrument("harmonica", 22, "solo", 60, 96), Instrument("acoustic guitar", 24, "pluck", 40, 84),
        Instrument("electric guitar", 27, "pluck", 40, 86), Instrument("bass", 32, "bass", 28, 60),
        Instrument("electric bass", 33, "bass", 28, 60), Instrument("synth bass", 38, "bass", 24, 60),
        Instrument("violin", 40, "solo", 55, 103), Instrument("viola", 41, "solo", 48, 91),
        Instrument("cello", 42, "solo", 36, 76), Instrument("double bass", 43, "bass", 28, 60),
        Instrument("harp", 46, "pluck", 24, 103), Instrument("strings", 48, "pad", 36, 96),
        Instrument("choir", 52, "pad", 43, 84), Instrument("voice", 53, "solo", 48, 84),
        Instrument("trumpet", 56, "solo", 55, 84), Instrument("trombone", 57, "solo", 40, 72),
        Instrument("tuba", 58, "bass", 28, 58), Instrument("horn", 60, "solo", 41, 77),
        Instrument("brass", 61, "pad", 40, 84), Instrument("saxophone", 65, "solo", 49, 80),
        Instrument("oboe", 68, "solo", 58, 91), Instrument("bassoon", 70, "solo", 34, 72),
        Instrument("clarinet", 71, "solo", 50, 91), Instrument("piccolo", 72, "solo", 74, 108),
        Instrument("flute", 73, "solo", 60, 96), Instrument("recorder", 74, "solo", 60, 96),
        Instrument("whistle", 78, "solo", 62, 98), Instrument("ocarina", 79, "solo", 60, 91),
        Instrument("lead", 80, "solo", 48, 96), Instrument("pad", 88, "pad", 36, 96),
        Instrument("sitar", 104, "pluck", 48, 77), Instrument("banjo", 105, "pluck", 48, 84),
        Instrument("shamisen", 106, "pluck", 50, 79), Instrument("koto", 107, "pluck", 55, 84),
        Instrument("kalimba", 108, "pluck", 60, 84), Instrument("bagpipe", 109, "solo", 58, 82),
        Instrument("fiddle", 110, "solo", 55, 96), Instrument("steel drums", 114, "keys", 52, 88),
        Instrument("glockenspiel", 9, "keys", 72, 108), Instrument("rock organ", 18, "keys", 36, 96),
        Instrument("steel guitar", 25, "pluck", 40, 84), Instrument("jazz guitar", 26, "pluck", 40, 86),
        Instrument("distorted guitar", 30, "pluck", 40, 86), Instrument("tremolo strings", 44, "pad", 28, 96),
        Instrument("pizzicato strings", 45, "pluck", 28, 96), Instrument("timpani", 47, "bass", 36, 57),
        Instrument("synth strings", 50, "pad", 36, 96), Instrument("muted trumpet", 59, "solo", 55, 82),
        Instrument("soprano sax", 64, "solo", 54, 87), Instrument("tenor sax", 66, "solo", 42, 75),
        Instrument("baritone sax", 67, "solo", 36, 68), Instrument("english horn", 69, "solo", 52, 81),
        Instrument("pan flute", 75, "solo", 60, 96), Instrument("shakuhachi", 77, "solo", 55, 84),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mood:
    """What a mood changes: the mode if none is asked for, the tempo's factor, density and register ids, loudness."""

    minor: bool
    tempo: float
    density: int
    register: int
    velocity: int


MOODS: Mapping[str, Mood] = {
    "joyful": Mood(False, 1.1, 4, 4, 92), "tender": Mood(False, 0.85, 2, 3, 66), "calm": Mood(False, 0.8, 2, 2, 62),
    "tense": Mood(True, 1.1, 4, 3, 96), "melancholy": Mood(True, 0.85, 2, 2, 70), "dark": Mood(True, 0.85, 2, 1, 78),
    "heroic": Mood(False, 1.05, 3, 4, 104), "dreamy": Mood(False, 0.85, 2, 4, 64),
    "playful": Mood(False, 1.1, 4, 4, 86),
    "mysterious": Mood(True, 0.9, 2, 2, 68), "angry": Mood(True, 1.2, 5, 3, 110),
    "romantic": Mood(False, 0.85, 3, 3, 74),
}  # fmt: skip
