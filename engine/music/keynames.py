"""Keys, modes and chord rows in words: "D minor", "F sharp dorian", "in Am", 降E大调, "chords: C G Am F", "I-V-vi-IV".

Which letter is a key is harder than it looks: the `a` of "a minor waltz" is an article, the A of "chords Am F" a chord.
So chords are read first and struck out, and an article is told by what follows it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.music.errors import UnclearWish
from engine.music.keys import LETTERS, SCALES, Key
from engine.music.vocabulary import MODE_WORDS
from engine.words import Words

_MODE = "|".join(sorted((re.escape(w) for w in MODE_WORDS if w.isascii()), key=len, reverse=True))
_ZH_MODE = "|".join(sorted((w for w in MODE_WORDS if not w.isascii()), key=len, reverse=True))
_SIGN = r"(?:(#|b)(?![a-z#])|[ -]?(sharp|flat)(?![a-z]))?"
_KEY = rf"(?<![\w'’#])([A-Za-z])(?:(##|bb|#|b)|[ -]?(sharp|flat))?[ -]?({_MODE})(?![a-z])"
_SHORT_KEY = r"(?<![\w'’#])(?i:in|key of|key:?)\s+(?i:the key of\s+)?([A-G])(#|b)?(m)(?:in)?(?![\w#])"
_LONE_KEY = r"(?:(?<=[,;.\n])|^)\s*([A-G])(#|b)?(m)\s*(?=[,;.\n]|$)"
_LONE_TONIC = r"(?:(?<=[,;\n])|^)\s*([A-G])(#|b)?\s*(?=[,;\n]|$)"
_NO_SCALES = (
    r"\b(?:whole[ -]?tone|chromatic|octatonic|altered scale|(?:double|hungarian|neapolitan) (?:harmonic|minor|major)"
    r"|(?:phrygian|lydian) dominant|hirajoshi|maqam \w+|raga \w+|atonal|twelve-tone)\b|全音音阶|半音阶|无调性"
)
_BARE_KEY = rf"(?<![\w'’])(?i:in|key of|key:?)\s+(?i:the key of\s+)?([A-Z]|[b-h](?![\w'’])){_SIGN}(?![\w'’#])"
_ZH_KEY = rf"(升|降|#|b)?\s*([A-Za-z])(#|b)?\s*({_ZH_MODE})"
_ZH_BARE_KEY = r"(升|降|#|b)?\s*([A-Za-z])(#|b)?\s*调(?!式)|1\s*=\s*(#|b)?([A-G])(#|b)?"
_CHORD = r"[A-G][#b]?(?:maj|min|dim|aug|sus|add|m|M|°|\+)?(?:maj)?\d{0,2}(?:sus\d|b\d|#\d)?(?:/[A-G][#b]?)?"
_CHORD_ROW = (r"(?:\bchords?(?:\s+progression)?|\bprogression|\bchanges|和弦(?:进行)?)\s*(?:of|are|is|为|是|用)?"
              rf"\s*:?\s*((?:{_CHORD}(?:[\s,|、–-]+|(?=[^\w#])|$)){{1,64}})")  # fmt: skip
_CHORD_PARTS = r"([A-G])([#b]?)(min|dim|maj|m(?!aj)|°)?([^\s,|、–-]*)"
_ROMAN = r"(?:b?(?:VII|III|VI|IV|II|V|I|vii|iii|vi|iv|ii|v|i)(?:°|o|7)?)"
_ROMAN_ROW = rf"(?<![\w])({_ROMAN}(?:\s*[-–,]\s*{_ROMAN}){{2,31}}|{_ROMAN}(?:\s+{_ROMAN}){{2,31}})(?![\w])"
_SIGNS: Mapping[str, int] = {"#": 1, "sharp": 1, "升": 1, "##": 2, "b": -1, "flat": -1, "降": -1, "bb": -2}
_DEGREES: Mapping[str, int] = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
_MINOR_DEGREES: Mapping[str, int] = {"i": 0, "ii": 2, "iii": 3, "iv": 5, "v": 7, "vi": 8, "vii": 10}


@dataclass(frozen=True, slots=True)
class Keys:
    """A key, or at least a tonic or a mode, as far as said; `chords` as numbers of `chords`, one a bar.

    `flat` says that the tonic was named with a flat.
    """

    key: Key | None = None
    tonic: int | None = None
    flat: bool = False
    mode: str | None = None
    blues: bool = False
    chords: tuple[int, ...] = ()
    remarks: tuple[tuple[str, dict[str, str | int]], ...] = ()


def read_keys(words: Words) -> Keys:
    """Take key, mode and chords out of the words. Raises UnclearWish for two keys and for letters that are no notes."""
    rows = words.take(_CHORD_ROW, 0)
    romans = words.take(_ROMAN_ROW, 0)
    for hit in words.take(_NO_SCALES):
        raise UnclearWish(why="scale", word=hit[0])
    named = [(hit[1], hit[2] or hit[3], hit[4]) for hit in _keys(words)]
    named += [(hit[2], hit[1] or hit[3], hit[4]) for hit in words.take(_ZH_KEY)]
    named += [(hit[1], hit[2], "minor") for hit in words.take(_SHORT_KEY, 0) + words.take(_LONE_KEY, 0)]
    keys = {_key(*row) for row in named}
    mode, blues = _mode(words)
    lone = [(hit[1], hit[2] or hit[3]) for hit in words.take(_BARE_KEY, 0) if hit[1] != "I"]
    lone += [(hit[1], hit[2]) for hit in words.take(_LONE_TONIC, 0)]
    lone += [(hit[2] or hit[5], hit[1] or hit[3] or hit[4] or hit[6]) for hit in words.take(_ZH_BARE_KEY, 0)]
    bare = {_tonic(*row) for row in lone}
    if len(keys) > 1:
        first, second = sorted(key.name for key in keys)[:2]
        raise UnclearWish(why="two_keys", key=first, key2=second)
    key = keys.pop() if keys else None
    if len(bare - ({key.tonic} if key else set())) > (0 if key else 1):
        names = sorted(Key(tonic).name for tonic in bare | ({key.tonic} if key else set()))
        raise UnclearWish(why="two_keys", key=names[0], key2=names[1])
    tonic = bare.pop() if bare and key is None else None
    chords, remarks = _chords([hit[1] for hit in rows])
    if not chords and romans:
        home = key or Key(tonic or 0, mode or "major")
        chords = tuple(_roman(numeral, home) for numeral in re.findall(_ROMAN, romans[0][1]))
    blues = blues or (key is not None and key.mode == "blues")
    flat = any(_SIGNS.get((sign or "").lower()) == -1 for _, sign in lone)
    return Keys(key, tonic, flat, mode, blues, chords, (*_respelt(named, key), *remarks))


def _respelt(named: list[tuple[str, str | None, str]], key: Key | None) -> tuple[tuple[str, dict[str, str | int]], ...]:
    """What to say when a key is written under its other name, such as Gb major as F# major."""
    if key is None:
        return ()
    letter, sign, _ = named[0]
    said = letter.upper() + {"sharp": "#", "升": "#", "flat": "b", "降": "b"}.get((sign or "").lower(), sign or "")
    return () if key.name.split(" ")[0] == said else (("respelt", {"key": f"{said} {key.mode}", "key2": key.name}),)


