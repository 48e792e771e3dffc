"""A line of verse while the model writes it: for every state of the line, what to add to each token's score (T).

Built once a model from its vocabulary. A state comes back again and again within a line and in every draft of it, so
its row of numbers is made once and remembered.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from engine.ports import Line
from engine.text import metre, rhyme
from engine.text.metre import Room

REMEMBERED = 96
NEARER = 3.0  # nats that a word comes nearer where it may end the line with the rhyme that is wanted
FOREIGN, START, GOES_ON, MARK, BREAK = range(5)
_KINDS = (
    (START, re.compile(r" [A-Za-z]+(?:['’][a-z]+)?")),
    (GOES_ON, re.compile(r"['’]?[A-Za-z]+(?:['’][a-z]+)?|['’]")),
    (MARK, re.compile(r"[,;:.!?—]| —")),
    (BREAK, re.compile(r"[,;:.!?—]?\n+")),
)
_LAST = re.compile(r"[,;:.!?—]")
_ALONE = re.compile(r"[,;:.!?—]\s*[A-Za-z'’]+\s*$")  # a last word right behind a mark


class Guidance:
    """The vocabulary of one model as verse sees it; `ends` are the tokens that end every text."""

    def __init__(self, pieces: Sequence[str], ends: frozenset[int], device: torch.device) -> None:
        self._pieces, self._device = pieces, device
        kinds = [_kind(piece) for piece in pieces]
        for token in ends:
            kinds[token] = BREAK
        self._kinds = torch.tensor(kinds, device=device)
        self._rows = OrderedDict[tuple[Room, bool, bool, Line], Tensor]()

    @cached_property
    def _sizes(self) -> Tensor:
        sizes = [
            rhyme.syllables(piece) if kind else 0
            for piece, kind in zip(self._pieces, self._kinds.tolist(), strict=True)
        ]
        return torch.tensor(sizes, device=self._device)

    @cached_property
    def _sounds(self) -> dict[rhyme.Sound, list[int]]:
        """The tokens that are whole words, by how they rhyme."""
        found = dict[rhyme.Sound, list[int]]()
        for token, piece in enumerate(self._pieces):
            word = piece.strip()
            if piece.startswith(" ") and word.isalpha() and word.islower() and metre.may_end(word):
                for sound in rhyme.rhyme(word, usual=True):
                    found.setdefault(sound, []).append(token)
        return found

    def row(self, text: str, line: Line) -> Tensor:
        """What to add to the score of each token behind `text`, the line so far: minus infinity for what may not be."""
        said = rhyme.words(text)
        fits = bool(said) and self._ends_well(said[-1], line) and not (line.rhymes and _ALONE.search(text))
        key = (metre.room(text, line, fits), bool(_LAST.fullmatch(text.strip()[-1:])) or not said, bool(said), line)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = self._made(*key)
            if len(self._rows) > REMEMBERED:
                self._rows.popitem(last=False)
        else:
            self._rows.move_to_end(key)
        return row

    def _ends_well(self, word: str, line: Line) -> bool:
        if not metre.may_end(word) or word in line.avoid:
            return False
        if line.rhymes:
            return all(
                rhyme.rhymes(word, other, usual=True) and not metre.same_sound(word, other) for other in line.rhymes
            )
        return not line.partners or self._partners(word) >= line.partners

    def _partners(self, word: str) -> int:
        return max((len(self._sounds.get(sound, ())) for sound in rhyme.rhyme(word, usual=True)), default=0)

    @cached_property
    def _partnered(self) -> Tensor:
        """With how many other tokens each token rhymes; 0 for what cannot end a line."""
        counts = [0] * len(self._pieces)
        for tokens in self._sounds.values():
            for token in tokens:
                counts[token] = max(counts[token], len(tokens))
        return torch.tensor(counts, device=self._device)

    def _endings(self, line: Line) -> Tensor:
        """Which tokens may end the line, as true and false."""
        if not line.rhymes:
            found = self._partnered >= max(1, line.partners)
            out = [token for word in line.avoid for token in self._tokens_of(word)]
            found[out] = False
            return found
        near = {token for sound in rhyme.rhyme(line.rhymes[-1], usual=True) for token in self._sounds.get(sound, ())}
        found = torch.zeros_like(self._kinds, dtype=torch.bool)
        found[[token for token in near if self._ends_well(self._pieces[token].strip(), line)]] = True
        return found

    def _tokens_of(self, word: str) -> list[int]:
        near = {token for sound in rhyme.rhyme(word, usual=True) for token in self._sounds.get(sound, ())}
        return [token for token in near if self._pieces[token].strip() == word]

    def _made(self, room: Room, marked: bool, begun: bool, line: Line) -> Tensor:
        kinds, sizes = self._kinds, self._sizes
        breaks, starts, on, marks = (kinds == kind for kind in (BREAK, START, GOES_ON, MARK))
        allowed = breaks if room.breaks else torch.zeros_like(breaks)
        # A rhyme that stands alone behind a mark reads as what it is, a word for the rhyme's sake.
        alone = bool(line.rhymes) and marked and begun
        if not marked and (room.breaks or room.free > 0 or not line.rhymes):
            allowed = allowed | marks
        row = torch.zeros(len(kinds), device=self._device)
        if not room.done:
            begins = starts if begun else starts | on
            allowed = allowed | (on if begun and not marked else False) | (begins & (sizes <= room.free))
            endings = self._endings(line) & (sizes >= room.ending[0]) & (sizes <= room.ending[1]) & (not alone)
            allowed = allowed | endings
            row[endings] = NEARER if line.rhymes else 0.0
        if not allowed.any():
            allowed = breaks
        return row.masked_fill(~allowed, -torch.inf)


def _kind(piece: str) -> int:
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(piece)), FOREIGN)


def pieces_of(tokenizer: object, size: int) -> list[str]:
    """Every token's text, with its space or line break in front."""
    names = tokenizer.convert_ids_to_tokens(range(size))  # type: ignore[attr-defined]  # transformers has no types
    return [str(name or "").replace("Ġ", " ").replace("▁", " ").replace("Ċ", "\n") for name in names]
