"""Cutting a text into Discord messages so that no markup is broken: what is open at a cut is closed and opened again.

Discord reads Markdown in every message by itself, so a `**` whose partner stands in the next message would show as two
stars in both.
"""

import re

from bot.chats.splitting import cut_at, units

LIMIT = 2000
_ROOM = 48  # units kept free for what must be closed at the end of a message

_WHOLE = re.compile(r"\[[^\]\n]{1,300}\]\([^)\s]{1,500}\)|<(?:a?:\w+:|[@#][!&]?|t:)\d+(?::\w)?>|https?://[^\s<>]+")
_MARK = re.compile(r"\\.|```|`+|\*\*\*|\*\*|\*|__|_|~~|\|\|", re.DOTALL)
_FENCE = re.compile(r"[\w+-]{1,20}(?=\n)")


def split(text: str, limit: int = LIMIT) -> list[str]:
    """The text as messages of at most `limit` units, cut where a reader would, each with its markup whole."""
    parts: list[str] = []
    rest = text.strip()
    while units(rest) > limit:
        cut = _cut(rest, limit - _ROOM)
        head, tail = rest[:cut].rstrip(), rest[cut:].lstrip()
        marks = _open(head, tail)
        closing = "".join("\n```" if mark.startswith("```") else mark for mark in reversed(marks))
        opening = "".join(f"{mark}\n" if mark.startswith("```") else mark for mark in marks)
        parts.append(head + closing)
        rest = opening + tail
    return [part for part in [*parts, rest] if part.strip()]


def _cut(text: str, limit: int) -> int:
    """Where to cut: never inside a link, a mention, an emoji or a mark, unless that alone is longer than a message."""
    cut = cut_at(text, limit)
    for match in _WHOLE.finditer(text, 0, cut + 1000):
        if match.start() < cut < match.end() and match.start():
            cut = match.start()
    start = cut
    while start > 1 and start < len(text) and text[start - 1] == text[start] and text[start] in "*_~|`":
        start -= 1
    return start if start > 1 else cut


def _open(head: str, tail: str) -> list[str]:
    """The marks that are open at the end of `head` and closed in `tail`, outermost first."""
    marks: list[str] = []
    for match in _MARK.finditer(head):
        mark = match[0]
        if mark.startswith("\\"):
            continue
        code = next((each for each in marks if each.startswith("`")), "")
        if code:
            if mark == code[: len(mark)] and mark.startswith("```") == code.startswith("```"):
                marks.remove(code)
        elif mark in marks:
            del marks[marks.index(mark) :]
        elif mark == "```":
            named = _FENCE.match(head, match.end())
            marks.append(mark + (named[0] if named else ""))
        elif _opens(head, match.end(), tail):
            marks.append(mark)
    return [mark for mark in marks if ("```" if mark.startswith("```") else mark) in tail]


def _opens(head: str, after: int, tail: str) -> bool:
    """A mark opens something if it stands right before a word."""
    following = head[after : after + 1] or tail[:1]
    return bool(following) and not following.isspace()
