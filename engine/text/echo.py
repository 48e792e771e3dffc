"""A generator without a model: it answers with words of the prompt's tail, put into sentences by the seed.

It behaves in every other way like a real one (steps, stop strings, limits, drafts, the same text for the same request),
so everything above the device can be run and tested in milliseconds.
"""

import random
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

from engine.errors import BadValue
from engine.messages import Finish
from engine.ports import Draft, Generation, TextRequest

TAIL = 60
_WORD = re.compile(r"[^\W\d_]{2,}")
_OTHER = [
    "light",
    "river",
    "letter",
    "window",
    "winter",
    "harbour",
    "stone",
    "morning",
    "garden",
    "candle",
    "thunder",
    "velvet",
    "ladder",
    "paper",
    "silver",
    "orchard",
    "whistle",
    "needle",
    "market",
    "shadow",
    "barley",
    "copper",
    "lantern",
    "meadow",
    "button",
    "willow",
    "pepper",
    "island",
    "marble",
    "saddle",
]


class EchoGenerator:
    """A TextGenerator whose tokens are words; `delay` is how long a step takes, in seconds."""

    def __init__(self, delay: float = 0.0, window: int = 1024) -> None:
        self._delay = delay
        self._window = window

    @property
    def name(self) -> str:
        """The name written into every turn."""
        return "echo"

    @property
    def window(self) -> int:
        """Words it can see."""
        return self._window

    @property
    def capacity(self) -> int:
        """As many words as anybody wants."""
        return 10**9

    @property
    def voices(self) -> frozenset[str]:
        """It has no adapters."""
        return frozenset()

    def count(self, text: str) -> int:
        """Words of a prompt."""
        return len(text.split())

    def chat(self, system: str, user: str, assistant: str) -> str | None:
        """It has no chat template."""
        return None

    def prepare(self, adapter: str) -> None:
        """Refused: it has none."""
        raise BadValue(name="adapter", value=adapter, allowed="-")

    def start(self, request: TextRequest) -> Generation:
        """Admit a request; none is refused."""
        return _Echo(request)

    def step(self, turns: Sequence[tuple[Any, int]]) -> None:
        """See `TextGenerator`."""
        if self._delay:
            time.sleep(self._delay)
        for generation, _ in turns:
            generation.grow()


class _Echo:
    """One request: every step adds a word to each of its drafts."""

    unread, problem = 0, None

    def __init__(self, request: TextRequest) -> None:
        self._request = request
        self._words = [_words(request, draft) for draft in range(request.drafts)]
        self._drafts = [Draft("") for _ in range(request.drafts)]

    @property
    def over(self) -> bool:
        return all(draft.finish for draft in self._drafts)

    def grow(self) -> None:
        for place, draft in enumerate(self._drafts):
            if draft.finish is None:
                self._drafts[place] = self._grow(draft, next(self._words[place]))

    def close(self) -> None:
        pass

    def drafts(self) -> tuple[Draft, ...]:
        return tuple(self._drafts)

    def _grow(self, draft: Draft, word: str) -> Draft:
        text, tokens = draft.text + word, draft.tokens + 1
        cuts = [text.find(stop) for stop in self._request.stop if stop in text]
        finish: Finish | None = "length" if tokens >= self._request.max_tokens else None
        if cuts:
            text, finish = text[: min(cuts)], "stop"
        elif not word:
            finish = "end"
        return Draft(text, tokens, -2.0 - len(text) % 7 / 10, finish)


def _words(request: TextRequest, draft: int) -> Iterator[str]:
    """Words with their spaces and full stops, then "" for the end of the text, for ever."""
    dice = random.Random(f"{request.seed} {draft} {request.prompt}")
    known = _WORD.findall(request.prompt)[-TAIL:] + _OTHER  # few words alone would go round in circles
    opening = True
    for _ in range(dice.randint(4, 7)):
        length = dice.randint(7, 13)
        for place in range(length):
            word = dice.choice(known).lower()
            word = word.capitalize() if place == 0 else word
            yield ("" if opening else " ") + word + ("." if place == length - 1 else "")
            opening = False
    while True:
        yield ""
