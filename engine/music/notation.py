"""Music as a line of text: note names ("C4 D4 E4/2 G4:1.5") and ABC, both ways.

A note name is a letter, # or b, and an octave (C4 is the middle C, MIDI 60; 4 when left out); after it `/2` makes it
half a quarter note long, `:1.5` one and a half quarters, `:4/3` four thirds. R is a rest, barlines are for the eye. A
metre and a key may stand first: "3/4 Dm: D4 F4 A4". In ABC each voice (V:) becomes a lane; a short first bar is a
pickup and filled up with rests. Triplets of eighths are exact, finer ones rounded to the grid, as in `phrase`.
"""

import re
from fractions import Fraction
from itertools import pairwise

from engine.music.abc import Tune, read_abc, read_key
from engine.music.errors import BadNotes
from engine.music.keys import LETTERS, NAMES_FLAT, NAMES_SHARP, Key, fitting_key
from engine.music.phrase import CELL, METRES, TICKS, Metre, Note, Phrase, lane_of, notes_of

MAX_BARS, MAX_TEXT, MOST_LANES = 64, 20_000, 4
_HEAD = re.compile(r"\s*(?:(\d{1,2})/(\d{1,2})\s*)?(?:([A-G][#b]?(?:m|min|maj|dor|phr|lyd|mix|loc)?)\s*:\s+)?(?=\S)")
_TOKEN = re.compile(
    r"(?P<name>[A-Ga-g][#b♯♭]{0,2}-?\d?|[Rr]|rest)(?::(?P<long>\d{1,3}(?:\.\d{1,4}|/\d{1,2})?)|/(?P<short>\d{1,2}))?"
)
_SHIFT = {"#": 1, "♯": 1, "b": -1, "♭": -1}
_ABC_MODES = {"major": "", "minor": "m", "harmonic minor": "m", "melodic minor": "m", "major pentatonic": "",
              "minor pentatonic": "m", "blues": "m"}  # fmt: skip


def read_notes(text: str) -> Phrase:
    """A phrase from ABC or from note names. Raises BadNotes."""
    if len(text) > MAX_TEXT:
        raise BadNotes(why="text", limit=MAX_TEXT, length=len(text))
    return phrase_of_abc(text) if re.search(r"^K:", text, re.MULTILINE) else read_names(text)


def read_names(text: str) -> Phrase:
    """One lane from note names; the key is found when none is given. Raises BadNotes."""
    head = _HEAD.match(text)
    body = text[head.end() :] if head else text
    metre = f"{head[1]}/{head[2]}" if head and head[1] else "4/4"
    at, notes = Fraction(0), list[Note]()
    for word in re.split(r"[\s,;|，、。]+", body):
        if word:
            pitch, length = _token(word)
            start, at = at, at + length * TICKS
            if pitch is not None and round(at) > round(start):
                notes.append(Note(round(start), round(at) - round(start), pitch))
    key = read_key(head[3]) if head and head[3] else None
    return _phrase([notes], metre, key, round(at))


def write_names(phrase: Phrase, lane: int = 0) -> str:
    """A lane as note names with metre and key before it; `read_names` reads it back with the same notes and bars."""
    flats = phrase.key.fifths < 0
    mode = _ABC_MODES.get(phrase.key.mode, phrase.key.mode[:3])
    names = NAMES_FLAT if flats else NAMES_SHARP
    words, at = [f"{phrase.metre.name} {names[phrase.key.tonic]}{mode}:"], 0
    for note in notes_of(phrase.lanes[lane]):
        words += [f"R{_length(note.start - at)}"] if note.start > at else []
        words.append(f"{names[note.pitch % 12]}{note.pitch // 12 - 1}{_length(note.length)}")
        at = note.start + note.length
    end = phrase.cells * CELL
    return " ".join([*words, *([f"R{_length(end - at)}"] if end > at else [])])


def phrase_of_abc(text: str) -> Phrase:
    """The first tune of an ABC text, one lane a voice. Raises BadNotes."""
    voices = _voices(text)
    tunes = [tune for voice in voices for tune in read_abc(voice)[:1]]
    if not tunes:
        raise BadNotes(why="none")
    metre = tunes[0].metre
    if metre not in METRES:
        raise BadNotes(why="metre", metre=metre, metres=", ".join(METRES))
    read = [_line(tune, METRES[metre]) for tune in tunes[:MOST_LANES]]
    return _phrase([notes for notes, _ in read], metre, tunes[0].key, max(end for _, end in read))


