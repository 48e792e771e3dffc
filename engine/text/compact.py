"""A model's weights in eight bits, and a step as one compiled call (T).

Rounding: every 64 inputs of an output have a scale of their own, so that the largest of their weights is 127
(symmetric, group-wise); rows are rounded to sixteen bits in the same way before a product. `docs/decisions/025` has
what it costs and what it brings.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adapters.files import Pair
from engine.text.kernels import BROAD, KEEP, Rounded, Weights
from engine.text.network import Part
from engine.text.products import Product
from engine.text.stages import DOWN, HEAD, MIX, ORDER, OUT, Given, Plan, Work, step
from engine.text.tiles import GROUP, WIDE

log = logging.getLogger(__name__)
TOP = 127
LONG = 1.0  # seconds
TOGETHER = 96  # rows that go through a layer at a time: as many as stay in a core's own cache
BLOCK = 12  # rows of one prompt that look at its tokens together

Place = tuple[int, int, int, int, int]
"""Where a row's memory begins, how far apart layers, keys and values, and heads lie there, and its position."""
Voice = dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]
"""Of (product, layer): A, (inputs, rank filled up to a multiple of 16), and B, (rank, panels x 16); float32."""
NOBODY: tuple[dict[str, int], np.ndarray, int] = ({}, np.zeros((0, HEAD, 1, 3), np.int64), 0)


def packed(products: Sequence[Product], at: int, mode: int) -> Weights:
    """The same product of all layers; see `Weights`."""
    return pack([product.weight for product in products], [product.bias for product in products], at, mode)


