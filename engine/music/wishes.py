"""Plain words, English or Chinese, to one exact wish: key, metre, tempo, bars, style, mood, instruments, variants.

What is said is respected; what is not said follows from the style and the mood. Two things that cannot both be true,
and things that do not exist, raise `UnclearWish` with one sentence that names them. `describe` says a wish back in
words, so that a person sees what was understood before judging the music.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from engine.music.errors import UnclearWish
from engine.music.keys import LETTERS, SCALES, Key
from engine.music.phrase import METRES
from engine.music.styles import INSTRUMENTS, MOODS, STYLES, Style
from engine.music.vocabulary import (
    DENSITY_WORDS,
    INSTRUMENT_WORDS,
    METRE_WORDS,
    MODE_WORDS,
    MOOD_WORDS,
    NUMBERS,
    STAND_INS,
    STYLE_WORDS,
    TEMPO_WORDS,
)

T = TypeVar("T")
MAX_BARS, MAX_VARIANTS, SLOWEST, FASTEST, MAX_TEXT = 32, 6, 30, 240, 2000
_NUMBER = r"(?:-?\d+|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
_MODE = "|".join(sorted((re.escape(w) for w in MODE_WORDS if w.isascii()), key=len, reverse=True))
_ZH_MODE = "|".join(sorted((w for w in MODE_WORDS if not w.isascii()), key=len, reverse=True))
_KEY = re.compile(rf"\b([A-Za-z])(?:(#|♯|♭|b)|[ -]?(sharp|flat))?[ -]?({_MODE})\b", re.IGNORECASE)
_BARE_KEY = re.compile(r"\b(?:in|key of|key:?)\s+(?:the key of\s+)?([A-Z])(?:(#|♯|♭|b)|[ -]?(sharp|flat))?(?![\w'#♯♭])")
_ZH_KEY = re.compile(rf"(升|降)?\s*([A-Za-z])(#|♯|♭|b)?\s*({_ZH_MODE})")
_CHORDS = re.compile(
    r"\bchords?:?\s+((?:[A-G][#b]?(?:m|dim)?(?:[\s,|\-–]+|$)){1,64})|和弦[::]?\s*((?:[A-G][#b]?(?:m|dim)?[\s,|、-]*){1,64})"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A request without gaps. `tempo` counts quarters a minute in every metre, as MIDI does.

    `chords` are (root, quality) pitch-class pairs, one a bar, repeated as needed; `notes` are remarks to show.
    """

    key: Key
    metre: str
    bars: int
    tempo: int
    style: Style
    mood: str | None
    instruments: tuple[str, ...]
    drums: bool
    variants: int
    density: int = 0
    register: int = 0
    chords: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def read_wish(text: str) -> Wish:
    """What a person asks for. Raises UnclearWish with one sentence when it cannot be, or is too long to be a wish."""
    if len(text) > MAX_TEXT:
        raise UnclearWish(f"A wish for music may have {MAX_TEXT} characters; this one has {len(text)}.")
    lower = " " + text.lower().replace("♯", "#").replace("♭", "b").replace("：", ":") + " "
    style_name = _one(lower, STYLE_WORDS, "styles")
    mood_name = _one(lower, MOOD_WORDS, "", strict=False)
    metre = _metre(lower)
    style = STYLES[style_name] if style_name else _style_for(metre, lower)
    if metre and metre not in style.metres:
        raise UnclearWish(f"A {style.name} is in {' or '.join(style.metres)}; you asked for {metre}.")
    mood = MOODS.get(mood_name or "")
    key = _key(text, lower, minor=bool(mood and mood.minor))
    instruments, drums, notes = _instruments(lower, style)
    density = _one(lower, DENSITY_WORDS, "", strict=False) or (mood.density if mood else style.density)
    return Wish(
        key,
        metre or style.metres[0],
        _count(lower, r"[ -]*(?:bars?|measures?)\b|\s*个?小节", "bars", 1, MAX_BARS) or (12 if "blues" in lower else 8),
        _tempo(lower) or round(style.tempo * (mood.tempo if mood else 1.0)),
        style,
        mood_name,
        instruments,
        drums,
        _count(lower, r"\s+(?:different\s+)?(?:variants?|versions?|variations?|takes?)\b|\s*个?(?:版本|变体|变奏)",
               "variants", 1, MAX_VARIANTS) or 1,
        density,
        _register(lower) or (mood.register if mood else 0),
        _chords(text),
        tuple(notes),
    )  # fmt: skip


