"""Several voices of one base made into one that is better than each (`python -m adapters.soup TARGET FOLDER ...`) (T).

Runs with other seeds err in other directions, so their mean errs less ("model soups", arXiv:2203.05482). The mean of
low-rank changes has the sum of their ranks; singular values say which directions are worth their bytes, so each layer
keeps as many as pay best.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from adapters import files
from adapters.manifest import BadAdapter

BYTES = 2_940_000  # of the matrices; the header comes on top
HALF = 2  # bytes a number


def stir(folders: Sequence[Path], share: float, target: Path, most: int = BYTES) -> dict[str, int]:
    """Write the sum of the adapters' changes times `share` to `target`, cut to `most` bytes; returns each layer's rank.

    `share` 1 / len(folders) is their mean; less goes less far from the base. BadAdapter for one that cannot be read, or
    for adapters of different bases.
    """
    read = [files.read(folder) for folder in folders]
    if len({(one.fingerprint, tuple(sorted(one.matrices))) for one in read}) != 1:
        raise BadAdapter("these adapters were made for different bases or change different layers")
    split = {name: _split([one.pairs()[name] for one in read], share) for name in read[0].matrices}
    ranks = _ranks({name: (values, (a.shape[1] + b.shape[0]) * HALF) for name, (a, values, b) in split.items()}, most)
    tensors, highest = {}, max(ranks.values())
    for name, (a, values, b) in split.items():
        rank = ranks[name]
        root = values[:rank].sqrt()
        tensors[f"{files.PREFIX}{name}.lora_A.weight"] = (root[:, None] * a[:rank]).half().contiguous()
        tensors[f"{files.PREFIX}{name}.lora_B.weight"] = (b[:, :rank] * root).half().contiguous()
    config = json.loads((folders[0] / files.CONFIG).read_text(encoding="utf-8"))
    pattern = {name: rank for name, rank in ranks.items() if rank != highest}
    config |= {"r": highest, "lora_alpha": highest, "rank_pattern": pattern, "alpha_pattern": pattern}
    files.write(target, tensors, config, read[0].fingerprint)
    return ranks


def _split(pairs: Sequence[files.Pair], share: float) -> tuple[Tensor, Tensor, Tensor]:
    """The singular value decomposition of share times the sum of B A: rows, values, columns."""
    a, b = torch.cat([one for one, _ in pairs]), torch.cat([two for _, two in pairs], 1) * share
    left, upper = torch.linalg.qr(b)
    right, lower = torch.linalg.qr(a.T)
    columns, values, rows = torch.linalg.svd(upper @ lower.T)
    return rows @ right.T, values, left @ columns


def _ranks(layers: dict[str, tuple[Tensor, int]], most: int) -> dict[str, int]:
    """How many directions each layer keeps: one at least, then whatever holds most of the change for its bytes."""
    ranks, left = dict.fromkeys(layers, 1), most - sum(cost for _, cost in layers.values())
    worth = [(float(value) ** 2 / cost, name, cost) for name, (values, cost) in layers.items() for value in values[1:]]
    for _, name, cost in sorted(worth, reverse=True):  # within a layer they fall, so none is skipped
        if cost <= left:
            ranks[name] += 1
            left -= cost
    return ranks


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(prog="python -m adapters.soup", description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--share", type=float, help="of each; else one divided by their number")
    parser.add_argument("--bytes", type=int, default=BYTES)
    wish = parser.parse_args()
    stir(wish.folders, wish.share or 1 / len(wish.folders), wish.target, wish.bytes)


if __name__ == "__main__":
    main()
