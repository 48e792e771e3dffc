"""A base model as learning and judging want it (T): whole, in the type that trains well here, with its tokenizer."""

import logging
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from adapters.manifest import BadAdapter


def load(folder: Path, device: str = "cpu") -> tuple[nn.Module, Any]:
    """(model, tokenizer) of the folder `folder`; BadAdapter, in one sentence, if it holds no model that can be used.

    Attention is written out ("eager"): with the masks of `branches` and on a CPU its backward pass takes a third of the
    time of the fused one. Weights are kept as `quick` says.
    """
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity(logging.CRITICAL)
    kinds: Any = AutoModelForCausalLM
    try:
        model: nn.Module = kinds.from_pretrained(
            folder, dtype="auto", use_safetensors=True, attn_implementation="eager", local_files_only=True
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as broken:
        reason = (str(broken).splitlines() or [type(broken).__name__])[0]
        raise BadAdapter(f"the base in {folder} cannot be loaded: {reason}") from broken
    return quick(model, device), tokenizer


def quick(model: nn.Module, device: str = "cpu") -> nn.Module:
    """The model on this device; weights in bfloat16 stay so where they are multiplied fast, others become float32."""
    kept: Any = next(model.parameters()).dtype
    fast = device != "cpu" or torch.cpu._is_avx512_bf16_supported()
    return model.to(dtype=torch.bfloat16 if kept == torch.bfloat16 and fast else torch.float32, device=device)