def describe(wish: Wish) -> str:
    """The wish in one line: "8 bars, 3/4, D minor, 90 bpm, waltz, melancholy, piano and strings"."""
    parts = [
        f"{wish.bars} bar{'s' * (wish.bars != 1)}",
        wish.metre,
        wish.key.name,
        f"{wish.tempo} bpm",
        wish.style.name,
    ]
    parts += [wish.mood] if wish.mood else []
    names = [*wish.instruments, *(["drums"] if wish.drums else [])]
    parts.append(names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1])
    parts += [f"{wish.variants} variants"] if wish.variants > 1 else []
    return ", ".join(parts) + "".join(f" ({note})" for note in wish.notes)


def _found(lower: str, words: Mapping[str, object]) -> list[str]:
    """The table's words that occur, longest first, each stretch of text used once, in order of appearance."""
    places, rest = [], lower
    for word in sorted(words, key=len, reverse=True):
        pattern = rf"(?<![a-z]){re.escape(word)}(?![a-z])" if word.isascii() else re.escape(word)
        for hit in re.finditer(pattern, rest):
            places.append((hit.start(), word))
        rest = re.sub(pattern, lambda hit: "\0" * len(hit[0]), rest)
    return [word for _, word in sorted(places)]


def _one(lower: str, words: Mapping[str, T], what: str, strict: bool = True) -> T | None:
    """The meaning of the word that occurs; when two differ, the first, or UnclearWish if `strict`."""
    meanings = list(dict.fromkeys(words[word] for word in _found(lower, words)))
    if strict and len(meanings) > 1:
        raise UnclearWish(f"You named two {what}, {meanings[0]} and {meanings[1]}; one piece can have one.")
    return meanings[0] if meanings else None


def _value(text: str) -> int:
    return NUMBERS[text] if text in NUMBERS else int(text[:6])


def _count(lower: str, unit: str, what: str, least: int, most: int) -> int | None:
    """A number before a unit, held within limits that the error names."""
    values = {_value(hit[1]) for hit in re.finditer(rf"(?<![\w.])({_NUMBER})(?:{unit})", lower)}
    if len(values) > 1:
        raise UnclearWish(f"You asked for {min(values)} and for {max(values)} {what}; say one number.")
    for value in values:
        if not least <= value <= most:
            raise UnclearWish(f"I can write {least} to {most} {what}; you asked for {value}.")
    return values.pop() if values else None


def _tempo(lower: str) -> int | None:
    patterns = (r"(-?\d+)(?:\.\d+)?\s*bpm\b", r"\btempo\s*(?:of|:|=)?\s*(-?\d+)", r"♩\s*=\s*(-?\d+)",
                r"每分钟\s*(\d+)\s*拍", r"速度\s*:?\s*(\d+)", r"(\d+)\s*拍每分")  # fmt: skip
    values = {int(hit[1][:6]) for pattern in patterns for hit in re.finditer(pattern, lower)}
    if len(values) > 1:
        raise UnclearWish(f"You named two tempi, {min(values)} and {max(values)} bpm; say one.")
    for value in values:
        if not SLOWEST <= value <= FASTEST:
            raise UnclearWish(f"I can play at {SLOWEST} to {FASTEST} bpm; you asked for {value}.")
    words = {TEMPO_WORDS[word] for word in _found(lower, TEMPO_WORDS)}
    if len(words) > 1 and min(words) < 90 < max(words):
        raise UnclearWish("You asked for slow and for fast; a piece here has one tempo.")
    return values.pop() if values else max(words) if words else None


def _metre(lower: str) -> str | None:
    named = {
        f"{int(hit[1][:3])}/{int(hit[2][:3])}" for hit in re.finditer(r"(?<![\d/])(\d+)\s*/\s*(\d+)(?![\d/])", lower)
    }
    named |= {METRE_WORDS[word] for word in _found(lower, METRE_WORDS)}
    for name in named - METRES.keys():
        raise UnclearWish(f"I can write in {', '.join(METRES)}; {name} is not among them.")
    if len(named) > 1:
        raise UnclearWish(f"You named two metres, {' and '.join(sorted(named))}; one piece can have one.")
    return named.pop() if named else None


def _style_for(metre: str | None, lower: str) -> Style:
    """Without a named style: two or more voices of singers make a chorale, three-four a waltz, six-eight a jig."""
    if "choir" in lower or "satb" in lower or "四声部" in lower:
        return STYLES["chorale"] if metre in (None, "4/4", "3/4") else STYLES["folk"]
    return STYLES["folk"]


