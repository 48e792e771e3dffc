"""What a text is about, as a place in the base's own table of words (T).

A base gives similar words similar rows. The rows lie in some hundreds of directions; the few along which words differ
most tell the sea from the kitchen, and with 200 votes more could not be learnt. So somebody who likes the sea is
understood after some texts with ships and waves, before every word of the sea has been voted on.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from transformers import AutoTokenizer

from adapters.manifest import BadAdapter

Vector = NDArray[np.float64]

SIZE = 64
COMMON = 500  # tokens that stand first in a vocabulary are bytes and the words every text has
DESCRIBED, OFTEN = 4, 4  # so many words say what a direction is, and stand in so many texts
_WORD = re.compile(r"\b[a-z]{4,}\b")
_TABLES = ("embed_tokens.weight", "wte.weight")  # as Llama's and GPT-2's kind call it
_MARKS = ("Ġ", "▁")  # how byte-level BPE and SentencePiece write the space before a word


class Subjects:
    """Directions among a table of word rows (vocabulary, width); `tokens` are the vocabulary's pieces as written."""

    def __init__(self, table: Vector, tokens: Sequence[str], encode: Any) -> None:
        centred = table - table.mean(0)
        rows = centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-6)
        words = [at for at, each in enumerate(tokens) if each[:1] in _MARKS and each[1:].isalpha() and len(each) > 3]
        self.size = min(SIZE, rows.shape[1])
        chosen = rows[words] if len(words) > self.size else rows
        _, directions = np.linalg.eigh(chosen.T @ chosen)
        self._places: Vector = rows @ directions[:, : -self.size - 1 : -1] * 10
        self._common = min(COMMON, len(tokens) // 4)
        self._encode = encode

    def place(self, text: str) -> Vector:
        """Where a text lies: the mean of its less common words, (size,); zeros for an empty one."""
        ids = np.array(self._encode(text), np.int64)
        rare = ids[ids >= self._common]
        ids = rare if len(rare) > 3 else ids
        return self._places[ids].mean(0) if len(ids) else np.zeros(self.size)

    def words(self, direction: Vector, texts: Sequence[str]) -> tuple[str, ...]:
        """The words that lie farthest in a direction (size,), of those that stand in at least `OFTEN` of the texts."""
        counts = Counter(word for text in texts for word in set(_WORD.findall(text)))
        often = sorted(word for word, count in counts.items() if count >= OFTEN)
        return tuple(sorted(often, key=lambda word: -float(self.place(f" {word}") @ direction))[:DESCRIBED])


def load(base: Path) -> Subjects:
    """The subjects of the base in a folder, of which only the table is read; BadAdapter if none is known there."""
    try:
        table = _table(base)
        tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    except (OSError, ValueError, SafetensorError) as broken:
        raise BadAdapter(f"the words of the base in {base} cannot be read: {broken}") from broken
    tokens = tokenizer.convert_ids_to_tokens(list(range(min(len(table), len(tokenizer)))))
    return Subjects(table[: len(tokens)], tokens, lambda text: tokenizer(text, add_special_tokens=False)["input_ids"])


def _table(base: Path) -> Vector:
    for file in sorted(base.glob("*.safetensors")):
        with safe_open(file, "pt") as weights:
            for name in weights.keys():  # noqa: SIM118  # it is no dictionary
                if name.endswith(_TABLES):
                    found: Vector = weights.get_tensor(name).double().numpy()
                    return found
    raise ValueError("no table of words is among its weights")
