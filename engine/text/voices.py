"""LoRA voices beside the layers of a network, as plain pairs of narrow matrices (T).

Merging a voice into the weights would let only one speak at a time; as a pair beside each layer many can take turns,
step by step, at no cost. `adapters/files` reads them.
"""

from collections.abc import Sequence

import torch

from adapters.files import Pair
from adapters.manifest import BadAdapter


def join_pairs(pairs: Sequence[Pair | None], sizes: Sequence[int]) -> Pair:
    """The pair of a product made of several layers of these output sizes: A's under each other, B's on a diagonal."""
    present = [(pair, sum(sizes[:i]), size) for i, (pair, size) in enumerate(zip(pairs, sizes, strict=True)) if pair]
    down = torch.cat([pair[0] for pair, _, _ in present])
    up = down.new_zeros(sum(sizes), down.shape[0])
    column = 0
    for (_, b), begin, size in present:
        up[begin : begin + size, column : column + b.shape[1]] = b
        column += b.shape[1]
    return down, up


def check_shape(layer: str, pair: Pair, inputs: int, outputs: int) -> None:
    """BadAdapter if this pair was made for a layer of another size."""
    if (pair[0].shape[1], pair[1].shape[0]) != (inputs, outputs):
        raise BadAdapter(f"this adapter was made for another base: layer {layer} has another size here")
