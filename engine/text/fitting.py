"""As much of a text as fits into so many tokens, cut at sentences: its beginning or its end.

Everything is counted with the model's own tokenizer, whose counts of pieces do not add up to that of the whole.
"""

import re
from collections.abc import Callable

from engine.text import sentences

Count = Callable[[str], int]

_WORDS = re.compile(r"\s*\S+|\s+$")


def fit_head(text: str, budget: int, count: Count) -> str:
    """The beginning of the text in at most `budget` tokens: whole sentences, or words if not even one fits."""
    return _fit(text, budget, count, newest=False)


def fit_tail(text: str, budget: int, count: Count) -> str:
    """The end of the text in at most `budget` tokens: whole sentences, or words if not even one fits."""
    return _fit(text, budget, count, newest=True)


def _fit(text: str, budget: int, count: Count, newest: bool) -> str:
    for pieces in (sentences.pieces(text), _WORDS.findall(text), list(text)):
        kept = _most(pieces[::-1] if newest else pieces, budget, count, newest)
        if kept:
            return text[len(text) - kept :] if newest else text[:kept]
    return ""


def _most(pieces: list[str], budget: int, count: Count, newest: bool) -> int:
    """Characters of the first pieces that fit together.

    The counts of single pieces add up to a little more than the count of the whole, so after each round the whole is
    counted and what room it leaves is filled.
    """
    empty, kept, left = count(""), 0, budget
    while kept < len(pieces) and (more := _take(pieces[kept:], left, count, empty)):
        chosen = pieces[: kept + more]
        left = budget - (count("".join(chosen[::-1] if newest else chosen)) - empty)
        if left < 0:
            break
        kept += more
    return sum(map(len, pieces[:kept]))


def _take(pieces: list[str], budget: int, count: Count, empty: int) -> int:
    """How many of the pieces fit, counted one by one."""
    for taken, piece in enumerate(pieces):
        # a piece of so many characters cannot fit, and counting it would take long
        budget -= count(piece) - empty if len(piece) <= 64 * max(16, budget) else len(piece)
        if budget < 0:
            return taken
    return len(pieces)