def _key(text: str, lower: str, minor: bool) -> Key:
    keys = {_named_key(*hit.groups()) for hit in _KEY.finditer(text) if not _is_article(text, hit)}
    keys |= {_named_key(hit[2], hit[3] or {"升": "#", "降": "b"}.get(hit[1] or ""), None, hit[4])
             for hit in _ZH_KEY.finditer(text)}  # fmt: skip
    if not keys:
        mode = _mode(lower) or ("minor" if minor else "major")
        bare = [hit for hit in _BARE_KEY.finditer(text) if hit[1] != "I"]
        keys = {_named_key(hit[1], hit[2], hit[3], mode) for hit in bare} or {Key(0 if "major" in mode else 9, mode)}
        if not bare and mode not in ("major", "major pentatonic", "minor", "minor pentatonic"):
            keys = {Key(2, mode)}
    if len(keys) > 1:
        names = sorted(key.name for key in keys)
        raise UnclearWish(f"You named two keys, {names[0]} and {names[1]}; a piece here has one.")
    return keys.pop()


def _mode(lower: str) -> str | None:
    modes = {MODE_WORDS[word] for word in _found(lower, MODE_WORDS)} - {"blues"}
    if {"major", "minor"} <= modes:
        raise UnclearWish("You asked for major and for minor; a piece here has one of them.")
    if "pentatonic" in modes:
        return "minor pentatonic" if "minor" in modes else "major pentatonic"
    return sorted(modes)[0] if modes else None


def _is_article(text: str, hit: re.Match[str]) -> bool:
    """Whether the `a` of "a minor waltz" is an article: small, without a sign, and followed by a noun."""
    after = text[hit.end() :].lstrip(" ")
    return (
        hit[1] == "a"
        and not hit[2]
        and not hit[3]
        and bool(re.match(r"[a-z]", after))
        and not re.match(r"(at|with|for|and|in|on|using)\b", after)
    )


def _named_key(letter: str, sign: str | None, word: str | None, mode: str) -> Key:
    """Raises UnclearWish for letters that are no notes."""
    mode = MODE_WORDS.get(mode.lower(), mode.lower())
    mode = "major pentatonic" if mode == "pentatonic" else mode
    if letter.upper() not in LETTERS:
        raise UnclearWish(f"There is no key of {letter.upper()}; keys are named A to G, with sharp or flat.")
    alter = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}.get((sign or word or "").lower(), 0)
    return Key((LETTERS[letter.upper()] + alter) % 12, mode if mode in SCALES else "major")


def _instruments(lower: str, style: Style) -> tuple[tuple[str, ...], bool, list[str]]:
    """The instruments in the order named, whether drums play, and remarks about stand-ins."""
    cleaned = re.sub(
        r"\b(?:no|without)\s+(?:any\s+)?(drums?|percussion)\b|(?:不要|没有|无)\s*(?:鼓|打击乐)", " nodrums ", lower
    )
    # A style's name may have an instrument's inside it, as the Chinese for four-part singing has the choir's.
    for word in _found(cleaned, STYLE_WORDS):
        cleaned = cleaned.replace(word, " ")
    table = {word: word for word in (*INSTRUMENT_WORDS, *STAND_INS)}
    table.pop("bass") if re.search(r"\bbass drum\b", cleaned) else None
    names, notes = [], []
    for word in _found(cleaned, table):
        name = INSTRUMENT_WORDS.get(word) or STAND_INS[word]
        if word in STAND_INS:
            notes.append(f"{INSTRUMENTS[name].name} stands in for {word}")
        names.append(name)
    wanted = re.search(r"\b(drums?|drum kit|percussion)\b|鼓|打击乐", re.sub(r"steel drums?", "", cleaned)) is not None
    if wanted and "nodrums" in cleaned:
        raise UnclearWish("You asked for drums and for none; say which.")
    names = list(dict.fromkeys(names))
    if len(names) > 6:
        raise UnclearWish(f"I can write for up to 6 instruments; you named {len(names)}.")
    drums = wanted or (not names and bool(style.drums) and "nodrums" not in cleaned)
    return tuple(names) or style.instruments, drums, notes


def _register(lower: str) -> int | None:
    if re.search(r"\bhigh(?:er)?\s+(?:register|range|pitch)|高音区", lower):
        return 5
    return 1 if re.search(r"\blow(?:er)?\s+(?:register|range|pitch)|低音区", lower) else None


def _chords(text: str) -> tuple[int, ...]:
    """Chord numbers (see `chords`) after the word "chords", one a bar."""
    found = _CHORDS.search(text)
    if found is None:
        return ()
    numbers = []
    for root, sign, quality in re.findall(r"([A-G])([#b]?)(m|dim)?", found[1] or found[2]):
        pitch = (LETTERS[root] + {"#": 1, "b": -1, "": 0}[sign]) % 12
        numbers.append({"": 0, "m": 12, "dim": 24}[quality] + pitch)
    return tuple(numbers)
