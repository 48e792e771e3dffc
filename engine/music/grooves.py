"""What plays around a melody, as tables: bass, chords and drums of one bar for each groove and metre.

Cells are sixteenths from the bar's start. A bass hit is (cell, length, step) where step 0 is the chord's root and 1 its
fifth below; a chord hit is (cell, length, voice) where voice -1 is the whole chord and 0-3 one note of it, low to high.
A drum hit is (cell, General MIDI percussion key, velocity). 2/4 plays the first half of 4/4.
"""

from collections.abc import Mapping

Hit = tuple[int, int, int]
KICK, SIDE, SNARE, CLAP, HAT, OPEN_HAT, RIDE, TAMBOURINE, LOW_TOM, CONGA = 36, 37, 38, 39, 42, 46, 51, 54, 45, 64
CRASH = 49
SECTION = 8  # bars

BASS: Mapping[str, Mapping[str, tuple[Hit, ...]]] = {
    "strum": {"4/4": ((0, 6, 0), (8, 6, 1)), "3/4": ((0, 8, 0),), "6/8": ((0, 5, 0), (6, 5, 1))},
    "arpeggio": {"4/4": ((0, 8, 0), (8, 8, 0)), "3/4": ((0, 12, 0),), "6/8": ((0, 6, 0), (6, 6, 0))},
    "waltz": {"3/4": ((0, 4, 0),)},
    "march": {"4/4": ((0, 3, 0), (4, 3, 1), (8, 3, 0), (12, 3, 1)), "6/8": ((0, 4, 0), (6, 4, 1))},
    "jig": {"6/8": ((0, 4, 0), (6, 4, 1))},
    "pop": {"4/4": ((0, 4, 0), (6, 2, 0), (8, 4, 0), (12, 2, 0), (14, 2, 1))},
    "electronic": {"4/4": ((2, 2, 0), (6, 2, 0), (10, 2, 0), (14, 2, 0))},
}

CHORD_HITS: Mapping[str, Mapping[str, tuple[Hit, ...]]] = {
    "strum": {
        "4/4": ((4, 3, -1), (6, 2, -1), (12, 3, -1), (14, 2, -1)),
        "3/4": ((4, 3, -1), (8, 3, -1)),
        "6/8": ((4, 2, -1), (10, 2, -1)),
    },
    "arpeggio": {
        "4/4": tuple((2 * i, 2, (0, 1, 2, 3, 2, 1, 2, 1)[i]) for i in range(8)),
        "3/4": tuple((2 * i, 2, (0, 1, 2, 3, 2, 1)[i]) for i in range(6)),
        "6/8": tuple((2 * i, 2, (0, 1, 2, 3, 2, 1)[i]) for i in range(6)),
    },
    "waltz": {"3/4": ((4, 3, -1), (8, 3, -1))},
    "march": {"4/4": ((2, 2, -1), (6, 2, -1), (10, 2, -1), (14, 2, -1)), "6/8": ((4, 2, -1), (10, 2, -1))},
    "jig": {"6/8": ((4, 2, -1), (10, 2, -1))},
    "pop": {"4/4": ((0, 6, -1), (6, 6, -1), (12, 4, -1))},
    "electronic": {"4/4": tuple((2 * i, 1, (0, 2, 1, 3, 0, 2, 3, 1)[i]) for i in range(8))},
}

DRUMS: Mapping[str, Mapping[str, tuple[Hit, ...]]] = {
    "soft": {
        "4/4": ((0, KICK, 60), (8, SIDE, 56), *((i, HAT, 42) for i in range(0, 16, 2))),
        "3/4": ((0, KICK, 58), (4, SIDE, 44), (8, SIDE, 44), *((i, HAT, 38) for i in range(0, 12, 2))),
        "6/8": ((0, KICK, 58), (6, SIDE, 52), *((i, HAT, 38) for i in range(0, 12, 2))),
    },
    "waltz": {"3/4": ((0, KICK, 66), (4, HAT, 50), (8, HAT, 50))},
    "march": {
        "4/4": ((0, KICK, 90), (8, KICK, 84), (4, SNARE, 84), (12, SNARE, 84), (14, SNARE, 60), (15, SNARE, 66)),
        "6/8": ((0, KICK, 90), (6, SNARE, 80), (8, SNARE, 56), (10, SNARE, 66)),
        "3/4": ((0, KICK, 86), (4, SNARE, 70), (8, SNARE, 70)),
    },
    "bodhran": {
        "4/4": ((0, LOW_TOM, 84), (4, CONGA, 60), (8, LOW_TOM, 76), (12, CONGA, 60), (6, CONGA, 44), (14, CONGA, 48)),
        "6/8": ((0, LOW_TOM, 84), (4, CONGA, 54), (6, LOW_TOM, 76), (10, CONGA, 58), (2, CONGA, 38), (8, CONGA, 38)),
        "3/4": ((0, LOW_TOM, 80), (4, CONGA, 54), (8, CONGA, 58)),
    },
    "pop": {
        "4/4": ((0, KICK, 96), (6, KICK, 76), (8, KICK, 90), (4, SNARE, 94), (12, SNARE, 94),
                *((i, HAT, 62 if i % 4 else 72) for i in range(0, 16, 2))),
        "3/4": ((0, KICK, 92), (4, SNARE, 70), (8, SNARE, 84), *((i, HAT, 58) for i in range(0, 12, 2))),
        "6/8": ((0, KICK, 92), (6, SNARE, 88), *((i, HAT, 58) for i in range(0, 12, 2))),
    },
    "electronic": {
        "4/4": (*((i, KICK, 106) for i in range(0, 16, 4)), (4, CLAP, 88), (12, CLAP, 88),
                *((i, OPEN_HAT, 66) for i in range(2, 16, 4)), *((i, HAT, 46) for i in range(0, 16, 4))),
    },
}  # fmt: skip


# Which drum leads into the next section; styles that are not here go on as they are.
FILLS: Mapping[str, int] = {"march": SNARE, "pop": SNARE, "electronic": CLAP}


def bar_of(table: Mapping[str, Mapping[str, tuple[Hit, ...]]], name: str, metre: str) -> tuple[Hit, ...]:
    """The hits of one bar; () where the table has none, and for a metre it lacks the strumming or soft pattern."""
    if name not in table:
        return ()
    row = table[name]
    if metre == "2/4":
        return tuple(hit for hit in row.get("4/4", ()) if hit[0] < 8)
    fallback = table.get("strum", table.get("soft", {}))
    return row.get(metre) or fallback.get(metre, ())
