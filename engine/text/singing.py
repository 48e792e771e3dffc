"""Words as a singer has them before any note: stanzas of lines of syllables, each with its stress. Pure.

Syllables and stress come from `rhyme`, divisions from `hyphens`; small words are weak although the dictionary stresses
every word it knows. Numbers are sung as words. Each character of Chinese is a syllable, and all weigh alike. Headings
("[Chorus]") name a stanza and are not sung.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from engine.text import rhyme
from engine.text.hyphens import divided
from engine.text.numerals import spoken

WEAK, HALF, STRONG = 0, 1, 2
LONGEST_LINE = 16  # syllables; longer ones are sung in two breaths
MOST_LINES = 8  # of a stanza that nobody divided

_HAN = (
    r"\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u3096\u30a1-\u30fa\u30fc"
    r"\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
)  # signs that are sung, and no points
_TOKEN = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+(?:['’][^\W_{_HAN}]+)*")
_STOPS = ".!?…;:。！？；：—"
_COMMAS = ",，、"
_HEADING = re.compile(
    r"\W*(?:(verse|strophe|intro|outro|bridge|solo|主歌|前奏|尾声|桥段)|(chorus|refrain|hook|副歌|pre-?chorus))"
    r"(?:\s*(?:\d+|[a-d]|[ivx]+|one|two|three|four|[一二三四]))?\W*",
    re.IGNORECASE,
)
_WEAK_WORDS = (
    "a an the and or nor but so yet if as at by for from in into of off on onto to up upon with than then that this "
    "these those there it its it's i'm i i'll i've i'd me my mine we us our you your he him his she her they them "
    "their who whom whose which what is am are was were be been being has have had do does did will would shall should "
    "can could may might must not no some such too oh o when where while till until just 'tis 'twas he's she's you're "
    "we're they're we'll you'll he'll she'll that's there's let's can't don't won't"
)
_SMALL = frozenset(_WEAK_WORDS.split())
_PREFIXES = ("a", "be", "re", "de", "un", "con", "com", "ex", "en", "em", "in", "im", "dis", "mis", "per", "pre", "for")


@dataclass(frozen=True, slots=True)
class Syllable:
    """What one note sings: its spelling with punctuation, its stress (WEAK, HALF, STRONG), whether a word ends here,
    and whether sense pauses after it (0 no, 1 a comma, 2 a stop)."""

    text: str
    stress: int
    ends_word: bool = True
    pause: int = 0


Line = tuple[Syllable, ...]


@dataclass(frozen=True, slots=True)
class Stanza:
    """Lines that belong together; `name` is alike for stanzas of the same words, `chorus` if a heading says so."""

    lines: tuple[Line, ...]
    name: str
    chorus: bool = False


def read_lyrics(text: str) -> tuple[Stanza, ...]:
    """The stanzas of a text, () for one without words. Any text is fine; what is no word is left out."""
    stanzas: list[Stanza] = []
    lines, chorus = list[Line](), False

    def close() -> None:
        for block in _blocks(lines):
            name = " ".join(one.text.lower().strip(_STOPS + _COMMAS) for line in block for one in line)
            stanzas.append(Stanza(tuple(block), name, chorus))
        lines.clear()

    for row in text.splitlines():
        heading = _HEADING.fullmatch(row)
        if not row.strip() or heading:
            close()
            chorus = bool(heading and heading[2])
        else:
            lines += _breaths(tuple(_syllables(row)))
    close()
    return tuple(stanzas)


def lyric_events(lines: tuple[Line, ...], ends: frozenset[int] = frozenset()) -> tuple[str, ...]:
    """The syllables as MIDI's lyric events are written (RP-017, with the hyphen of scores inside words): a space after
    each word, a carriage return after each line, a line feed after those lines whose numbers are in `ends`."""
    events: list[str] = []
    for number, line in enumerate(lines):
        texts = [one.text + (" " if one.ends_word else "-") for one in line]
        texts[-1] = texts[-1].rstrip(" ") + ("\n" if number in ends else "\r")
        events += texts
    return tuple(events)


def spelled(events: tuple[str, ...]) -> str:
    """The words of lyric events as text again."""
    whole = "".join(event[:-1] if event.endswith("-") else event for event in events)
    whole = re.sub(rf"(?<=[{_HAN}{_STOPS}{_COMMAS}]) (?=[{_HAN}])", "", whole)  # Chinese has no gaps
    return whole.replace("\n", "\n\n").replace("\r", "\n").strip()


def _blocks(lines: list[Line]) -> Iterator[list[Line]]:
    """A stanza of bearable length stays whole; a longer one is sung in fours."""
    size = 4 if len(lines) > MOST_LINES else MOST_LINES
    for start in range(0, len(lines), size):
        yield lines[start : start + size]


def _breaths(line: Line) -> list[Line]:
    """A line in parts of bearable length, divided where a word ends and best where sense pauses."""
    if not line:
        return []
    if len(line) <= LONGEST_LINE:
        return [line]
    parts = -(-len(line) // 12)
    aim = len(line) / parts
    places = [i + 1 for i, one in enumerate(line[:-1]) if one.ends_word and i < LONGEST_LINE] or [LONGEST_LINE]
    cut = min(places, key=lambda place: abs(place - aim) - 3 * line[place - 1].pause)
    return [line[:cut], *_breaths(line[cut:])]


def _syllables(row: str) -> Iterator[Syllable]:
    """The syllables of a line of text."""
    chinese = re.search(f"[{_HAN}]", row) is not None
    row = re.sub(r"\d+", lambda found: f" {spoken(found[0], chinese=chinese)} ", row)
    tokens = list(_TOKEN.finditer(row))
    for token, after in zip_longest(tokens, tokens[1:]):
        gap = row[token.end() : after.start() if after else len(row)]
        marks = "".join(sign for sign in gap.split(" ")[0] if sign in _STOPS + _COMMAS)
        pause = 2 if any(sign in _STOPS for sign in gap) else int(any(sign in _COMMAS for sign in gap))
        *front, last = _word(token[0])
        yield from front
        joined = gap in ("-", "‐", "‑") and after is not None
        yield replace(last, text=last.text + marks, ends_word=not joined, pause=pause)


def _word(word: str) -> list[Syllable]:
    plain = word.replace("’", "'").lower()
    if re.match(f"[{_HAN}]", word):
        return [Syllable(word, HALF)]
    parts = divided(word, max(1, rhyme.syllables(plain)))
    found = _stresses(plain, len(parts))
    return [
        Syllable(part, stress, i == len(parts) - 1) for i, (part, stress) in enumerate(zip(parts, found, strict=True))
    ]


def _stresses(word: str, count: int) -> list[int]:
    """How strong each of a word's syllables is."""
    if word in _SMALL:
        return [WEAK] * count
    known = rhyme.stress(word)
    if len(known) == count and "?" not in known:
        marks = [{"1": STRONG, "2": HALF}.get(mark, WEAK) for mark in known]
        return marks if STRONG in marks else [STRONG, *marks[1:]]
    if count == 1:
        return [STRONG]
    weak_start = count == 2 and any(word.startswith(prefix) and len(word) > len(prefix) + 3 for prefix in _PREFIXES)
    place = 1 if weak_start else max(0, count - 3)
    return [STRONG if i == place else WEAK for i in range(count)]