def _keys(words: Words) -> list[re.Match[str]]:
    """Letters with a mode; of "a minor waltz" only the mode is left in the text."""
    hits = []
    for hit in words.take(_KEY):
        if _is_article(hit.string, hit):
            words.text = words.text[: hit.start(4)] + hit[4] + words.text[hit.end(4) :]
        else:
            hits.append(hit)
    return hits


def _mode(words: Words) -> tuple[str | None, bool]:
    found = words.meanings(MODE_WORDS)
    modes = set(found) - {"blues"}
    if {"major", "minor"} <= modes:
        raise UnclearWish(why="major_and_minor")
    if "pentatonic" in modes:
        return ("minor pentatonic" if "minor" in modes else "major pentatonic"), "blues" in found
    modes -= {"minor"} if len(modes) > 1 else set()
    if len(modes) > 1:
        first, second = sorted(modes)[:2]
        raise UnclearWish(why="two_modes", mode=first, mode2=second)
    return (modes.pop() if modes else None), "blues" in found


def _is_article(text: str, hit: re.Match[str]) -> bool:
    """Whether the `a` of "a minor waltz" is an article: small, without a sign, and followed by a noun."""
    if hit[4].lower() == "blues":
        return hit[1] == "a"
    after = text[hit.end() :].lstrip(" ")
    noun = re.match(r"[a-z]", after) and not re.match(r"(at|with|for|and|in|on|using|by|of)\b", after)
    return hit[1] == "a" and not hit[2] and not hit[3] and bool(noun)


def _tonic(letter: str, sign: str | None) -> int:
    """Pitch class. Raises UnclearWish for letters that are no notes."""
    if letter.upper() not in LETTERS:
        raise UnclearWish(why="key", letter=letter.upper())
    return (LETTERS[letter.upper()] + _SIGNS.get((sign or "").lower(), 0)) % 12


def _key(letter: str, sign: str | None, mode: str) -> Key:
    mode = MODE_WORDS.get(mode.lower(), mode.lower())
    mode = "major pentatonic" if mode == "pentatonic" else mode
    return Key(_tonic(letter, sign), mode if mode in SCALES else "major", _SIGNS.get((sign or "").lower()) == -1)


def _chords(rows: list[str]) -> tuple[tuple[int, ...], tuple[tuple[str, dict[str, str | int]], ...]]:
    """Chord numbers of the first row; sevenths and the like are played as triads, which is said."""
    numbers, plain = [], True
    for root, sign, quality, rest in re.findall(_CHORD_PARTS, "".join(rows[:1])):
        pitch = (LETTERS[root] + {"#": 1, "b": -1, "": 0}[sign]) % 12
        numbers.append({"m": 12, "min": 12, "dim": 24, "°": 24}.get(quality, 0) + pitch)
        plain = plain and not rest
    return tuple(numbers), () if plain else (("triads", {}),)


def _roman(numeral: str, key: Key) -> int:
    """I to vii: capitals are major, small letters minor, a small one with ° or on the leading note diminished."""
    flat, name = numeral.startswith("b"), numeral.strip("b7°o")
    step = (_MINOR_DEGREES if key.is_minor else _DEGREES)[name.lower()] - flat
    small = name.islower()
    dim = small and ("°" in numeral or "o" in numeral or (name in ("vii", "ii") and key.is_minor == (name == "ii")))
    return (24 if dim else 12 if small else 0) + (key.tonic + step) % 12
