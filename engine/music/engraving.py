"""The score as a picture, an extra: phrase to MusicXML, engraved by verovio, drawn by resvg.

Both packages are optional (the extra `score`); `can_engrave` says whether they are there, and without them nobody is
offered a score. MusicXML rather than ABC, because verovio lays out several voices from it. Notes are cut at barlines
and spelt in the key; two lanes or more become two staves, as a choir reads them.
"""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from engine.music.keys import NAMES_FLAT, NAMES_SHARP
from engine.music.phrase import CELL, TICKS, Phrase, notes_of

WIDTH = 1600  # pixels of a full line
PAGE, SCALE = 1260, 60  # of which verovio's units are so many; percent
# Lengths in ticks that one note head can have, with dots, longest first.
_SHAPES = ((48, "whole", 0), (36, "half", 1), (24, "half", 0), (18, "quarter", 1), (12, "quarter", 0), (9, "eighth", 1),
           (6, "eighth", 0), (3, "16th", 0))  # fmt: skip
_THIRDS = ((8, "quarter"), (4, "eighth"))
_SIGNS = {"#": 1, "b": -1, "": 0}
Piece = tuple[int | None, int, int, bool, bool]  # pitch or None, start, end, tied from before, tied on


class _Row(NamedTuple):
    """Where notes are being written: a measure, a voice and staff of it, the signature, and the beat in ticks."""

    measure: Element
    voice: int
    staff: int
    fifths: int
    pulse: int


def can_engrave() -> bool:
    """Whether the packages for scores are installed."""
    return find_spec("verovio") is not None and find_spec("resvg_py") is not None


def draw_score(phrase: Phrase, tempo: int = 0, lyrics: Sequence[str] = ()) -> bytes:
    """The phrase, with words under its first lane, as a PNG on white paper, as wide and as high as it needs to be.

    ImportError without the packages.
    """
    import resvg_py  # noqa: PLC0415

    toolkit = _toolkit()
    toolkit.loadData(write_musicxml(phrase, tempo, lyrics))
    svg = toolkit.renderToSVG(1)
    size = re.search(r'viewBox="0 0 (\d+)', svg)
    width = round(int(size[1]) * WIDTH / PAGE) if size else WIDTH
    png: bytes = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width, background="white"))
    return png


def _toolkit() -> Any:
    import verovio  # type: ignore[import-not-found, unused-ignore] # noqa: PLC0415

    # Verovio keeps its fonts by thread and finds them in the thread that imported it only, so each toolkit is told.
    toolkit = verovio.toolkit(False)
    toolkit.setResourcePath(str(Path(verovio.__file__).with_name("data")))
    toolkit.setOptions({"pageWidth": PAGE * 100 // SCALE, "pageHeight": 60_000, "adjustPageHeight": True,
                        "adjustPageWidth": True, "scale": SCALE, "footer": "none", "header": "none",
                        "breaks": "auto", "svgViewBox": True})  # fmt: skip
    return toolkit


def write_musicxml(phrase: Phrase, tempo: int = 0, lyrics: Sequence[str] = ()) -> str:
    """The phrase as MusicXML 4: one staff for a melody, two for more lanes, the upper half of them on the upper one.

    `lyrics` (see `engine.text.singing`) stand under the first notes of the first lane.
    """
    root = Element("score-partwise", version="4.0")
    part_list, part = SubElement(root, "part-list"), SubElement(root, "part", id="P1")
    SubElement(SubElement(part_list, "score-part", id="P1"), "part-name").text = ""
    bar, pulse, end = phrase.metre.bar * CELL, phrase.metre.pulse * CELL, phrase.cells * CELL
    lanes = [notes_of(lane) for lane in phrase.lanes]
    words = _words(lanes[:1], lyrics)
    for number, start in enumerate(range(0, end, bar), 1):
        measure = SubElement(part, "measure", number=str(number))
        if number == 1:
            _attributes(measure, phrase)
            _tempo(measure, tempo)
        for index, notes in enumerate(lanes):
            if index:
                SubElement(SubElement(measure, "backup"), "duration").text = str(min(bar, end - start))
            staff = 1 if index < (len(lanes) + 1) // 2 else 2
            row = _Row(measure, index + 1, staff, phrase.key.fifths, pulse)
            written = _voice(row, _pieces(notes, start, min(start + bar, end)))
            _beam(written, pulse)
            for at, _, note in written if not index else ():
                _sing(note, words.get(at))
        if start + bar >= end:
            line = SubElement(measure, "barline", location="right")
            SubElement(line, "bar-style").text = "light-heavy"
    return '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(root, encoding="unicode")


