"""What people ask for in words: rules of turns ("round-robin 10m ghost 3"), pen names. Pure.

Whatever is not understood is refused with what may be said instead; nothing is guessed.
"""

import re
import unicodedata

from engine import safety
from engine.errors import BadValue
from engine.together.state import ROUND, Mode, Rules, State

SHORTEST, LONGEST = 30, 30 * 24 * 3600  # seconds
DRAFTS, MOST = (2, 5), 50
PEN = 40

_MODES: dict[str, Mode] = {
    **dict.fromkeys(("free", "off", "自由"), "free"),
    **dict.fromkeys(("round-robin", "round", "roundrobin", "order", "轮流"), "round-robin"),
    **dict.fromkeys(("vote", "votes", "投票"), "vote"),
    **dict.fromkeys(("host", "主持"), "host"),
}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "秒": 1, "分": 60, "分钟": 60, "小时": 3600, "天": 24 * 3600}
_TIME = re.compile(r"(\d{1,12})\s*(s|m|h|d|秒|分钟|分|小时|天)(?:in|ins|ours?|ays?|ecs?)?")
_GHOST = ("ghost", "bot", "ghostnote", "幽灵")
_NO = ("off", "none", "no", "0", "无")
_EXTRA = " .'’-·・&,"  # beside letters, marks, numbers and emoji in a pen name


def rules(words: str) -> Rules:
    """The rules that are asked for: a mode, and behind it a deadline, `ghost N|round|off`, `drafts N`, `quorum N`.

    Raises BadValue for anything else.
    """
    first, *rest = words.casefold().split() or [""]
    mode = _MODES.get(first)
    if mode is None:
        raise BadValue(name="turns", value=words, allowed="free, round-robin, vote, host")
    asked: dict[str, int] = {"ghost": ROUND if mode == "round-robin" else 0}
    while rest:
        word = rest.pop(0)
        time = _TIME.fullmatch(word)
        if time:
            asked["deadline"] = _seconds(word, int(time[1]) * _UNITS[time[2]])
        elif word in _GHOST:
            asked["ghost"] = _every(rest.pop(0) if rest else "")
        elif word in ("drafts", "draft", "草稿"):
            asked["drafts"] = _number("drafts", rest.pop(0) if rest else "", *DRAFTS)
        elif word in ("quorum", "票数"):
            asked["quorum"] = _number("quorum", rest.pop(0) if rest else "", 1, MOST)
        else:
            raise BadValue(name="turns", value=word, allowed="10m, ghost 3, drafts 3, quorum 2")
    return Rules(mode, **asked)


def pen(words: str) -> str:
    """A pen name that was asked for: one line of letters, numbers and emoji. Raises BadValue, TextTooLong."""
    name = safety.title(words)
    if len(name) > PEN or not _plain(name):
        raise BadValue(name="pen name", value=name, allowed=f"letters, numbers, spaces, 1-{PEN}")
    return name


def pen_of(name: str, state: State, person: str) -> str:
    """The pen name of somebody who asked for none: their name, told apart from the others'."""
    plain = " ".join("".join(sign for sign in name if _fits(sign)).split())[:PEN].strip(_EXTRA) or "?"
    taken = {member.pen.casefold() for member in state.members if member.here and member.person != person}
    found, number = plain, 1
    while found.casefold() in taken:
        number += 1
        found = f"{plain[: PEN - 4]} {number}"
    return found


def _plain(name: str) -> bool:
    return all(map(_fits, name)) and any(unicodedata.category(sign)[0] in "LNS" for sign in name)


def _fits(sign: str) -> bool:
    emoji = unicodedata.category(sign) == "So" or "\U0001f3fb" <= sign <= "\U0001f3ff"  # the latter: shades of skin
    return emoji or sign in _EXTRA or sign == "\u200d" or _letter(sign)


def _letter(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LMN"


def _seconds(word: str, seconds: int) -> int:
    if not SHORTEST <= seconds <= LONGEST:
        raise BadValue(name="deadline", value=word, allowed="30s-30d")
    return seconds


def _every(word: str) -> int:
    if word in _NO:
        return 0
    if word in ("round", "轮"):
        return ROUND
    return _number("ghost", word, 2, MOST)


def _number(name: str, word: str, least: int, most: int) -> int:
    if not (word.isascii() and word.isdigit() and len(word) < 6 and least <= int(word) <= most):
        raise BadValue(name=name, value=word, allowed=f"{least}-{most}")
    return int(word)