def pack(weights: Sequence[Tensor], biases: Sequence[Tensor | None], at: int = 0, mode: int = KEEP) -> Weights:
    """Matrices (outputs, inputs) of all layers as int8 in panels of 16 outputs."""
    outputs, inputs = weights[0].shape
    panels, groups = -(-outputs // WIDE), inputs // GROUP
    codes = np.zeros((len(weights), panels, inputs // 2, WIDE, 2), np.int8)
    scales = np.zeros((len(weights), panels, groups, WIDE), np.float32)
    shifts = np.zeros((len(weights), panels, WIDE), np.float32)
    for number, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        wide = torch.zeros(panels * WIDE, inputs)
        wide[:outputs] = weight
        grouped = wide.view(panels, WIDE, groups, GROUP)
        most = grouped.abs().amax(-1, keepdim=True).clamp_min(1e-12)
        rounded = (grouped * (TOP / most)).round().to(torch.int8)
        codes[number] = rounded.view(panels, WIDE, inputs // 2, 2).transpose(1, 2).numpy()
        scales[number] = (most[..., 0] / TOP).transpose(1, 2).numpy()
        if bias is not None:
            shifts[number].reshape(-1)[:outputs] = bias.float().numpy()
    return Weights(codes, scales, shifts, at, mode)


@dataclass(slots=True)
class Compact:
    """The compiled step of one model; `outputs` is the size of the vocabulary. What rows remember is bfloat16."""

    plan: Plan
    outputs: int
    _voices: dict[str, Voice] = field(default_factory=dict)
    _table: tuple[dict[str, int], np.ndarray, int] | None = None

    def __post_init__(self) -> None:
        begun = time.monotonic()
        self.step(torch.zeros(1, self.plan.norms.shape[-1]), torch.zeros(2, 1, self.plan.deep), [], [], [])  # compiles
        if not step.stats.cache_hits and time.monotonic() - begun > LONG:
            log.info("compiled the step for this processor in %.0f s; it is kept", time.monotonic() - begun)

    def step(
        self, x: Tensor, turns: Tensor, places: Sequence[Place], voices: Sequence[str], wanted: Sequence[int]
    ) -> Tensor:
        """Scores (len(wanted), vocabulary), float32, of the wanted rows; every row is remembered in its place.

        `x` are embedded tokens (rows, width), `turns` cosines and sines (2, rows, head width), `voices` what each is
        said in ("": none). Tokens of one prompt must be in order.
        """
        numbers, table, most = self._beside(voices)
        whose = np.array([numbers.get(voice, -1) for voice in voices], np.int64)
        where = np.array(places, np.int64).reshape(-1, 5)
        tokens, angles = x.float().numpy(), turns.float().numpy()
        rows, done = np.array(wanted, np.int64), 0
        scores = np.empty((len(rows), self.plan.products[HEAD].codes.shape[1] * WIDE), np.float32)
        for some in _chunks(len(places)):
            mine = rows[(rows >= some.start) & (rows < some.stop)] - some.start
            given = Given(
                self.plan, tokens[some].copy(), angles[:, some].copy(), where[some], _blocks(where[some]), table,
                whose[some], mine,
            )  # fmt: skip
            work = self._room(given.x, scores[done : done + len(mine)], most)
            _team.run(given, work, np.zeros((len(self.plan.norms) // 2 * len(ORDER) + 2, 2), np.int64))
            done += len(mine)
        return torch.from_numpy(scores)[:, : self.outputs]

    def _room(self, x: np.ndarray, scores: np.ndarray, most: int) -> Work:
        products, rows = self.plan.products, len(x)
        normed, seen, inner = (np.empty((rows, 2 * products[at].codes.shape[2]), np.float32) for at in (MIX, OUT, DOWN))
        mixed = np.empty((rows, products[MIX].codes.shape[1] * WIDE), np.float32)
        widest = max(normed.shape[1], seen.shape[1], inner.shape[1])
        return Work(
            (normed, seen, normed, inner, np.empty((len(scores), x.shape[1]), np.float32)),
            (mixed, x, inner, x, scores),
            Rounded(np.empty((rows, widest), np.int16), np.empty((rows, widest // GROUP), np.float32)),
            np.empty((rows, most), np.float32),
        )

    def load(self, name: str, pairs: Mapping[tuple[int, int], Pair]) -> None:
        """Add or replace a voice: of (product, layer) its pair."""
        voice: Voice = {}
        for (product, layer), (a, b) in pairs.items():
            down = np.zeros((a.shape[1], _filled(len(a))), np.float32)
            up = np.zeros((len(a), self.plan.products[product].codes.shape[1] * WIDE), np.float32)
            down[:, : len(a)], up[:, : len(b)] = a.float().t().numpy(), b.float().t().numpy()
            voice[product, layer] = (down, up)
        self._voices[name] = voice
        self._table = None

    def drop(self, name: str) -> None:
        """Forget a voice, if it is there."""
        if self._voices.pop(name, None) is not None:
            self._table = None

    def _beside(self, voices: Sequence[str]) -> tuple[dict[str, int], np.ndarray, int]:
        """The number of each voice, where its matrices lie, and the highest rank filled up; none where none speaks."""
        if not {*voices} & {*self._voices}:
            return NOBODY
        if self._table is None:
            table = np.zeros((len(self._voices), HEAD, len(self.plan.norms) // 2, 3), np.int64)
            for at, voice in enumerate(self._voices.values()):
                for (product, layer), (a, b) in voice.items():
                    table[at, product, layer] = len(b), a.ctypes.data, b.ctypes.data
            numbers = {name: at for at, name in enumerate(self._voices)}
            self._table = numbers, table, _filled(int(table[..., 0].max()))
        return self._table


def _filled(rank: int) -> int:
    return -(-rank // WIDE) * WIDE


def fits(deep: int, *inputs: int) -> bool:
    """Whether the compiled step knows heads of this width and products with so many inputs."""
    return deep % BROAD == 0 and not any(size % GROUP for size in inputs)


class _Team:
    """Threads that help with a step; nobody waits for one that comes late or never.

    Not OpenMP's: once two threads compute with it libgomp no longer spins, and each of 300 stages takes 35 µs more.
    """

    def __init__(self) -> None:
        self._inboxes: list[SimpleQueue[Any]] = []

    def run(self, *job: Any) -> None:
        """Do a step together, with as many threads as torch has."""
        helpers = torch.get_num_threads() - 1
        while len(self._inboxes) < helpers:
            inbox: SimpleQueue[Any] = SimpleQueue()
            threading.Thread(target=_help, args=(inbox,), name="step", daemon=True).start()
            self._inboxes.append(inbox)
        for inbox in self._inboxes[:helpers]:
            inbox.put(job)
        step(*job)


def _help(inbox: "SimpleQueue[Any]") -> None:
    while True:
        step(*inbox.get())


_team = _Team()


def _chunks(rows: int) -> list[slice]:
    """Rows that go through a layer together: as few times TOGETHER as there must be, of one size."""
    size = -(-rows // max(1, -(-rows // TOGETHER)))
    return [slice(begin, min(begin + size, rows)) for begin in range(0, max(1, rows), max(1, size))]


def _blocks(places: np.ndarray) -> np.ndarray:
    """Where rows begin that go on where the one before them is, at most BLOCK of them; and the number of rows."""
    rows = np.arange(len(places))
    begins = np.ones(len(places), bool)
    begins[1:] = (places[1:, 0] != places[:-1, 0]) | (places[1:, 4] != places[:-1, 4] + 1)
    before = rows - np.maximum.accumulate(np.where(begins, rows, 0))
    return np.append(np.flatnonzero(before % BLOCK == 0), len(places))


def places(part: Part) -> list[Place]:
    """Where the tokens of a part are remembered."""
    memory = part.memory
    if part.reads:
        layers, kinds, heads = memory.table.stride()[:3]
        begin = memory.filled
        return [(memory.table.data_ptr(), layers, kinds, heads, begin + at) for at in range(len(part.ids))]
    found = []
    for row in memory.rows:
        table = row.slab.tensor
        layers, kinds, slots, heads = table.stride()[:4]
        found.append((table.data_ptr() + table.itemsize * row.slot * slots, layers, kinds, heads, row.filled))
    return found