def write_abc(phrase: Phrase, title: str = "", tempo: int = 0) -> str:
    """The phrase as ABC 2.1, a voice a lane, bars of sixteenths; the scale's plain mode stands for rarer ones."""
    flats = phrase.key.fifths < 0
    tonic = (NAMES_FLAT if flats else NAMES_SHARP)[phrase.key.tonic]
    mode = _ABC_MODES.get(phrase.key.mode, phrase.key.mode[:3])
    head = ["X:1", f"T:{title or 'Ghostnote'}", f"M:{phrase.metre.name}", "L:1/16"]
    head += [f"Q:1/4={tempo}"] if tempo else []
    rows = [*head, f"K:{tonic}{mode}"]
    for number, lane in enumerate(phrase.lanes, 1):
        clef = " clef=bass" if number > 1 and number == len(phrase.lanes) else ""
        rows += [f"V:{number}{clef}"] if len(phrase.lanes) > 1 else []
        rows += _Bars(phrase, notes_of(lane)).written()
    return "\n".join(rows) + "\n"


def _token(word: str) -> tuple[int | None, Fraction]:
    """MIDI pitch (None for a rest) and length in quarters."""
    found = _TOKEN.fullmatch(word)
    if found is None:
        raise BadNotes(why="token", token=word)
    length = Fraction(found["long"]) if found["long"] and not found["long"].endswith("/0") else Fraction(1)
    if found["short"]:
        length /= max(1, int(found["short"]))
    name = found["name"]
    if name.lower() in ("r", "rest"):
        return None, length
    octave = re.search(r"-?\d$", name)
    signs = name[1 : octave.start()] if octave else name[1:]
    pitch = 12 * (int(octave[0]) + 1 if octave else 5) + LETTERS[name[0].upper()] + sum(_SHIFT[s] for s in signs)
    if not 0 <= pitch < 128:
        raise BadNotes(why="token", token=word)
    return pitch, length


def _length(ticks: int) -> str:
    quarters = Fraction(ticks, TICKS)
    if quarters == 1:
        return ""
    if quarters.numerator == 1:
        return f"/{quarters.denominator}"
    exact = quarters.denominator in (1, 2, 4)
    return f":{float(quarters):g}" if exact else f":{quarters.numerator}/{quarters.denominator}"