def _words(lanes: Sequence[Sequence[Any]], lyrics: Sequence[str]) -> dict[int, tuple[str, str]]:
    """The (syllabic, text) of each tick at which a syllable begins."""
    words, inside = dict[int, tuple[str, str]](), False
    for note, event in zip(lanes[0] if lanes else (), lyrics, strict=False):
        goes_on = event.endswith("-")
        kind = ("middle" if goes_on else "end") if inside else "begin" if goes_on else "single"
        words[note.start], inside = (kind, event[:-1] if goes_on else event.strip()), goes_on
    return words


def _sing(note: Element, word: tuple[str, str] | None) -> None:
    """The syllable under a note; a note that is tied from before has none."""
    if word is not None and note.find("rest") is None and all(tie.get("type") != "stop" for tie in note.findall("tie")):
        lyric = SubElement(note, "lyric", number="1")
        SubElement(lyric, "syllabic").text, SubElement(lyric, "text").text = word


def _attributes(measure: Element, phrase: Phrase) -> None:
    attributes = SubElement(measure, "attributes")
    SubElement(attributes, "divisions").text = str(TICKS)
    SubElement(SubElement(attributes, "key"), "fifths").text = str(phrase.key.fifths)
    time = SubElement(attributes, "time")
    above, below = phrase.metre.signature
    SubElement(time, "beats").text, SubElement(time, "beat-type").text = str(above), str(below)
    many = len(phrase.lanes) > 1
    if many:
        SubElement(attributes, "staves").text = "2"
    for staff in (1, 2)[: 1 + many]:
        pitches = [c for lane in _on_staff(phrase, staff) for c in lane if c >= 0]
        low = bool(pitches) and sum(pitches) / len(pitches) < (62 if staff == 2 else 55)
        clef = SubElement(attributes, "clef", number=str(staff))
        SubElement(clef, "sign").text, SubElement(clef, "line").text = ("F", "4") if low else ("G", "2")


def _on_staff(phrase: Phrase, staff: int) -> Sequence[Sequence[int]]:
    upper = (len(phrase.lanes) + 1) // 2
    return phrase.lanes[:upper] if staff == 1 else phrase.lanes[upper:]


def _tempo(measure: Element, tempo: int) -> None:
    if not tempo:
        return
    direction = SubElement(measure, "direction", placement="above")
    # In figures: the little note of a metronome mark is in no font that resvg could use.
    SubElement(SubElement(direction, "direction-type"), "words").text = f"{tempo} bpm"


def _pieces(notes: Sequence[Any], first: int, last: int) -> list[Piece]:
    """All that sounds or is silent in a bar."""
    pieces, at = list[Piece](), first
    for note in notes:
        start, end = max(note.start, first), min(note.start + note.length, last)
        if start < end:
            pieces += [(None, at, start, False, False)] if start > at else []
            pieces.append((note.pitch, start, end, note.start < first, note.start + note.length > last))
            at = end
    return pieces + ([(None, at, last, False, False)] if at < last else [])


