"""A model's weights in eight bits, and the step of the rows that write as one compiled call (T).

Rounding: each output of a layer has a scale of its own, so that its largest weight is 127 (symmetric, per channel, as
in LLM.int8() and AWQ's baselines); activations stay float32. `docs/decisions/025` has what it costs and what it brings.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numba
import numpy as np
import torch
from torch import Tensor

from adapters.files import Pair
from engine.text import kernels
from engine.text.kernels import KEEP, Plan, Weights
from engine.text.memory import Row
from engine.text.products import Linear, Product
from engine.text.tiles import DEPTHS, GROUP, WIDE

TOP = 127
TOGETHER = 96  # rows of a prompt that are multiplied at a time: as many as stay in a core's own cache
PRODUCTS = 4
_one_at_a_time = threading.Lock()  # not every threading layer of numba's may be entered twice

Voice = dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]
"""Of (product, layer): A, (rank, inputs), and B the other way round, (rank, panels x 16); float32."""


def packed(products: Sequence[Product], at: int, mode: int) -> Weights:
    """The same product of all layers; see `Weights`."""
    return pack([product.weight for product in products], [product.bias for product in products], at, mode)


def pack(weights: Sequence[Tensor], biases: Sequence[Tensor | None], at: int = 0, mode: int = KEEP) -> Weights:
    """Matrices (outputs, inputs) of all layers as int8 in panels of 16 outputs."""
    outputs, inputs = weights[0].shape
    panels, groups = -(-outputs // WIDE), inputs // GROUP
    codes = np.zeros((len(weights), panels, inputs, WIDE), np.int8)
    scales, biases_ = (
        np.zeros((len(weights), panels, groups, WIDE), np.float32),
        np.zeros((len(weights), panels, WIDE), np.float32),
    )
    for number, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        wide = torch.zeros(panels * WIDE, inputs)
        wide[:outputs] = weight
        grouped = wide.view(panels, WIDE, groups, GROUP)
        scale = grouped.abs().amax(-1, keepdim=True).clamp_min(1e-12) / TOP
        rounded = (grouped / scale).round().to(torch.int8)
        codes[number] = rounded.view(panels, WIDE, inputs).transpose(1, 2).numpy()
        scales[number] = scale[..., 0].transpose(1, 2).numpy()
        if bias is not None:
            biases_[number].reshape(-1)[:outputs] = bias.float().numpy()
    return Weights(codes, scales, biases_, at, mode)


@dataclass(slots=True)
class Compact:
    """The compiled step of one model.

    `coarse`: what rows remember is bfloat16, else float32. `outputs` is the size of the vocabulary.
    """

    plan: Plan
    outputs: int
    coarse: bool = True
    _voices: dict[str, Voice] = field(default_factory=dict)
    _beside: tuple[tuple[str, ...], np.ndarray, int] = ((), np.zeros((0, PRODUCTS, 1, 3), np.int64), 0)

    def __post_init__(self) -> None:
        self.forget()
        self.step(torch.zeros(0, self.plan.norms.shape[-1]), torch.zeros(2, 0, self.plan.deep), [], [])  # compiles it

    def step(self, x: Tensor, turns: Tensor, rows: Sequence[Row], voices: Sequence[str]) -> Tensor:
        """Scores (rows, vocabulary), float32, of rows that write on in these voices ("": none), which remember it.

        `x` is their embedded tokens (rows, width), `turns` cosines and sines (2, rows, head width).
        """
        names, table, most = self._together(voices)
        whose = np.array([names.index(voice) if voice in names else -1 for voice in voices], np.int64)
        places = np.array([_place(row) for row in rows], np.int64).reshape(-1, 5)
        mine = np.ascontiguousarray(x.float().numpy()).copy()
        scores = np.empty((len(rows), _outputs(self.plan.head)), np.float32)
        angles = turns.float().contiguous().numpy()
        with _computing() as threads:
            kernels.step(self.plan, mine, angles, places, self.coarse, table, whose, most, threads, scores)
        return torch.from_numpy(scores)[:, : self.outputs]

    def score(self, x: Tensor) -> Tensor:
        """Scores of rows that went through all layers and the last norm elsewhere."""
        return narrow(self.plan.head, 0, self.outputs)(x.float())

    def load(self, name: str, pairs: Mapping[tuple[int, int], Pair]) -> None:
        """Add or replace a voice: of (product, layer) its pair."""
        voice: Voice = {}
        for (product, layer), (a, b) in pairs.items():
            wide = np.zeros((b.shape[1], _outputs(self.plan.products[product])), np.float32)
            wide[:, : b.shape[0]] = b.float().t().numpy()
            voice[product, layer] = (np.ascontiguousarray(a.float().numpy()), wide)
        self._voices[name] = voice
        self.forget()

    def drop(self, name: str) -> None:
        """Forget a voice, if it is there."""
        if self._voices.pop(name, None) is not None:
            self.forget()

    def forget(self) -> None:
        """Where the voices lie is to be looked up anew."""
        self._beside = ((), np.zeros((0, PRODUCTS, len(self.plan.norms) // 2, 3), np.int64), 0)

    def _together(self, voices: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray, int]:
        """Names, where their matrices lie, and the highest rank; nothing where nobody has a voice."""
        if not {*voices} & {*self._voices}:
            return (), np.zeros((0, PRODUCTS, len(self.plan.norms) // 2, 3), np.int64), 0
        if not self._beside[0]:
            names = tuple(self._voices)
            table = np.zeros((len(names), PRODUCTS, len(self.plan.norms) // 2, 3), np.int64)
            for at, name in enumerate(names):
                for (product, layer), (a, b) in self._voices[name].items():
                    table[at, product, layer] = len(a), a.ctypes.data, b.ctypes.data
            self._beside = (names, table, int(table[..., 0].max()))
        return self._beside


def narrow(weights: Weights, layer: int, outputs: int) -> Linear:
    """x -> x W' + b for float32 x (tokens, width), with packed weights; a row's numbers do not depend on the others."""

    plain = weights._replace(mode=KEEP)

    def run(x: Tensor) -> Tensor:
        out = np.empty((len(x), _outputs(plain)), np.float32)
        with _computing() as threads:
            kernels.product(plain, layer, x.contiguous().numpy(), TOGETHER, threads, out)
        return torch.from_numpy(out)[:, :outputs]

    return run


def fits(width: int, inner: int, deep: int) -> bool:
    """Whether the compiled step knows layers and feed-forward parts of these sizes, and heads of this width."""
    return deep in DEPTHS and width % GROUP == inner % GROUP == 0


def _outputs(weights: Weights) -> int:
    return int(weights.codes.shape[1]) * WIDE


@contextmanager
def _computing() -> Iterator[int]:
    """One at a time, with as many threads as torch has; numba's first call would change how many that are."""
    with _one_at_a_time:
        had = torch.get_num_threads()
        threads: int = min(had, numba.config.NUMBA_NUM_THREADS)
        numba.set_num_threads(threads)
        yield threads
        if torch.get_num_threads() != had:
            torch.set_num_threads(had)


def _place(row: Row) -> tuple[int, int, int, int, int]:
    """Where a row's memory begins, how far apart layers, keys and values, and heads lie, and how much it holds."""
    table = row.slab.tensor
    layers, kinds, slots, heads = table.stride()[:4]
    return table.data_ptr() + table.itemsize * row.slot * slots, layers, kinds, heads, row.filled
