"""Read tunes in ABC notation, the part of it that fiddle collections use (abcnotation.com, standard 2.1).

A tune becomes parts (the stretches between repeat signs and double bars), a part becomes bars, a bar becomes notes in
ticks: that keeps the form, which a flat list of notes would lose. Ornaments, words and annotations are skipped; of a
chord the first note is kept; of alternative endings the first. A tune that uses something unknown is still read as far
as it goes, because a collection of two thousand hand-typed tunes always has some.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction

from engine.music.keys import LETTERS, Key
from engine.music.phrase import TICKS, Note

_TOKEN = re.compile(
    r"""(?P<skip>"[^"]*"|![^!\n]*!|\+[a-z]+\+|\{[^}]*\}|[~.uvHLMOPSTJR`\\$*-]|%[^\n]*)
    |(?P<field>\[[A-Za-z]:[^\]]*\])
    |(?P<ending>\|\s*[12](?=[^/\d])|\[[12]|:\|\s*[12](?=[^/\d]))
    |(?P<bar>:?\|+[\]:]*|\[\||::|:\|:|\|\])
    |(?P<tuplet>\(\d(?::\d?(?::\d?)?)?)
    |(?P<open>\[)|(?P<close>\])(?P<chordlength>\d*/*\d*)
    |(?P<slur>[()])
    |(?P<note>[\^_=]*[A-Ga-g][,']*)(?P<length>\d*/*\d*)
    |(?P<rest>[zxZ])(?P<restlength>\d*/*\d*)
    |(?P<broken>[<>]+)""",
    re.VERBOSE,
)
_MODES = {
    "": "major", "maj": "major", "ion": "major", "m": "minor", "min": "minor", "aeo": "minor", "dor": "dorian",
    "phr": "phrygian", "lyd": "lydian", "mix": "mixolydian", "loc": "locrian",
}  # fmt: skip
_TUPLET_IN = {2: 3, 3: 2, 4: 3, 5: 4, 6: 2, 7: 4, 8: 3, 9: 4}
_SHARPS = "FCGDAEB"


@dataclass(slots=True)
class Tune:
    """One tune: `parts[p][b]` holds the notes of bar b of part p, in ticks from the start of that bar.

    `ties[p][b]` says whether the first note of that bar goes on from the bar before; the note stands in both.
    """

    title: str = ""
    rhythm: str = ""
    metre: str = "4/4"
    key: Key = field(default_factory=Key)
    parts: list[list[list[Note]]] = field(default_factory=list)
    lengths: list[list[int]] = field(default_factory=list)
    ties: list[list[bool]] = field(default_factory=list)


def read_abc(text: str) -> list[Tune]:
    """Every tune of a file or of a message; an empty list when there is none."""
    tunes = []
    for block in re.split(r"\n(?=X:)", "\n" + text.replace("\r", "")):
        if re.search(r"^K:", block, re.MULTILINE):
            tunes.append(_read_tune(block))
    return tunes


def read_key(text: str) -> Key | None:
    """The key of a K: field, such as `Gm`, `A mix`, `F#dor`; None when it names none."""
    found = re.match(r"\s*([A-G])([#b]?)\s*([A-Za-z]*)", text)
    if found is None:
        return None
    tonic = (LETTERS[found[1]] + {"#": 1, "b": -1, "": 0}[found[2]]) % 12
    return Key(tonic, _MODES.get(found[3][:3].lower() if found[3] != "M" else "", "major"))


def _read_tune(block: str) -> Tune:
    """Split a block into header and body; a second K: or L: in the body is honoured where it stands."""
    head: dict[str, str] = {}
    body: list[str] = []
    in_body = False
    for line in block.split("\n"):
        found = re.match(r"([A-Za-z]):\s*(.*?)\s*(?:%.*)?$", line)
        if found and not in_body:
            head.setdefault(found[1], found[2])
            in_body = found[1] == "K"
        elif found and found[1] in "KLM" and in_body:
            body.append(f"[{found[1]}:{found[2]}]")
        elif in_body and not (found and found[1] not in "abcdefgzxABCDEFG"):
            body.append(line)
    written = head.get("M", "C").strip()
    metre = "4/4" if written in ("C", "C|", "c") else written
    tune = Tune(head.get("T", ""), head.get("R", "").strip().lower(), metre, read_key(head["K"]) or Key())
    _Body(tune, head.get("L", ""), "\n".join(body)).read()
    return tune


class _Body:
    """The state of reading one tune's notes: where we are, what is sharpened in this bar, what the next note owes."""

    def __init__(self, tune: Tune, unit: str, text: str) -> None:
        self.tune, self.text = tune, text
        self.unit = _fraction(unit) or Fraction(1, 8)
        self.signature = _signature(tune.key)
        self.accidentals: dict[str, int] = {}
        self.bars: list[list[Note]] = []
        self.lengths: list[int] = []
        self.ties: list[bool] = []
        self.bar: list[Note] = []
        self.at = Fraction(0)
        self.owed = Fraction(1)  # factor on the next note, from a broken rhythm
        self.tuplet: list[Fraction] = []
        self.chord: int | None = None
        self.skipping = False
        self.tied = self.from_before = False

    def read(self) -> None:
        for found in _TOKEN.finditer(self.text):
            # The last group of a note is its length, which may be empty.
            kind = {"length": "note", "restlength": "rest", "chordlength": "close"}.get(
                found.lastgroup or "", found.lastgroup or ""
            )
            self._token(kind, found)
        self._end_part()

    def _token(self, kind: str, found: re.Match[str]) -> None:
        if kind == "bar":
            self._end_bar(found[0])
        elif kind == "ending":
            self._end_bar(found[0])
            self.skipping = "2" in found[0]
        elif self.skipping:
            return
        elif kind == "skip":
            self.tied = self.tied or found[0] == "-"
        elif kind == "field":
            self._field(found[0])
        elif kind == "note":
            self._note(found["note"], found["length"])
        elif kind == "rest":
            self.at += self._length(found["restlength"])
        else:
            self._mark(kind, found[0])

    def _mark(self, kind: str, text: str) -> None:
        """What changes the notes around it."""
        if kind == "tuplet":
            self._open_tuplet(text)
        elif kind == "open":
            self.chord = 0
        elif kind == "close":
            self._close_chord(_multiplier(text[1:]))
        elif kind == "broken":
            self._break(text)

    def _close_chord(self, factor: Fraction) -> None:
        """A length after the bracket is the length of the whole chord, of which the first note was kept."""
        if self.chord and self.bar:
            last = self.bar[-1]
            self.bar[-1] = last._replace(length=max(1, round(last.length * factor)))
            self.at += last.length * (factor - 1)
        self.chord = None

    def _field(self, text: str) -> None:
        name, value = text[1], text[3:-1]
        if name == "K" and (key := read_key(value)):
            self.signature = _signature(key)
        elif name == "L":
            self.unit = _fraction(value) or self.unit

    def _open_tuplet(self, text: str) -> None:
        numbers = [int(n) if n else 0 for n in text[1:].split(":")]
        count = numbers[0]
        space = (numbers[1] if len(numbers) > 1 else 0) or _TUPLET_IN.get(count, 2)
        notes = (numbers[2] if len(numbers) > 2 else 0) or count
        self.tuplet = [Fraction(space, max(count, 1))] * notes

    def _length(self, text: str) -> Fraction:
        """Ticks, after broken rhythm and tuplets; consumes what the note before left for this one."""
        length = _multiplier(text) * self.unit * 4 * TICKS * self.owed
        self.owed = Fraction(1)
        return length * self.tuplet.pop() if self.tuplet else length

    def _note(self, name: str, length: str) -> None:
        if self.chord is not None:
            self.chord += 1
            if self.chord > 1:
                return
        ticks = self._length(length)
        pitch = self._pitch(name)
        start, end = round(self.at), round(self.at + ticks)
        if self.tied and self.bar and self.bar[-1].pitch == pitch and self.bar[-1].start + self.bar[-1].length == start:
            self.bar[-1] = self.bar[-1]._replace(length=end - self.bar[-1].start)
        elif end > start:
            self.from_before = self.from_before or (self.tied and start == 0)
            self.bar.append(Note(start, end - start, pitch))
        self.tied = False
        self.at += ticks

    def _pitch(self, name: str) -> int:
        sign = name.rstrip("ABCDEFGabcdefg,'")
        letter = name[len(sign)]
        octave = (1 if letter.islower() else 0) + name.count("'") - name.count(",")
        if sign:
            self.accidentals[letter] = sign.count("^") - sign.count("_")
        alter = self.accidentals.get(letter, self.signature.get(letter.upper(), 0))
        return 60 + LETTERS[letter.upper()] + alter + 12 * octave

    def _break(self, sign: str) -> None:
        """`>` gives half of the second note to the first, `>>` three quarters; `<` the other way round."""
        if not self.bar:
            return
        share = Fraction(1, 2 ** len(sign))
        last = self.bar[-1]
        longer = sign[0] == ">"
        ticks = Fraction(last.length) * (2 - share if longer else share)
        self.at += ticks - last.length
        self.bar[-1] = last._replace(length=max(1, round(ticks)))
        self.owed = share if longer else 2 - share

    def _end_bar(self, sign: str) -> None:
        if self.at > 0 and not self.skipping:
            self.bars.append(self.bar)
            self.lengths.append(round(self.at))
            self.ties.append(self.from_before)
        self.bar, self.at, self.accidentals, self.from_before = [], Fraction(0), {}, False
        if ":" in sign or "||" in sign or "]" in sign or "[|" in sign:
            # A second ending begins with the very sign that ends the first one.
            self.skipping = False
            self._end_part()

    def _end_part(self) -> None:
        if self.at > 0 and not self.skipping:
            self.bars.append(self.bar)
            self.lengths.append(round(self.at))
            self.ties.append(self.from_before)
            self.bar, self.at, self.from_before = [], Fraction(0), False
        if self.bars:
            self.tune.parts.append(self.bars)
            self.tune.lengths.append(self.lengths)
            self.tune.ties.append(self.ties)
        self.bars, self.lengths, self.ties = [], [], []


def _signature(key: Key) -> dict[str, int]:
    """Which letters are altered, and how."""
    fifths = key.fifths
    letters = _SHARPS[:fifths] if fifths > 0 else _SHARPS[::-1][:-fifths] if fifths < 0 else ""
    return dict.fromkeys(letters, 1 if fifths > 0 else -1)


def _fraction(text: str) -> Fraction | None:
    found = re.match(r"\s*(\d+)/(\d+)", text)
    return Fraction(int(found[1]), int(found[2])) if found and int(found[2]) else None


def _multiplier(text: str) -> Fraction:
    """`2`, `3/2`, `/`, `//`, `/4` as ABC writes note lengths; at most 64."""
    found = re.match(r"(\d*)(/*)(\d*)", text)
    if found is None:
        return Fraction(1)
    above = int(found[1] or 1)
    below = int(found[3]) if found[3] else 2 ** len(found[2])
    return min(Fraction(above, max(below, 1)), Fraction(64))
