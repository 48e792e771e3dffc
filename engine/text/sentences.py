"""Where sentences begin and end, in English and Chinese, and how two passages become one text.

The prompt cuts old story here and the cleaner ends a passage here, so both must mean the same by "a sentence".
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

CLOSERS = "\"'”’»)]*_」』）】"
LOOK_BACK = 400
REMEMBERED = 256

_END = re.compile(r"(?:[.!?‽]+|…|[。！？]+)[\"'”’»)\]*_」』）】]*")
_ABBREVIATIONS = frozenset(
    {
        "mr",
        "mrs",
        "ms",
        "dr",
        "st",
        "prof",
        "capt",
        "col",
        "gen",
        "lt",
        "sgt",
        "rev",
        "jr",
        "sr",
        "vs",
        "mt",
        "etc",
    }
)
_NAME_ABBREVIATION = re.compile(r"(?:^|[\s(“\"])([A-Za-z]{1,4})\.$")
_CJK = re.compile(r"[　-〿぀-ヿ㐀-鿿豈-﫿＀-￯]")


def has_cjk(text: str) -> bool:
    """Whether any of it is written in Chinese or Japanese characters."""
    return bool(_CJK.search(text))


@lru_cache(maxsize=REMEMBERED)  # every check of a draft asks for the same text's sentences again
def ends(text: str) -> tuple[int, ...]:
    """The places just behind each sentence end, closing quotes and brackets included."""
    return tuple(found.end() for found in _END.finditer(text) if _is_end(text, found))


@lru_cache(maxsize=REMEMBERED)
def starts(text: str) -> tuple[int, ...]:
    """Where each sentence or line begins; cutting the text before any of them leaves whole sentences."""
    places = {0} | {_skip_space(text, end) for end in ends(text)}
    places |= {_skip_space(text, found.end()) for found in re.finditer(r"\n", text)}
    return tuple(sorted(place for place in places if place < len(text)))


def pieces(text: str) -> list[str]:
    """The text in sentences and lines, each with the space behind it; joined they are the text."""
    return [text[start:end] for start, end in pairwise([*starts(text), len(text)])]


def finished(text: str) -> bool:
    """Whether the text stops where a sentence stops (not: in the middle of one)."""
    bare = text.rstrip()[-LOOK_BACK:]
    places = ends(bare)
    return bool(places) and places[-1] == len(bare)


def join(before: str, after: str, lines: bool = False) -> str:
    """Two passages as one text: one sentence if the first stops inside it and the second goes on, else paragraphs.

    With `lines` (verse) the passages are lines: an unfinished one is followed by the next line, not a stanza.
    """
    return join_all((before, after), lines)


def join_all(passages: Iterable[str], lines: bool = False) -> str:
    """Many passages as one text; see `join`."""
    bare = [passage.strip() for passage in passages if passage.strip()]
    glued = [_glue(before, after, lines) + after for before, after in pairwise(bare)]
    return "".join([*bare[:1], *glued])


def _glue(before: str, after: str, lines: bool) -> str:
    if lines:
        return "\n\n" if finished(before) else "\n"
    if not goes_on(before, after):
        return "\n\n"
    return "" if after[0] in ",.;:!?…’”)。，！？；：、" or _CJK.match(before[-1]) or before[-1] in "-—" else " "


def goes_on(before: str, after: str) -> bool:
    """Whether `after` continues the unfinished sentence that `before` ends in."""
    if finished(before):
        return False
    first = after.lstrip()[:1]
    return first.islower() or first in ",;:.…—–" or before.rstrip()[-1:] in ",—–-、，" or bool(_CJK.match(first))


def _is_end(text: str, found: re.Match[str]) -> bool:
    mark, after = found[0], text[found.end() : found.end() + 12]
    if mark[0] in "。！？":
        return True
    if after and not after[0].isspace() and not _CJK.match(after[0]):
        return False
    if mark == "." and _is_abbreviation(text[max(0, found.end() - 8) : found.end()]):
        return False
    following = after.lstrip(" \t\"'“‘*_(")[:1]
    broken_off = mark[0] == "…" or mark.startswith("...") or len(mark.rstrip(CLOSERS)) < len(mark)
    return not (broken_off and following.islower())


@lru_cache(maxsize=REMEMBERED)
def _is_abbreviation(text: str) -> bool:
    found = _NAME_ABBREVIATION.search(text)
    if not found:
        return False
    return found[1].lower() in _ABBREVIATIONS or (len(found[1]) == 1 and found[1] not in "IaA")


def _skip_space(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place
