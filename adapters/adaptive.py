"""AdaLoRA (Zhang et al., arXiv:2303.10512), by PEFT: ranks move to the layers that need them; saved as plain LoRA (T).

PEFT's layer is trained as it is. Serving reads plain LoRA only, so the singular values are folded into A when the run
is over, and the rows that were pruned on the way are left out.
"""

import json
from pathlib import Path
from typing import Any

import torch
from peft import AdaLoraConfig, get_peft_model
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from adapters import lora
from adapters.files import PREFIX, write

NAME = "default"
_MEMORIES = ("ipt", "exp_avg_ipt", "exp_avg_unc")


def wrap(model: nn.Module, rank: int, alpha: float, steps: int) -> nn.Module:
    """The model with AdaLoRA on every linear layer: from half as much rank again down to `rank` on the average.

    Ranks are moved in the middle of the run; its first tenth and its last third leave them alone. A run of fewer than
    ten steps is too short for that: ValueError.
    """
    if steps < 10:
        raise ValueError("AdaLoRA needs ten steps at least")
    found = lora.targets(model)
    config = AdaLoraConfig(
        task_type="CAUSAL_LM",
        target_modules=sorted(found),
        init_r=rank + max(1, rank // 2),
        target_r=rank,
        lora_alpha=round(alpha),
        lora_dropout=0.0,
        tinit=max(1, steps // 10),
        tfinal=max(1, steps // 3),
        deltaT=max(1, steps // 50),
        total_step=steps,
        fan_in_fan_out=any(isinstance(layer, Conv1D) for layer in found.values()),
    )
    wrapped: nn.Module = get_peft_model(model, config)
    return wrapped


def allocate(model: Any, step: int) -> None:
    """Move ranks, after the optimizer's step and before the gradients are dropped; `step` counts from 1."""
    model.base_model.update_and_allocate(step)


def memory(model: Any) -> dict[str, Tensor]:
    """What the allocator remembers between steps, for a checkpoint."""
    allocator = model.base_model.rankallocator
    kept = {f"{kind}/{name}": tensor for kind in _MEMORIES for name, tensor in getattr(allocator, kind).items()}
    pattern = json.dumps(model.peft_config[NAME].rank_pattern or {}).encode()
    return {**kept, "pattern": torch.tensor(list(pattern), dtype=torch.uint8)}


def remember(model: Any, kept: dict[str, Tensor]) -> None:
    """Give the allocator back what `memory` told of it."""
    allocator = model.base_model.rankallocator
    for key, tensor in kept.items():
        kind, _, name = key.partition("/")
        if kind in _MEMORIES:
            getattr(allocator, kind)[name] = tensor
    model.peft_config[NAME].rank_pattern = json.loads(bytes(kept["pattern"].tolist())) or None


def save(model: Any, folder: Path, base: str) -> None:
    """Write what was learnt as a plain LoRA adapter in PEFT's files, half precision."""
    tensors, ranks = dict[str, Tensor](), dict[str, int]()
    for name, layer in model.base_model.model.named_modules():
        if not hasattr(layer, "lora_E"):
            continue
        values = layer.lora_E[NAME].detach()
        kept = values[:, 0] != 0
        if not kept.any():
            continue
        scale = float(layer.scaling[NAME]) / (float(layer.ranknum[NAME].detach()) + 1e-5)
        a = (layer.lora_A[NAME].detach() * values)[kept] * scale
        tensors[f"{PREFIX}{name}.lora_A.weight"] = a.half().contiguous()
        tensors[f"{PREFIX}{name}.lora_B.weight"] = layer.lora_B[NAME].detach()[:, kept].half().contiguous()
        ranks[name] = int(kept.sum())
    highest = max(ranks.values(), default=1)
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": highest,
        "lora_alpha": highest,
        "rank_pattern": {name: rank for name, rank in ranks.items() if rank != highest},
        "alpha_pattern": {name: rank for name, rank in ranks.items() if rank != highest},
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": bool(model.peft_config[NAME].fan_in_fan_out),
        "inference_mode": True,
        "target_modules": sorted({name.rpartition(".")[2] for name in ranks}),
    }
    write(folder, tensors, config, lora.fingerprint(model.base_model.model))
