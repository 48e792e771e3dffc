"""What a person wants done with music, as one small record, and how the words behind a command are read. Pure.

An order is stored with what it made, so the same thing can be asked for again ("retry") and told to the person who
takes the piece home. What a `compose` order's words mean is read by `wishes`; everything else is read here.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from engine.errors import BadValue, EmptyText
from engine.music.errors import UnclearWish
from engine.music.motif import Motif, plain, read
from engine.music.said import read_said

Verb = Literal["compose", "song", "extend", "vary", "accompany", "harmonize", "redraw", "morph"]
VERBS: tuple[Verb, ...] = get_args(Verb)
MOST_BARS = 32
STRENGTH = 0.4  # of a variation nobody gave a strength for: plainly another, plainly the same tune

LANES: Mapping[str, tuple[int, ...]] = {
    "melody": (0,), "tune": (0,), "soprano": (0,), "lead": (0,), "旋律": (0,), "高音": (0,),
    "alto": (1,), "中音": (1,), "tenor": (2,), "次中音": (2,), "inner": (1, 2), "内声部": (1, 2),
    "bass": (-1,), "低音": (-1,), "贝斯": (-1,),
}  # fmt: skip
_STRENGTHS: Mapping[str, float] = {
    "a little": 0.15, "little": 0.15, "slightly": 0.15, "subtle": 0.15, "light": 0.15, "gently": 0.15, "weak": 0.15,
    "medium": 0.4, "strongly": 0.8, "strong": 0.8, "a lot": 0.8, "much": 0.8, "very": 0.8, "wild": 1.0,
    "completely": 1.0, "一点": 0.15, "稍微": 0.15, "轻微": 0.15, "中等": 0.4, "很多": 0.8, "强烈": 0.8, "完全": 1.0,
}  # fmt: skip
_CHANGES: Mapping[str, str] = {
    "sparser": "sparser", "sparse": "sparser", "thinner": "sparser", "simpler": "sparser", "fewer": "sparser",
    "calmer": "sparser", "稀疏": "sparser", "更少": "sparser", "简单": "sparser",
    "denser": "denser", "dense": "denser", "busier": "denser", "busy": "denser", "more notes": "denser",
    "livelier": "denser", "密集": "denser", "更多": "denser", "热闹": "denser",
    "other": "other", "another": "other", "different": "other", "new": "other", "again": "other", "redraw": "other",
    "别的": "other", "不同": "other", "重写": "other", "换": "other",
}  # fmt: skip
_KEEP = re.compile(r"(?:keep(?:ing)?|hold|leave|保留|不变)[:：]?\s*(.+)", re.IGNORECASE | re.DOTALL)
_RANGE = re.compile(r"(\d{1,6})\s*(?:(?:-|–|—|to|\.\.|~|到|至)\s*(\d{1,6}))?")
_FILLERS = re.compile(r"\b(?:bars?|measures?|the|and|more|by|for|with|make|them|it|lane|track|voice|part)\b|第|个?小节"
                      r"|[,，;；.。、的]")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """What to do; `source` and `other` are ids of the passages it is done to ("" for none).

    `words` belong to compose, song and accompany (instruments), `text` is what a song sings ("" for what its passage
    says), `about` is the passage of words that music is composed for ("" for the last one), `motifs` return in music
    and song. `bars` belong to extend and morph, `strength` (0 to 1) to vary, `first`, `last` (bars from 1) and `change`
    to redraw, `keep` (lanes from 0, -1 the bass) to vary and redraw.
    """

    verb: Verb
    words: str = ""
    bars: int = 0
    strength: float = STRENGTH
    first: int = 0
    last: int = 0
    change: str = ""
    keep: tuple[int, ...] = ()
    source: str = ""
    other: str = ""
    text: str = ""
    about: str = ""
    motifs: tuple[Motif, ...] = ()


def read_order(verb: Verb, words: str) -> Order:
    """The order behind a command's words. Raises BadValue, and EmptyText for bars nobody named."""
    text = words.strip()
    if verb in ("compose", "accompany"):
        return Order(verb, words=text)
    if verb == "song":
        return _song(words)
    if verb == "harmonize":
        _finished(verb, text)
        return Order(verb)
    if verb == "vary":
        rest, keep = _kept(text)
        return Order(verb, strength=_strength(rest), keep=keep)
    if verb == "redraw":
        return _redraw(text)
    return Order(verb, bars=_bars(verb, text))


def loaded(fields: Mapping[str, Any]) -> Order:
    """An order as it was stored; fields that a later version wrote are left out."""
    known = {name: value for name, value in fields.items() if name in Order.__dataclass_fields__}
    motifs = tuple(motif for each in known.get("motifs", ()) if (motif := _motif(each)))
    return replace(Order(**known), keep=tuple(known.get("keep", ())), motifs=motifs)