def _voice(row: _Row, pieces: Sequence[Piece]) -> list[tuple[int, int, Element]]:
    """Write one voice of a bar; the (start, ticks, element) of what can be beamed, None of it in an empty bar."""
    written = list[tuple[int, int, Element]]()
    if all(pitch is None for pitch, *_ in pieces):
        _note(row, None, pieces[-1][2] - pieces[0][1], whole=True)
        return written
    thirds = {edge // TICKS for _, start, end, _, _ in pieces for edge in (start, end) if edge % CELL}
    for pitch, start, end, before, on in pieces:
        cuts = sorted({start, end, *(edge for beat in thirds for edge in (beat * TICKS, beat * TICKS + TICKS)
                                     if start < edge < end)})  # fmt: skip
        parts = [
            (a, b) for left, right in pairwise(cuts) for a, b in _heads(left, right, left // TICKS in thirds, row.pulse)
        ]
        for number, (a, b) in enumerate(parts):
            ties = (before or number > 0, on or number < len(parts) - 1) if pitch is not None else (False, False)
            note = _note(row, pitch, b - a, third=a // TICKS in thirds, ties=ties)
            _bracket(note, a, b, a // TICKS in thirds)
            written.append((a, b - a, note))
    return written


def _beam(written: Sequence[tuple[int, int, Element]], pulse: int) -> None:
    """Join the eighths and shorter notes of each beat; a lone sixteenth beside an eighth gets a hook."""
    groups: list[list[tuple[int, int, Element]]] = [[]]
    for at, ticks, note in written:
        short = note.find("rest") is None and note.findtext("type") in ("eighth", "16th")
        if not short or (groups[-1] and _group(*groups[-1][-1], pulse) != _group(at, ticks, note, pulse)):
            groups.append([])
        if short:
            groups[-1].append((at, ticks, note))
    for group in groups:
        kinds = [note.findtext("type") == "16th" for _, _, note in group]
        for i, (_, _, note) in enumerate(group if len(group) > 1 else []):
            _put_beam(note, 1, i > 0, i < len(group) - 1, backward=False)
            if kinds[i]:
                before, after = i > 0 and kinds[i - 1], i < len(group) - 1 and kinds[i + 1]
                _put_beam(note, 2, before, after, backward=i > 0)


def _group(at: int, _: int, note: Element, pulse: int) -> tuple[bool, int]:
    """Which beam a note belongs to: its beat's; in 6/8, where thirds of a quarter cross the beat, these stand apart."""
    third = note.find("time-modification") is not None
    return third, at // (TICKS if third else pulse)


def _put_beam(note: Element, number: int, before: bool, after: bool, *, backward: bool) -> None:
    hook = "backward hook" if backward else "forward hook"
    kind = "continue" if before and after else "begin" if after else "end" if before else hook
    beam = Element("beam", number=str(number))
    beam.text = kind
    # The order of elements is the standard's: beams stand after the staff and before the notations.
    place = next(i for i, child in enumerate(note) if child.tag == "staff") + number
    note.insert(place, beam)


def _heads(start: int, end: int, third: bool, pulse: int) -> list[tuple[int, int]]:
    """A stretch as single note heads; of long ones none hides the beats inside it."""
    if third and end - start < TICKS:
        return [(start, end)] if end - start in (4, 8) else [(start, start + 4), (start + 4, end)]
    heads, at = list[tuple[int, int]](), start
    while at < end:
        room = end - at
        into = at % pulse
        # From within a beat a head goes to its end at most, unless it is an eighth off and short (a syncopation).
        most = room if not into else min(room, TICKS if into == 6 and pulse == TICKS else pulse - into)
        length = next((ticks for ticks, _, _ in _SHAPES if ticks <= most), CELL)
        heads.append((at, min(at + length, end)))
        at += length
    return heads


def _note(
    row: _Row,
    pitch: int | None,
    ticks: int,
    *,
    third: bool = False,
    whole: bool = False,
    ties: tuple[bool, bool] = (False, False),
) -> Element:
    note = SubElement(row.measure, "note")
    if pitch is None:
        SubElement(note, "rest", {"measure": "yes"} if whole else {})
    else:
        step, alter, octave = _spelt(pitch, row.fifths)
        place = SubElement(note, "pitch")
        SubElement(place, "step").text = step
        if alter:
            SubElement(place, "alter").text = str(alter)
        SubElement(place, "octave").text = str(octave)
    SubElement(note, "duration").text = str(ticks)
    for is_tied, kind in zip(ties, ("stop", "start"), strict=True):
        if is_tied:
            SubElement(note, "tie", type=kind)
    SubElement(note, "voice").text = str(row.voice)
    if not whole:
        _shape(note, ticks, third and ticks in (4, 8))
    SubElement(note, "staff").text = str(row.staff)
    if any(ties):
        notations = SubElement(note, "notations")
        for is_tied, kind in zip(ties, ("stop", "start"), strict=True):
            if is_tied:
                SubElement(notations, "tied", type=kind)
    return note


def _shape(note: Element, ticks: int, third: bool) -> None:
    """Note value, dots, and for thirds of a beat three in the time of two."""
    if third:
        SubElement(note, "type").text = dict(_THIRDS)[ticks]
        modification = SubElement(note, "time-modification")
        SubElement(modification, "actual-notes").text, SubElement(modification, "normal-notes").text = "3", "2"
        return
    name, dots = next(((n, d) for length, n, d in _SHAPES if length <= ticks), ("16th", 0))
    SubElement(note, "type").text = name
    for _ in range(dots):
        SubElement(note, "dot")


def _bracket(note: Element, start: int, end: int, third: bool) -> None:
    """A triplet's bracket begins and ends with its beat."""
    edges = [kind for kind, here in (("start", start % TICKS == 0), ("stop", end % TICKS == 0)) if here]
    if not third or end - start >= TICKS or not edges:
        return
    notations = note.find("notations")
    notations = SubElement(note, "notations") if notations is None else notations
    for kind in edges:
        SubElement(notations, "tuplet", type=kind, number="1", bracket="yes")


def _spelt(pitch: int, fifths: int) -> tuple[str, int, int]:
    """Step, alteration and octave (C4 is MIDI 60): flats in flat keys, sharps in all others."""
    name = (NAMES_FLAT if fifths < 0 else NAMES_SHARP)[pitch % 12]
    alter = _SIGNS[name[1:]]
    return name[0], alter, (pitch - alter) // 12 - 1
