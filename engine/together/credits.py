"""Who wrote what of a piece. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.messages import Turn
from engine.story import WORDLESS


@dataclass(frozen=True, slots=True)
class Credit:
    """Somebody's part: a person by the name they write under, or a model with the voice that spoke."""

    name: str
    model: str
    adapter: str
    passages: int = 0
    words: int = 0


def credits_of(turns: Iterable[Turn]) -> tuple[Credit, ...]:
    """Everybody's part in these passages, who wrote first comes first; music has no words."""
    found: dict[tuple[str, str, str], Credit] = {}
    for turn in turns:
        model = turn.kind == "model"
        who = ("", turn.model or "?", turn.adapter) if model else (turn.author, "", "")
        before = found.get(who, Credit(*who))
        words = 0 if turn.form in WORDLESS else _words(turn.text)
        found[who] = replace(before, passages=before.passages + 1, words=before.words + words)
    return tuple(found.values())


def _words(text: str) -> int:
    """Words between spaces; of scripts that have none between them, each sign is one."""
    return sum(_signs(word) or 1 for word in text.split() if any(sign.isalnum() for sign in word))


def _signs(word: str) -> int:
    return sum("\u3400" <= sign <= "\u9fff" or "\u3040" <= sign <= "\u30ff" for sign in word)
