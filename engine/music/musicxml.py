"""Read four-part chorales out of MusicXML with the standard library, at training time only.

Bars are counted from the pickup and the beat, not from the file's measure tags: chorale editions split measures at
repeats and fermatas. A general reader takes twenty minutes for what this one does in seconds.
"""

import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

from engine.music.keys import LETTERS
from engine.music.phrase import TICKS, Note


class Chorale:
    """Four voices, high to low, as notes in ticks from the first full bar (a pickup has negative times)."""

    def __init__(self, title: str, metre: str, fifths: int, voices: list[list[Note]]) -> None:
        self.title, self.metre, self.fifths, self.voices = title, metre, fifths, voices


def read_chorale(path: Path) -> Chorale | None:
    """The chorale in a `.mxl` or `.xml` file, or None when it is not in four voices and one of 4/4 and 3/4."""
    # The files come from an installed package whose version the training card names, so they are trusted.
    root = ET.fromstring(_xml(path))  # noqa: S314
    parts = root.findall("part")
    times = {(t.findtext("beats"), t.findtext("beat-type")) for t in root.iter("time")}
    if len(parts) != 4 or times not in ({("4", "4")}, {("3", "4")}):
        return None
    above, below = times.pop()
    metre = f"{above}/{below}"
    fifths = int(root.findtext(".//fifths") or 0)
    voices = [_voice(part) for part in parts]
    pickup = _pickup(parts[0], int(above or 4) * TICKS)
    moved = [[note._replace(start=note.start - pickup) for note in voice] for voice in voices]
    return Chorale(path.stem, metre, fifths, moved) if all(moved) else None


def _xml(path: Path) -> bytes:
    if path.suffix != ".mxl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if not n.startswith(("META-INF", "mimetype")))
        return archive.read(name)


def _pickup(part: ET.Element, bar: int) -> int:
    """Ticks before the first full bar: the length of the first measure when it is short, else 0."""
    first = part.find("measure")
    length = _measure(first, [], 0, [1])[0] if first is not None else 0
    return length if length < bar else 0


def _voice(part: ET.Element) -> list[Note]:
    notes: list[Note] = []
    at, divisions = 0, [1]
    for measure in part.findall("measure"):
        at, _ = _measure(measure, notes, at, divisions)
    return notes


def _measure(measure: ET.Element, notes: list[Note], start: int, divisions: list[int]) -> tuple[int, int]:
    """Append a measure's notes; the time after it, and how many there were. Only the first voice of a part counts."""
    at, count = start, 0
    for element in measure:
        if element.tag == "attributes":
            divisions[0] = int(element.findtext("divisions") or divisions[0])
        elif element.tag == "backup":
            break
        elif element.tag == "note" and element.find("grace") is None and element.find("chord") is None:
            length = round(int(element.findtext("duration") or 0) * TICKS / divisions[0])
            pitch = element.find("pitch")
            if pitch is not None:
                count += 1
                _append(notes, Note(at, length, _pitch(pitch)), _tied(element))
            at += length
    return at, count


def _append(notes: list[Note], note: Note, tied: bool) -> None:
    last = notes[-1] if notes else None
    if tied and last and last.pitch == note.pitch and last.start + last.length == note.start:
        notes[-1] = last._replace(length=last.length + note.length)
    else:
        notes.append(note)


def _tied(element: ET.Element) -> bool:
    return any(tie.get("type") == "stop" for tie in element.findall("tie"))


def _pitch(pitch: ET.Element) -> int:
    step, octave = pitch.findtext("step") or "C", int(pitch.findtext("octave") or 4)
    return 12 * (octave + 1) + LETTERS[step] + int(float(pitch.findtext("alter") or 0))
