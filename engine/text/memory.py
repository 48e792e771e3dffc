"""Keys and values of what the lean networks have read and written (T).

A prompt is read into a table of its own, in whole blocks, so that the same prompt always goes through the same
arithmetic however it is cut into steps. Rows that write lie together, those of one size in one slab and without gaps,
so that one attention call serves them all. What was read is kept for a while: the next turn of a story begins with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.ports import READ_TOGETHER

BLOCK = READ_TOGETHER
"""What room is rounded up to; kernels add what is left over of sixteen in another order."""
SMALLEST = 256
KEPT = 6144  # tokens of prompts that are kept; 140 MB for the embedded base in bfloat16


def rounded(tokens: int) -> int:
    """Whole blocks."""
    return -(-tokens // BLOCK) * BLOCK


@dataclass(eq=False, slots=True)
class Row:
    """One draft's place in a slab; the slab may move it."""

    slab: "Slab"
    slot: int
    filled: int


class Slab:
    """Rows of at most `capacity` tokens: one tensor (layers, 2, slots, heads, capacity, width), the first ones in use.

    Zeros where nothing was written yet, because what is masked is still multiplied.
    """

    def __init__(self, shape: tuple[int, int, int], capacity: int, like: Tensor) -> None:
        """`shape`: layers, heads, width."""
        self._shape, self.capacity, self._like = shape, capacity, like
        self.rows: list[Row] = []
        self.tensor = self._room(1)

    def _room(self, slots: int) -> Tensor:
        layers, heads, width = self._shape
        return self._like.new_zeros(layers, 2, slots, heads, self.capacity, width)

    @property
    def reached(self) -> list[int]:
        """How far each slot is filled."""
        return [row.filled for row in self.rows] + [0] * (self.tensor.shape[2] - len(self.rows))

    def take(self, read: Tensor, filled: int) -> Row:
        """A new row that begins with `filled` tokens of a table (layers, 2, heads, tokens, width)."""
        if len(self.rows) == self.tensor.shape[2]:
            self._resize(2 * len(self.rows))
        row = Row(self, len(self.rows), filled)
        self.rows.append(row)
        self.tensor[:, :, row.slot, :, :filled] = read[:, :, :, :filled]
        return row

    def release(self, row: Row) -> None:
        """Give a row up; the last one takes its place, and its own is left as clean as it was.

        Also of what a step that failed, or that it had no part in, wrote where it would have gone on.
        """
        last, slot = self.rows.pop(), row.slot
        self.tensor[:, :, slot, :, : row.filled + 1] = 0
        if last is not row:
            self.tensor[:, :, slot, :, : last.filled] = self.tensor[:, :, last.slot, :, : last.filled]
            self.tensor[:, :, last.slot, :, : last.filled + 1] = 0
            self.rows[slot], last.slot = last, slot
        if 4 * len(self.rows) < self.tensor.shape[2] > 1:
            self._resize(max(1, 2 * len(self.rows)))

    def _resize(self, slots: int) -> None:
        before, count = self.tensor, len(self.rows)
        self.tensor = self._room(slots)
        self.tensor[:, :, :count] = before[:, :, :count]


@dataclass(eq=False, slots=True)
class Memory:
    """What one request has read (`table`) and then, in every draft, written (`rows`)."""

    pool: "Pool"
    prompt: Tensor
    tokens: int
    voice: str
    table: Tensor
    filled: int = 0
    rows: list[Row] = field(default_factory=list)

    def spread(self, rows: int) -> None:
        """See `network.Memory`."""
        slab = self.pool.slab(self.tokens)
        self.rows = [slab.take(self.table, self.filled) for _ in range(rows)]

    def count(self, tokens: int) -> None:
        """See `network.Memory`."""
        self.filled += 0 if self.rows else tokens
        for row in self.rows:
            row.filled += tokens

    def remember(self) -> None:
        """See `network.Memory`."""
        self.pool.keep(self)

    def keep(self, rows: Sequence[int]) -> None:
        """See `network.Memory`."""
        staying = [self.rows[at] for at in rows]
        for row in self.rows:
            if row not in staying:
                row.slab.release(row)
        self.rows = staying


class Pool:
    """All memory of one network."""

    def __init__(self, shape: tuple[int, int, int], like: Tensor, kept: int = KEPT) -> None:
        self._shape, self._like, self._most = shape, like, kept
        self._slabs: dict[int, Slab] = {}
        self._kept: list[tuple[str, Tensor, Tensor]] = []  # voice, ids, table; the one used last at the end

    @property
    def dtype(self) -> torch.dtype:
        """Of keys and values."""
        return self._like.dtype

    @property
    def kept(self) -> int:
        """Tokens of prompts that are kept."""
        return sum(len(ids) for _, ids, _ in self._kept)

    def open(self, prompt: Sequence[int], tokens: int, voice: str) -> Memory:
        """Room for a prompt and the rest of `tokens`, holding what is known of the prompt already, short of its end."""
        layers, heads, width = self._shape
        ids = torch.tensor(prompt)
        memory = Memory(self, ids, tokens, voice, self._like.new_zeros(layers, 2, heads, rounded(len(prompt)), width))
        known, source = max(
            ((_common(ids[:-1], other), at) for at, (whose, other, _) in enumerate(self._kept) if whose == voice),
            default=(0, -1),
        )
        if known >= BLOCK:
            memory.filled = known // BLOCK * BLOCK
            memory.table[:, :, :, : memory.filled] = self._kept[source][2][:, :, :, : memory.filled]
            self._kept.append(self._kept.pop(source))
        return memory

    def slab(self, tokens: int) -> Slab:
        """The slab whose rows hold so many tokens."""
        capacity = SMALLEST
        while capacity < tokens:
            capacity *= 2
        if capacity not in self._slabs:
            self._slabs[capacity] = Slab(self._shape, capacity, self._like)
        return self._slabs[capacity]

    def keep(self, memory: Memory) -> None:
        """Keep what was read, instead of everything it begins with, and forget the oldest beyond `KEPT` tokens."""
        ids, voice = memory.prompt, memory.voice
        self._kept = [
            one for one in self._kept if one[0] != voice or _common(one[1], ids) < len(one[1]) // BLOCK * BLOCK
        ]
        self._kept.append((voice, ids, memory.table))
        while self.kept > self._most:
            self._kept.pop(0)

    def forget(self, voice: str) -> None:
        """Keep nothing that was read with this voice."""
        self._kept = [one for one in self._kept if one[0] != voice]


def _common(one: Tensor, other: Tensor) -> int:
    """How many ids they begin with together."""
    size = min(len(one), len(other))
    different = (one[:size] != other[:size]).nonzero()
    return int(different[0]) if len(different) else size
