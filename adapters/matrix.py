"""Held-out bits per character of every voice on every corpus (`python -m adapters.matrix BASE --corpora … --voices …`).

Each voice should be best on its own style; the base stands beside them. One run, one machine, the same passages.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer

from adapters import lora, passages
from adapters.loss import bits_per_character

Table = dict[str, dict[str, float]]


def matrix(
    model: nn.Module, tokenizer: Any, held: Mapping[str, Sequence[passages.Passage]], voices: Mapping[str, Path]
) -> Table:
    """Voice (and "base") -> style -> bits per character on that style's held-out passages; the base is left bare."""
    found: Table = {}
    for voice, folder in {"base": None, **voices}.items():
        lora.remove(model)
        if folder is not None:
            lora.load(model, folder)
        found[voice] = {style: bits_per_character(model, tokenizer, rows) for style, rows in held.items()}
    lora.remove(model)
    return found


def held_out(corpus: Path, most: int) -> list[passages.Passage]:
    """Up to `most` test passages of a corpus, spread evenly over it."""
    rows = [row for row in passages.load(corpus) if row.split == "test"]
    return rows[:: max(1, len(rows) // most)][:most]


def main() -> None:
    """Print the matrix as JSON; voices and corpora are named by their folders and files."""
    parser = argparse.ArgumentParser(prog="python -m adapters.matrix", description=__doc__)
    parser.add_argument("base", type=Path)
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--voices", type=Path, nargs="+", required=True)
    parser.add_argument("--most", type=int, default=100, help="passages of each corpus")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    held = {path.stem: held_out(path, options.most) for path in options.corpora}
    model: nn.Module = AutoModelForCausalLM.from_pretrained(options.base)
    tokenizer = AutoTokenizer.from_pretrained(options.base)
    table = matrix(model, tokenizer, held, {path.name: path for path in options.voices})
    sys.stdout.write(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
