"""More pairs than people made: the live voice writes for their prompts again, and their taste picks. Pure.

A vote errs now and then, and two texts for one prompt differ in much that nobody meant. A taste fitted to all votes
errs less than each of them, and the best and worst of many texts differ most in what was meant ("West-of-N",
arXiv:2401.12086). Only a taste that has proved itself may pick (see `judge.trust`).
"""

import math
from collections.abc import Sequence
from pathlib import Path

from adapters.asks import Write, prompts
from adapters.examples import Examples, Pair
from adapters.taste import Taste

PROMPTS = 48
TEXTS = (8, 24)  # for each prompt; the more, the fewer prompts there are
OF = 8 / 3  # texts for a pair: of eight the best three and the worst three, the middle says too little
SOURCE = "taste"


def rehearse(
    training: Examples, guess: Taste, write: Write, live: Path | None, adapter: str, most: int = PROMPTS
) -> Examples:
    """The training half with pairs of what the voice in `live` (called `adapter`) writes for its prompts now."""
    asks = prompts(training, most)
    few, many = TEXTS
    texts_each = min(max(few * most // max(len(asks), 1), few), many)
    weights = [one.weight for part in (training.pairs, training.thumbs) for one in part]
    weight = sum(weights) / max(len(weights), 1)
    found = list[Pair]()
    for ask, texts in zip(asks, write(asks, live, texts_each), strict=True):
        found += [
            Pair(ask.prompt, good, bad, weight, ask.conversation, training.people, ask.form, SOURCE, adapter)
            for good, bad in extremes(guess, texts)
        ]
    return Examples((*training.pairs, *found), training.thumbs)


def extremes(guess: Taste, texts: Sequence[str]) -> list[tuple[str, str]]:
    """The best text and the worst, then those next to them; blank ones and repeated ones fall away."""
    ranked = sorted({text for text in texts if text.strip()}, key=lambda text: (guess.score(text), text))
    pairs = zip(reversed(ranked), ranked[: len(ranked) // 2], strict=False)
    count = math.ceil(len(ranked) / OF - 1e-9) if len(ranked) > 1 else 0
    return [(good, bad) for good, bad in pairs if guess.score(good) > guess.score(bad)][:count]
