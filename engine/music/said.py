"""What the words of a wish say, field by field, with None for what they do not mention.

Each thing is looked for in a fixed order and what was understood is struck out, so that no word counts twice: the bass
of a chord name is no instrument, the choir in a style's name no choir. `wishes` fills what nobody said. Contradictions
and things that do not exist raise `UnclearWish`.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from engine.music.counting import NUMBER, value
from engine.music.errors import UnclearWish
from engine.music.keynames import Keys, read_keys
from engine.music.phrase import METRES
from engine.music.styles import STYLES
from engine.music.vocabulary import (
    DENSITY_WORDS,
    ENSEMBLE_WORDS,
    INSTRUMENT_WORDS,
    METRE_WORDS,
    MOOD_WORDS,
    PACE_WORDS,
    REGISTER_WORDS,
    STAND_INS,
    STYLE_STAND_INS,
    STYLE_WORDS,
    TEMPO_WORDS,
    TRADITIONAL,
)
from engine.words import Words

Remark = tuple[str, dict[str, str | int]]
MAX_BARS, MAX_VARIANTS, MAX_PLAYERS, SLOWEST, FASTEST, MAX_TEXT = 32, 6, 6, 30, 240, 2000
_NO_DRUMS = (r"\b(?:no|without|minus|skip|lose)\s+(?:any\s+|the\s+)?(?:drums?|percussion|drum kit|beats?)\b"
             r"|\bdrumless\b|(?:不要|没有|去掉|不加|别加|无)\s*(?:架子鼓|鼓点|鼓组|鼓|打击乐)")  # fmt: skip
_DRUMS = r"\b(?:drums?|bodhr[aá]n|drum[ -]?(?:kit|set|machine|beat)|percussion)\b|架子鼓|鼓点|鼓组|鼓|打击乐"
_ADD = r"(?:\b(?:add(?:ing)?|plus|also|additional)\b|加上|加入|再加|添加|加个|加一|还要|外加)"
_REMOVE = r"(?:\b(?:no|without|minus|remove|drop|lose|not?)\b|不要|去掉|没有|别用|不用|删掉)"
_FILLER = r"(?:\s|\b(?:a|an|the|some|any|of|and|also|too|more)\b|[,、和个把一])*"


@dataclass(frozen=True, slots=True)
class Said:
    """A wish with gaps. `pace` is a factor on the tempo; `more` and `fewer` are instruments added and taken away."""

    style: str | None
    mood: str | None
    metre: str | None
    keys: Keys
    tempo: int | None
    pace: float
    bars: int | None
    seconds: float | None
    lengthen: float
    variants: int | None
    players: tuple[str, ...]
    more: tuple[str, ...]
    fewer: tuple[str, ...]
    drums: bool | None
    density: int | None
    register: int | None
    chords: tuple[int, ...]
    remarks: tuple[Remark, ...]


def read_said(text: str) -> Said:
    """Everything that the words say. Raises UnclearWish, also when there are too many of them."""
    plain = unicodedata.normalize("NFKC", text[: MAX_TEXT + 1].replace("♯", "#").replace("♭", "b"))
    # Some single characters become a whole sentence when they are normalised.
    if len(text) > MAX_TEXT or len(plain) > MAX_TEXT:
        raise UnclearWish(why="text", limit=MAX_TEXT, length=max(len(text), len(plain)))
    words = Words(plain.translate(TRADITIONAL))
    keys = read_keys(words)
    seconds = _seconds(words)
    bars = _count(
        words, "bars", MAX_BARS, r"[ -]*(?:bars?|measures?)\b|\s*个?小节", r"\b(?:bars|measures|length)|小节数?"
    )
    lengthen = _lengthen(words)
    variants = _count(words, "variants", MAX_VARIANTS, r"\s+(?:different\s+)?(?:variants?|versions?|variations?|takes?)"
                      r"\b|\s*[个种]?(?:不同的?)?(?:版本|变体|变奏)", r"\b(?:variants|versions)|版本数?")  # fmt: skip
    # In Chinese the word for a beat is in tempi and metres alike: first what can only be a tempo, then the metre.
    spoken = [value(hit[1].lower()) for hit in words.take(rf"每分钟\s*({NUMBER})\s*拍")]
    metre = _metre(words)
    tempo = _tempo(words, spoken)
    no_drums, kit = bool(words.take(_NO_DRUMS)), bool(words.take(r"\b(?:bass|snare|kick) drums?\b"))
    remarks: list[Remark] = []
    styles, moods = words.meanings(STYLE_WORDS), words.meanings(MOOD_WORDS)
    more, fewer, players = _players(words, remarks)
    # After the instruments, because a rock organ and a classical guitar are no styles.
    style = _style(styles, words, remarks)
    drums = _drums(words, no_drums, kit)
    pace = words.meanings(PACE_WORDS)
    worded = _worded_tempo(words, tempo)
    return Said(
        style=style,
        mood=moods[0] if moods else None,
        metre=metre,
        keys=keys,
        tempo=worded if worded is not None else _bare_tempo(words),
        pace=pace[0] if pace else 1.0,
        bars=bars,
        seconds=seconds,
        lengthen=lengthen,
        variants=variants,
        players=players,
        more=more,
        fewer=fewer,
        drums=drums,
        density=next(iter(words.meanings(DENSITY_WORDS)), None),
        register=next(iter(words.meanings(REGISTER_WORDS)), None),
        chords=keys.chords,
        remarks=(*keys.remarks, *remarks),
    )


def _style(styles: list[str], words: Words, remarks: list[Remark]) -> str | None:
    stand_ins = words.find(STYLE_STAND_INS)
    if not styles:
        for _, word in stand_ins[:1]:
            styles = [STYLE_STAND_INS[word]]
            remarks.append(("style_stand_in", {"style": styles[0], "word": word}))
    if len(styles) > 1:
        raise UnclearWish(why="two_styles", style=styles[0], style2=styles[1])
    return STYLES[styles[0]].name if styles else None


def _count(words: Words, what: str, most: int, unit: str, label: str) -> int | None:
    """A number before a unit or after a label ("bars: 8"), held within limits that the refusal names."""
    either = rf"(?:(\d+)\s*[-–~]\s*|({NUMBER})\s*(?:\bto\b|\bor\b|到|至|或)\s*)?"
    labelled = rf"(?:{label})\s*[:=]\s*({NUMBER})(?![\w/])"
    hits = words.take(rf"(?<![\w.]){either}(?<![\w.])({NUMBER})(?:{unit})") + words.take(labelled)
    values = sorted({value(number.lower()) for hit in hits for number in hit.groups() if number})
    if len(values) > 1:
        raise UnclearWish(why=f"two_{what}", first=_shown(values[0]), second=_shown(values[-1]))
    for number in values:
        if not 1 <= number <= most or number != int(number):
            raise UnclearWish(why=what, most=most, value=_shown(number))
    return int(values[0]) if values else None


def _seconds(words: Words) -> float | None:
    """A length in time, such as 20 seconds or 半分钟."""
    total = 0.0
    for hit in words.take(rf"({NUMBER}|half an?|half|an?|半)[ -]?(seconds?|secs?|minutes?|mins?|秒钟?|分钟(?!\s*\d))"
                          r"(?![a-z])(?!\s*\d+\s*拍)"):  # fmt: skip
        amount = {"half a": 0.5, "half": 0.5, "half an": 0.5, "a": 1.0, "an": 1.0, "半": 0.5}.get(hit[1].lower())
        amount = value(hit[1].lower()) if amount is None else amount
        total += amount * (60 if hit[2].lower().startswith(("m", "分")) else 1)
    return total or None


def _lengthen(words: Words) -> float:
    if words.take(r"\btwice as long\b|\b(?:much\s+)?longer\b|长一[点些倍]|更长"):
        return 2.0
    return 0.5 if words.take(r"\bhalf as long\b|\bshorter\b|短一[点些]|更短") else 1.0


def _tempo(words: Words, spoken: Sequence[float]) -> int | None:
    """Quarters a minute, from figures; a dotted quarter counts one and a half."""
    number = r"([-−]?\d+(?:\.\d+)?)"
    dotted = words.take(rf"(?:dotted[ -](?:quarter|crotchet)|♩\s*\.|附点四分音符)\s*=\s*{number}")
    ranges = words.take(r"(\d+)\s*(?:[-–~]|to\b|到|至)\s*(\d+)\s*bpm\b")
    hits = words.take(
        rf"{number}\s*(?:and|or|和|或)(?=\s*\d+\s*bpm)"
        rf"|{number}\s*(?:bpm\b|beats? (?:per|a) minute)|\bbpm\s*(?:of|:|=|is)?\s*{number}"
        rf"|\b(?:tempo|speed)\s*(?:of|:|=|is|at)?\s*{number}|(?:♩|\bquarter(?: note)?|\bcrotchet|\bq)\s*=\s*{number}"
        rf"|(?:速度|拍速|节拍)\s*[为是:=]?\s*{number}(?!\s*/)|{number}\s*拍\s*(?:每分钟?|/分钟?)"
        rf"|\bat\s+{number}(?!\s*(?:/|bars?|measures?|\w))|{number}\s*拍(?![子号])"
    )
    values = [float(found.replace("−", "-")) for hit in hits for found in hit.groups() if found]
    values += [(float(hit[1]) + float(hit[2])) / 2 for hit in ranges]
    values += spoken
    values += [1.5 * float(hit[1].replace("−", "-")) for hit in dotted]
    tempi = sorted({round(min(number, 10.0**9)) for number in values})
    if len(tempi) > 1:
        raise UnclearWish(why="two_tempi", first=tempi[0], second=tempi[-1])
    for tempo in tempi:
        if not SLOWEST <= tempo <= FASTEST:
            raise UnclearWish(why="tempo", least=SLOWEST, most=FASTEST, value=tempo)
    return tempi[0] if tempi else None


def _worded_tempo(words: Words, said: int | None) -> int | None:
    """Slow or fast in words, unless figures say it; words and figures far apart contradict each other."""
    tempi = words.meanings(TEMPO_WORDS)
    if len(tempi) > 1 and min(tempi) < 90 < max(tempi):
        raise UnclearWish(why="slow_and_fast")
    if said is not None and tempi and not 0.4 < said / max(tempi) < 2.5:
        raise UnclearWish(why="word_and_tempo", value=said)
    return said if said is not None else max(tempi) if tempi else None


def _bare_tempo(words: Words) -> int | None:
    """A number that nothing else explains, such as the last word of "waltz in D minor, 90"."""
    left = words.take(r"(?<![\w.#/:-])(?<!op\. )(?<!no\. )(?<!opus )(?<!第)(\d{2,3})(?![\w./:%-])")
    tempi = {int(hit[1]) for hit in left}
    return tempi.pop() if len(tempi) == 1 and 60 <= min(tempi) <= FASTEST else None


def _metre(words: Words) -> str | None:
    figures = words.take(r"(?<![\d/.])(\d{1,3})\s*/\s*(\d{1,3})(?![\d/])(?:[ -]?(?:time|拍子?))?")
    named = {f"{int(hit[1])}/{int(hit[2])}" for hit in figures}
    named |= set(words.meanings(METRE_WORDS))
    for name in sorted(named - METRES.keys()):
        raise UnclearWish(why="metre", metre=name, metres=", ".join(METRES))
    if len(named) > 1:
        first, second = sorted(named)[:2]
        raise UnclearWish(why="two_metres", metre=first, metre2=second)
    return named.pop() if named else None


def _players(words: Words, remarks: list[Remark]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Instruments added, taken away, and simply named, each in order of appearance."""
    before = words.text
    more, fewer, plain = list[str](), list[str](), list[str]()
    mode, end = plain, 0
    for place, word in words.find((*INSTRUMENT_WORDS, *STAND_INS, *ENSEMBLE_WORDS)):
        gap = before[end:place]
        if re.search(_REMOVE + _FILLER + "$", gap, re.IGNORECASE):
            mode = fewer
        elif re.search(_ADD + _FILLER + "$", gap, re.IGNORECASE):
            mode = more
        elif not end or not re.fullmatch(r"(?:s|es)?" + _FILLER, gap, re.IGNORECASE):
            mode = plain
        name = INSTRUMENT_WORDS.get(word) or STAND_INS.get(word)
        mode += [name] if name else ENSEMBLE_WORDS[word]
        if word in STAND_INS and mode is not fewer:
            remarks.append(("stand_in", {"instrument": STAND_INS[word], "word": word}))
        end = place + len(word)
    for name in dict.fromkeys(plain):
        if name in fewer:
            raise UnclearWish(why="with_and_without", instrument=name)
    # A quartet has two violins; a word said twice still means one instrument.
    players = plain if len(plain) == 4 and len(set(plain)) == 3 else list(dict.fromkeys(plain))
    if len(players) > MAX_PLAYERS:
        raise UnclearWish(why="players", most=MAX_PLAYERS, value=len(players))
    return tuple(more), tuple(fewer), tuple(players)


def _drums(words: Words, no_drums: bool, kit: bool) -> bool | None:
    wanted = bool(words.take(_DRUMS)) or kit
    if wanted and no_drums:
        raise UnclearWish(why="drums")
    return True if wanted else False if no_drums else None


def _shown(number: float) -> str | int:
    return int(number) if number == int(number) else f"{number:g}"
