"""The line at the end of a file that says what the piece is: lanes, chords and wish, as text in the MIDI file itself.

Notes alone do not tell which of them are the melody, or that a piece is a melancholy waltz; with this line a file that
comes back weeks later is the same piece. It counts only while the file's notes are those it was written with: after
any change in another program the checksum no longer fits, and the file is heard like a stranger's. Nothing in it comes
from the person's words, and what is read is checked like any other input.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.music.keys import Key
from engine.music.midi import COLOPHON, RESOLUTION, Sheet
from engine.music.phrase import METRES, NO_CHORD, TICKS, UNKNOWN, Phrase, canonical
from engine.music.styles import INSTRUMENTS, MOODS, STYLES
from engine.music.wishes import Wish

MAX_CELLS = 64 * 16


class Known(NamedTuple):
    """What a colophon says. `by_rule`: `arrange` alone made all parts; `ruled`: tracks it made beside others."""

    phrase: Phrase
    wish: Wish
    by_rule: bool
    ruled: tuple[int, ...] = ()


def write_colophon(sheet: Sheet, known: Known) -> str:
    """The text for a file whose notes are those of `sheet`."""
    phrase, wish = known.phrase, known.wish
    facts = {
        "notes": checksum(sheet), "rule": known.by_rule, "ruled": known.ruled, "metre": phrase.metre.name,
        "key": [phrase.key.tonic, phrase.key.mode, phrase.key.flat],
        "lanes": phrase.lanes, "chords": phrase.chords, "bars": wish.bars, "tempo": wish.tempo,
        "style": wish.style.name, "mood": wish.mood, "instruments": wish.instruments, "drums": wish.drums,
        "density": wish.density, "register": wish.register,
    }  # fmt: skip
    return COLOPHON + json.dumps(facts, separators=(",", ":"))


def read_colophon(sheet: Sheet) -> Known | None:
    """What the file says it is; None when there is no such line, it is damaged, or the notes are no longer its."""
    try:
        facts = json.loads(sheet.colophon.removeprefix(COLOPHON))
        if facts["notes"] != checksum(sheet):
            return None
        phrase = _phrase(facts)
        ruled = tuple(_within(index, 0, len(sheet.tracks) - 1) for index in facts["ruled"])
        return Known(phrase, _wish(facts, phrase), bool(facts["rule"]), ruled)
    # Whatever is wrong with a line of unknown origin, the notes are still there to be heard.
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def checksum(sheet: Sheet) -> int:
    """CRC-32 over every note of a file: where, how long, how high, how loud, on which kind of track."""
    scale = RESOLUTION / TICKS
    rows = sorted(
        (track.drums, track.program * (not track.drums), round(n.start * scale), round(n.length * scale), *n[2:])
        for track in sheet.tracks
        for n in track.notes
    )
    return zlib.crc32(repr(rows).encode())


def _phrase(facts: Mapping[str, Any]) -> Phrase:
    lanes = tuple(tuple(_within(cell, UNKNOWN + 1, 127) for cell in lane) for lane in facts["lanes"])
    chords = tuple(_within(chord, NO_CHORD, 35) for chord in facts["chords"])
    if not 1 <= len(lanes) <= 4 or not 0 < len(lanes[0]) <= MAX_CELLS:
        raise ValueError("no such lanes")
    return Phrase(METRES[facts["metre"]], Key(*facts["key"]), tuple(canonical(lane) for lane in lanes), chords)


def _wish(facts: Mapping[str, Any], phrase: Phrase) -> Wish:
    names = tuple(INSTRUMENTS[name].name for name in facts["instruments"][:6])
    mood = facts["mood"] if facts["mood"] in MOODS else None
    return Wish(phrase.key, phrase.metre.name, _within(facts["bars"], 1, 64), _within(facts["tempo"], 20, 400),
                STYLES[facts["style"]], mood, names or ("piano",), bool(facts["drums"]), 1,
                _within(facts["density"], 0, 5), _within(facts["register"], 0, 5))  # fmt: skip


def _within(value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{value!r} is not within {least} and {most}")
    return value
