"""LoRA (Hu et al., arXiv:2106.09685) in a base model: insert, check, load, save.

The files are PEFT's (adapter_config.json and adapter_model.safetensors), so that voices travel; the layer is ours,
because it casts the small matrices to the base's type instead of every activation to theirs, and because blocks with
it compile whole. Llama-type bases (nn.Linear) and GPT-2 (Conv1D, whose weight is transposed) both fit.
"""

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D
from transformers.utils import logging as transformers_logging

from adapters.files import PREFIX, Adapter, read, write
from adapters.manifest import BadAdapter


class LoraLayer(nn.Module):
    """A frozen linear layer plus scale · B A; A and B are float32 and used in the activations' type."""

    def __init__(self, base: nn.Module, rank: int, scale: float) -> None:
        super().__init__()
        inside, outside = _sizes(base)
        self.base = base.requires_grad_(requires_grad=False)
        self.scale = scale
        self.lora_a = nn.Parameter(torch.empty(rank, inside))
        self.lora_b = nn.Parameter(torch.zeros(outside, rank))
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))

    def forward(self, hidden: Tensor) -> Tensor:
        """The base's output for `hidden` of (..., in), plus the adapter's, of (..., out)."""
        narrow = functional.linear(hidden, self.lora_a.to(hidden.dtype))
        wide: Tensor = functional.linear(narrow, (self.lora_b * self.scale).to(hidden.dtype))
        output: Tensor = self.base(hidden) + wide
        return output


def _sizes(layer: nn.Module) -> tuple[int, int]:
    weight = layer.weight
    assert isinstance(weight, Tensor)  # noqa: S101 for the type checker: both kinds of layer have one
    return (weight.shape[0], weight.shape[1]) if isinstance(layer, Conv1D) else (weight.shape[1], weight.shape[0])


def targets(model: nn.Module) -> dict[str, nn.Module]:
    """Every linear layer inside the transformer's blocks, by module name; the output head is left alone."""
    found = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear | Conv1D)}
    return {name: module for name, module in found.items() if not name.endswith("lm_head") and ".base" not in name}


def fingerprint(model: nn.Module) -> str:
    """16 hex digits that tell bases of the same shape apart: a hash of the norms' weights, rounded to bfloat16."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.named_parameters()):
        if weight.ndim == 1 and ("norm" in name or ".ln_" in name):
            digest.update(name.encode())
            digest.update(weight.detach().to(torch.bfloat16).view(torch.int16).cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def insert(model: nn.Module, rank: int, alpha: float) -> dict[str, LoraLayer]:
    """Freeze `model` and put a fresh adapter of this rank on every target; returns the new layers by name."""
    model.requires_grad_(requires_grad=False)
    return {name: _wrap(model, name, layer, rank, alpha / rank) for name, layer in targets(model).items()}


def _wrap(model: nn.Module, name: str, layer: nn.Module, rank: int, scale: float) -> LoraLayer:
    parent, _, own = name.rpartition(".")
    wrapped = LoraLayer(layer, rank, scale)
    setattr(model.get_submodule(parent), own, wrapped)
    return wrapped


def layers(model: nn.Module) -> Iterator[tuple[str, LoraLayer]]:
    """The adapter layers that are in `model`, by name."""
    return ((name, module) for name, module in model.named_modules() if isinstance(module, LoraLayer))


def remove(model: nn.Module) -> None:
    """Take every adapter layer out again; the base is what it was."""
    for name, layer in list(layers(model)):
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, layer.base)


def save(model: nn.Module, folder: Path, base: str) -> None:
    """Write the adapter in `model` as half-precision PEFT files; `base` is the name people call the base by."""
    found = dict(layers(model))
    first = next(iter(found.values()))
    rank = first.lora_a.shape[0]
    tensors: dict[str, Tensor] = {}
    for name, layer in found.items():
        tensors[f"{PREFIX}{name}.lora_A.weight"] = layer.lora_a.detach().half().contiguous()
        tensors[f"{PREFIX}{name}.lora_B.weight"] = layer.lora_b.detach().half().contiguous()
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": rank,
        "lora_alpha": first.scale * rank,
        "rank_pattern": {name: layer.lora_a.shape[0] for name, layer in found.items() if layer.lora_a.shape[0] != rank},
        "alpha_pattern": {
            name: layer.scale * layer.lora_a.shape[0]
            for name, layer in found.items()
            if not math.isclose(layer.scale * layer.lora_a.shape[0], first.scale * rank)
        },
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": isinstance(first.base, Conv1D),
        "inference_mode": True,
        "target_modules": sorted({name.rpartition(".")[2] for name in found}),
    }
    write(folder, tensors, config, fingerprint(model))


def check(adapter: Adapter, model: nn.Module) -> None:
    """BadAdapter if the adapter was made for another base: other modules, other shapes, or other weights."""
    places = targets(model) | {name: layer.base for name, layer in layers(model)}
    for name, (a, b) in adapter.matrices.items():
        if name not in places:
            raise BadAdapter(f"this adapter was made for another base ({adapter.base}): there is no layer {name} here")
        if (a.shape[1], b.shape[0]) != _sizes(places[name]):
            raise BadAdapter(f"this adapter was made for another base ({adapter.base}): the sizes of {name} differ")
    if adapter.fingerprint and adapter.fingerprint != fingerprint(model):
        raise BadAdapter(f"this adapter was made for another base ({adapter.base}) of the same shape")


def fits(adapter: Adapter, base: Path) -> None:
    """BadAdapter unless the adapter can speak on the model in the folder `base`; loads it, which takes seconds."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    kinds: Any = AutoModelForCausalLM
    try:
        model: nn.Module = kinds.from_pretrained(base, dtype="auto", use_safetensors=True)
    except (OSError, ValueError, RuntimeError) as broken:
        reason = (str(broken).splitlines() or [type(broken).__name__])[0]
        raise BadAdapter(f"the base in {base} cannot be loaded, so nothing was tried on it: {reason}") from broken
    check(adapter, model)


def load(model: nn.Module, folder: Path) -> Adapter:
    """Read, check and put the adapter of `folder` into `model`, replacing one that is in; returns what was read."""
    adapter = read(folder)
    check(adapter, model)
    remove(model)
    model.requires_grad_(requires_grad=False)
    places = targets(model)
    for name, (a, b) in adapter.matrices.items():
        layer = _wrap(model, name, places[name], a.shape[0], adapter.scales[name])
        with torch.no_grad():
            layer.lora_a.copy_(a)
            layer.lora_b.copy_(b)
    return adapter
