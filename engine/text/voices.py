"""LoRA voices as PEFT writes them: read a folder, safetensors only, into plain pairs of narrow matrices (T).

Merging a voice into the weights would let only one speak at a time; as a pair beside each layer many can take turns,
step by step, at no cost.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

Pair = tuple[Tensor, Tensor]

NAME = re.compile(r"(?:base_model\.model\.)?(?P<layer>.+)\.lora_(?P<part>[AB])(?:\.default)?\.weight")


class VoiceError(Exception):
    """An adapter folder that cannot speak on this base; the message is one sentence."""


def read_peft(folder: Path) -> dict[str, Pair]:
    """Layer name -> (A of shape (rank, in), scaled B of shape (out, rank)) of a PEFT LoRA folder, as float32.

    Raises VoiceError for anything else, DoRA, biases and trained embeddings included: they would be lost silently.
    """
    try:
        config = json.loads((folder / "adapter_config.json").read_text())
        tensors = load_file(folder / "adapter_model.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise VoiceError(f"{folder} holds no LoRA adapter that can be read ({error}).") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA" or config.get("use_dora"):
        raise VoiceError(f"{folder} is not a plain LoRA adapter.")
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        match = NAME.fullmatch(name)
        if match is None or tensor.dim() != 2:
            raise VoiceError(f"{folder} changes more than linear layers ({name}); that is not supported.")
        found.setdefault(match["layer"], {})[match["part"]] = tensor.float()
    if not found or any(set(parts) != {"A", "B"} for parts in found.values()):
        raise VoiceError(f"{folder} is not complete.")
    return {layer: (parts["A"], parts["B"] * _scale(config, layer, parts["A"])) for layer, parts in found.items()}


def _scale(config: dict[str, Any], layer: str, down: Tensor) -> float:
    """PEFT's scaling: alpha / r (or / sqrt r), with per-layer patterns; the rank is that of the matrix itself."""
    patterns = config.get("alpha_pattern") or {}
    alpha = next((a for p, a in patterns.items() if re.fullmatch(rf"(.*\.)?({p})", layer)), config.get("lora_alpha", 8))
    rank = down.shape[0]
    return float(alpha) / (rank**0.5 if config.get("use_rslora") else rank)


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
    """VoiceError if this pair was made for a layer of another size."""
    if (pair[0].shape[1], pair[1].shape[0]) != (inputs, outputs):
        raise VoiceError(f"The adapter was made for another base model (layer {layer} has another size).")
