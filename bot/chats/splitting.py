"""Cutting a text into messages. Platforms take so many UTF-16 units in one, trimmed at both ends."""

import re
import unicodedata

_BREAKS = (
    re.compile(r"\n[ \t]*\n\s*"),
    re.compile(r"\n"),
    re.compile(r"[.!?…]['\"”’»)\]]*\s+|[。！？…][”’」』）]*"),
    re.compile(r"\s+"),
)
_JOINER = "\u200d"


def units(text: str) -> int:
    """The length of a text in UTF-16 units, as platforms count it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(text: str, limit: int) -> list[str]:
    """The text as messages of at most `limit` units: cut at a paragraph, else a line, a sentence, a word, a character.

    Joined, the parts hold every word of the text. The earlier parts of a growing text stay as they are, so that a draft
    that is being written only ever changes its last message. No parts for a text that is all white space.
    """
    parts = []
    rest = text.strip()
    while units(rest) > limit:
        cut = cut_at(rest, limit)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [part for part in [*parts, rest] if part]


def clip(text: str, limit: int) -> str:
    """The text if it fits, otherwise its beginning and an ellipsis."""
    return text if units(text) <= limit else _head(text, limit - 1).rstrip() + "…"


def _head(text: str, limit: int) -> str:
    """As much of the text as fits; half an emoji is dropped."""
    return text.encode("utf-16-le", "surrogatepass")[: limit * 2].decode("utf-16-le", "ignore")


def cut_at(text: str, limit: int) -> int:
    """Where to end a message: at the last break of the best kind that does not leave most of the message empty."""
    head = _head(text, limit)
    for kind in _BREAKS:
        ends = [match.end() for match in kind.finditer(head) if match.end() > len(head) // 3]
        if ends:
            return ends[-1]
    cut = len(head)
    while cut > max(1, len(head) - 32) and _clings(text, cut):
        cut -= 1
    return cut


def _clings(text: str, cut: int) -> bool:
    """Whether a cut would part what is seen as one sign: joined emoji, flags, accents written apart."""
    before, after = text[cut - 1], text[cut]
    flag = 0x1F1E6 <= ord(before) <= 0x1F1FF and 0x1F1E6 <= ord(after) <= 0x1F1FF
    return flag or before == _JOINER or after in (_JOINER, "\ufe0e", "\ufe0f") or unicodedata.combining(after) > 0