def _phrase(lines: list[list[Note]], metre: str, key: Key | None, end: int) -> Phrase:
    if metre not in METRES:
        raise BadNotes(why="metre", metre=metre, metres=", ".join(METRES))
    lines = [[note for note in line if 0 <= note.pitch < 128] for line in lines]
    heard = [note for line in lines for note in line]
    if not heard:
        raise BadNotes(why="none")
    bar = METRES[metre].bar
    bars = -(-end // (bar * CELL))
    if bars > MAX_BARS:
        raise BadNotes(why="long", bars=bars, most=MAX_BARS)
    if key is None:
        last = min(line[-1].pitch for line in lines if line)
        key = fitting_key(None, [(note.pitch, note.length) for note in heard], last)
    return Phrase(METRES[metre], key, tuple(lane_of(line, bars * bar) for line in lines))


def _voices(text: str) -> list[str]:
    """The text of each voice with the header before it; the whole text when it names no voices."""
    lines = text.replace("\r", "").split("\n")
    body = next(i for i, line in enumerate(lines) if line.startswith("K:")) + 1
    voices: dict[str, list[str]] = {}
    now = ""
    for line in lines[body:]:
        named = re.match(r"(?:V:\s*(\S+).*|\[V:\s*(\S+?)\](.*))$", line)
        if named:
            now = named[1] or named[2]
        voices.setdefault(now, []).append((named[3] or "") if named else line)
    head = [line for line in lines[:body] if not line.startswith("V:")]
    return ["\n".join([*head, *rows]) for rows in voices.values() if any(row.strip() for row in rows)]


def _line(tune: Tune, metre: Metre) -> tuple[list[Note], int]:
    """A tune's parts in one row of notes from the first full bar on, and where it ends; ties over barlines joined."""
    bars = [(notes, length, tied) for part, lengths, ties in zip(tune.parts, tune.lengths, tune.ties, strict=True)
            for notes, length, tied in zip(part, lengths, ties, strict=True)]  # fmt: skip
    full = metre.bar * CELL
    at = full - bars[0][1] if bars and bars[0][1] < full and len(bars) > 1 else 0
    row: list[Note] = []
    for notes, length, tied in bars:
        for number, note in enumerate(notes):
            here = note._replace(start=at + note.start)
            if tied and not number and row and row[-1].pitch == note.pitch and row[-1][0] + row[-1][1] == here.start:
                row[-1] = row[-1]._replace(length=row[-1].length + note.length)
            else:
                row.append(here)
        at += length
    return row, at


class _Bars:
    """Writes one lane bar by bar: notes cut at barlines and where beats turn into triplets, tied across the cuts."""

    def __init__(self, phrase: Phrase, notes: list[Note]) -> None:
        self.phrase, self.notes = phrase, notes
        self.flats = phrase.key.fifths < 0
        count = abs(phrase.key.fifths)
        letters = ("BEADGCF" if self.flats else "FCGDAEB")[:count]
        self.signature = dict.fromkeys(letters, -1 if self.flats else 1)
        self.thirds = {tick // TICKS for note in notes for tick in (note[0], note[0] + note[1]) if tick % CELL}
        self.altered: set[str] = set()

    def written(self) -> list[str]:
        bar, end = self.phrase.metre.bar * CELL, self.phrase.cells * CELL
        rows = []
        for start in range(0, end, bar):
            self.altered = set()
            rows.append(self._bar(start, min(start + bar, end)))
        lines = [" | ".join(rows[i : i + 4]) for i in range(0, len(rows), 4)]
        return [f"{line} |" for line in lines[:-1]] + [f"{lines[-1]} |]"]

    def _bar(self, first: int, last: int) -> str:
        cuts = sorted({first, last, *(edge for beat in self.thirds for edge in (beat * TICKS, beat * TICKS + TICKS)
                                      if first < edge < last)})  # fmt: skip
        words = []
        for start, end in pairwise(cuts):
            pieces = self._pieces(start, end)
            triplet = start // TICKS in self.thirds and end - start == TICKS
            # Within a triplet a third of a beat is written as an eighth, two sixteenths.
            words += [f"(3:2:{len(pieces)}"] if triplet else []
            words += [f"{name}{_units(ticks * 3 // 2 if triplet else ticks)}{tie}" for name, ticks, tie in pieces]
        return " ".join(words)

    def _pieces(self, first: int, last: int) -> list[tuple[str, int, str]]:
        """(name, ticks, tie) of everything from first to last, rests included."""
        pieces, at = list[tuple[str, int, str]](), first
        for note in self.notes:
            start, end = max(note.start, first), min(note.start + note.length, last)
            if start < end:
                pieces += [("z", start - at, "")] if start > at else []
                pieces.append((self._name(note.pitch), end - start, "-" if note.start + note.length > last else ""))
                at = end
        return pieces + ([("z", last - at, "")] if last > at else [])

    def _name(self, pitch: int) -> str:
        """The letter with its sign, where the signature or this bar says otherwise, and its octave."""
        written = (NAMES_FLAT if self.flats else NAMES_SHARP)[pitch % 12]
        letter, alter = written[0], {"#": 1, "b": -1}.get(written[1:], 0)
        sign = ""
        # Programs disagree on whether a sign counts in other octaves, so it is written anew once a letter was altered.
        if letter in self.altered or self.signature.get(letter, 0) != alter:
            self.altered.add(letter)
            sign = {1: "^", -1: "_", 0: "="}[alter]
        octave = (pitch - alter) // 12 - 5
        if octave > 0:
            return sign + letter.lower() + "'" * (octave - 1)
        return sign + letter + "," * -octave


def _units(ticks: int) -> str:
    """A length in sixteenths, as ABC writes it after a note."""
    length = Fraction(ticks, CELL)
    above = "" if length.numerator == 1 else str(length.numerator)
    return above + (f"/{length.denominator}" if length.denominator > 1 else "")
