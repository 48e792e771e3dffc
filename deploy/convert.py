"""Turn a GGUF file into a folder of safetensors that transformers loads in a second (T).

Run as a process of its own, `python -m deploy.convert SOURCE.gguf FOLDER`: dequantising takes three times the model's
memory for half a minute, and only a process that ends gives all of it back.
"""

import sys
import warnings
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig


def convert(source: Path, folder: Path) -> None:
    """Write `source` as bfloat16 safetensors with tokenizer and generation config into the existing `folder`.

    What transformers loads from a GGUF stays marked as quantised and refuses to be saved, hence the fresh model.
    """
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    loaded = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.bfloat16)
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.dtype = torch.bfloat16
    fresh = type(loaded)(config).bfloat16()
    fresh.load_state_dict(loaded.state_dict())
    fresh.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id,
    )
    fresh.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
