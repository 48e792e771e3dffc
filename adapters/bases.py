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
    time of the fused one. Weights kept in bfloat16 stay so where the processor multiplies them, others become float32.
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
    kept: Any = next(model.parameters()).dtype
    fast = device != "cpu" or torch.cpu._is_avx512_bf16_supported()
    dtype = torch.bfloat16 if kept == torch.bfloat16 and fast else torch.float32
    model.to(dtype=dtype, device=device)
    return model, tokenizer