def _motif(fields: Any) -> Motif | None:
    """A motif as it was stored, None for one of a file that somebody changed."""
    try:
        return read(fields)
    except ValueError:
        return None


def stored(order: Order) -> dict[str, Any]:
    """An order as `loaded` reads it again."""
    return {**asdict(order), "motifs": [plain(motif) for motif in order.motifs]}


def drawn(seed: int, drafts: int, pick: int) -> dict[str, int]:
    """What leads to a piece again beside its order: the seed of all pieces, how many there were, and which it is."""
    return {"seed": seed, "drafts": drafts, "pick": pick}


def _song(words: str) -> Order:
    """The first line is about the music when it speaks of music; all else is to be sung, " / " between lines."""
    first, _, rest = words.partition("\n")
    if not first.strip() or about_music(first, 0.3 if rest.strip() else 0.0):
        return Order("song", words=first.strip(), text=rest.strip())
    return Order("song", text=re.sub(r"\s+/\s+", "\n", words.strip()))


def about_music(line: str, share: float) -> bool:
    """Whether a line is a wish for music: more than this share of its words is understood as one."""
    try:
        said = read_said(line)
    except UnclearWish:
        return True  # a wish it is, and what is wrong with it will be said
    nothing = read_said("")
    facts = [getattr(said, name) for name in said.__dataclass_fields__ if getattr(said, name) != getattr(nothing, name)]
    count = sum(len(fact) if isinstance(fact, tuple) else 1 for fact in facts)
    return count > share * len(line.split()) and " / " not in line


def _redraw(text: str) -> Order:
    rest, keep = _kept(text)
    found = _RANGE.search(rest)
    if found is None:
        raise EmptyText if not rest else BadValue(name="bars", value=rest, allowed="5-8 sparser | denser | other")
    change, left = _taken(rest[: found.start()] + " " + rest[found.end() :], _CHANGES, "other")
    _finished("bars", left)
    first = int(found[1])
    return Order("redraw", first=first, last=int(found[2] or first), change=change, keep=keep)


def _kept(text: str) -> tuple[str, tuple[int, ...]]:
    """The words without "keep …", and the lanes that names."""
    found = _KEEP.search(text)
    if found is None:
        return text, ()
    lanes: list[int] = []
    left = found[1].lower()
    for word in sorted(LANES, key=len, reverse=True):
        if word in left:
            lanes += LANES[word]
            left = left.replace(word, " ")
    for number in re.findall(r"\d{1,3}", left):
        if not 1 <= int(number) <= 4:
            raise BadValue(name="keep", value=number, allowed="melody, alto, tenor, bass, 1-4")
        lanes.append(int(number) - 1)
    if not lanes or _FILLERS.sub("", re.sub(r"\d", "", left)).strip():
        raise BadValue(name="keep", value=found[1], allowed="melody, alto, tenor, bass, 1-4")
    return text[: found.start()], tuple(dict.fromkeys(lanes))


def _strength(text: str) -> float:
    found = re.fullmatch(r"\s*(-?\d{1,6}(?:[.,]\d{1,6})?)\s*(%?)\s*", text)
    if found is None:
        word, left = _taken(text, _STRENGTHS, STRENGTH)
        _finished("vary", left)
        return float(word)
    value = float(found[1].replace(",", ".")) / (100 if found[2] or float(found[1].replace(",", ".")) > 1 else 1)
    if not 0 <= value <= 1:
        raise BadValue(name="strength", value=text.strip(), allowed="0-1, 0-100 %")
    return value


def _bars(verb: Verb, text: str) -> int:
    found = _RANGE.search(text)
    _finished(verb, text[: found.start()] + text[found.end() :] if found else text)
    bars = int(found[1]) if found else 0
    if found and not 1 <= bars <= MOST_BARS:
        raise BadValue(name="bars", value=bars, allowed=f"1-{MOST_BARS}")
    return bars


def _taken(text: str, table: Mapping[str, Any], otherwise: Any) -> tuple[Any, str]:
    """The meaning of the first table's word in the text, and the text without it."""
    lower = text.lower()
    for word in sorted(table, key=len, reverse=True):
        pattern = rf"(?<![a-z]){re.escape(word)}(?![a-z])" if word.isascii() else re.escape(word)
        if re.search(pattern, lower):
            return table[word], re.sub(pattern, " ", lower, count=1)
    return otherwise, lower


def _finished(what: str, left: str) -> None:
    """Words that nothing here understands are refused rather than passed over."""
    strange = _FILLERS.sub(" ", left.lower()).strip()
    if strange:
        raise BadValue(name=what, value=strange, allowed=_ALLOWED[what])


_ALLOWED: Mapping[str, str] = {
    "extend": f"1-{MOST_BARS}",
    "morph": f"2-{MOST_BARS}",
    "vary": "0-1, a little, strong; keep melody, keep bass",
    "bars": "5-8 sparser | denser | other; keep melody, keep bass",
    "harmonize": "",
}
