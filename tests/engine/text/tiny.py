"""Small real models for tests: the repository's trained GPT-2, and a Llama with random weights made on the spot."""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from engine.batching import write_all
from engine.errors import EngineError
from engine.ports import Draft, TextRequest
from engine.text.gpt import Gpt

torch.set_num_threads(1)  # such models gain nothing from more, and tests run beside each other
GPT2 = Path(__file__).parents[2] / "tiny_gpt2"
TEMPLATE = (
    "{% for m in messages %}<|endoftext|>{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|endoftext|>assistant: {% endif %}"
)
TARGETS = {"gpt2": ["c_attn", "c_proj", "c_fc"], "llama": ["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"]}


def make_llama(folder: Path, **sizes: Any) -> Path:
    """Two layers, grouped heads, untied head, a chat template; the same weights every time."""
    tokenizer = AutoTokenizer.from_pretrained(GPT2)
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(5)
    small: dict[str, Any] = {
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "initializer_range": 0.2,
    }
    config = LlamaConfig(
        vocab_size=len(tokenizer), num_hidden_layers=2, max_position_embeddings=512,
        tie_word_embeddings=False, bos_token_id=tokenizer.eos_token_id, eos_token_id=tokenizer.eos_token_id,
        **small | sizes,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_wide_llama(folder: Path, deep: int = 64) -> Path:
    """The same with heads as wide as the embedded model's, so that the compiled step serves it."""
    return make_llama(
        folder, hidden_size=192, intermediate_size=256, num_attention_heads=6, head_dim=deep, initializer_range=0.05
    )


def make_voice(base: Path, folder: Path, seed: int, rank: int = 4) -> Path:
    """A loud random LoRA adapter for the model in `base`, written by PEFT itself."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    kind = model.config.model_type
    config = LoraConfig(
        r=rank,
        lora_alpha=3 * rank,
        target_modules=TARGETS[kind],
        fan_in_fan_out=kind == "gpt2",
        init_lora_weights=False,
    )
    get_peft_model(model, config).save_pretrained(str(folder))
    return folder


@cache
def gpt2() -> Gpt:
    """The trained GPT-2 in float32, shared by the tests."""
    return Gpt(GPT2, "tiny", device="cpu", dtype="float32")


def reference(folder: Path) -> PreTrainedModel:
    """transformers' own model in float32."""
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.eval()  # type: ignore[no-untyped-call]
    return model


def write(model: Gpt, request: TextRequest) -> tuple[Draft, ...]:
    """Run a request to its end."""
    (answer,) = write_all(model, [request])
    if isinstance(answer, EngineError):
        raise answer
    return answer


def generated(model: PreTrainedModel | PeftModel, gpt: Gpt, prompt: str, count: int, **wishes: object) -> str:
    """What transformers writes greedily."""
    ids = torch.tensor([gpt.encode(prompt)])
    with torch.inference_mode():
        out = model.generate(  # type: ignore[operator]
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=count, do_sample=False, pad_token_id=0, **wishes
        )
    return gpt._decode(out[0, ids.shape[1] :].tolist()).rstrip("\ufffd")  # we never show half a character
