"""Token ids to text, one at a time, in constant time a token and never in half a character.

Only the last few tokens are decoded again: enough to see what the newest one adds to them. Pure; works with any
tokenizer, because it asks for nothing but `decode`.
"""

from collections.abc import Callable, Sequence

HALF = "\ufffd"
LONGEST = 6  # tokens that can be parts of one character; more than that is not UTF-8 at all


class Detokenizer:
    """`text` is the whole text of the pushed ids, short of a character that is not complete yet."""

    def __init__(self, decode: Callable[[list[int]], str], before: Sequence[int] = ()) -> None:
        """`before`: the last ids of the prompt, so that a tokenizer that hides spaces keeps the first one."""
        self._decode = decode
        self._shown = list(before)
        self._pending: list[int] = []
        self.text = ""

    def push(self, token: int) -> str:
        """Take one more id; the text that it completed, often empty in scripts of many bytes."""
        self._pending.append(token)
        known = self._decode(self._shown) if self._shown else ""
        whole = self._decode(self._shown + self._pending)
        if whole.endswith(HALF) and len(self._pending) < LONGEST:
            return ""
        piece = whole[len(known) :].rstrip(HALF)
        self._shown = (self._shown + self._pending)[-LONGEST:]
        self._pending = []
        self.text += piece
        return piece
