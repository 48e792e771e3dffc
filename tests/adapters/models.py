"""Real bases of a few thousand weights: a Llama and a GPT-2, with a tokenizer of their own, made in a moment."""

from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

Make = Callable[[], LlamaForCausalLM | GPT2LMHeadModel]
LETTERS = "\n abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,:;!?'\"-"


def llama(seed: int = 0, hidden: int = 32) -> LlamaForCausalLM:
    """Two layers, grouped heads, tied head: the embedded base in small."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(LETTERS) + 2,
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        initializer_range=0.2,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=1,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():  # fresh norms are all ones; trained ones are not, and they tell bases apart
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.add_(torch.randn_like(weight) * 0.1)
    return model


def gpt2(seed: int = 0) -> GPT2LMHeadModel:
    """Two layers with Conv1D weights and learnt positions."""
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=len(LETTERS) + 2,
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_positions=128,
        bos_token_id=1,
        eos_token_id=1,
        initializer_range=0.2,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )
    return GPT2LMHeadModel(config)


def tokenizer() -> PreTrainedTokenizerBase:
    """One token a letter; <end> is the end-of-text token."""
    words = {"<unk>": 0, "<end>": 1} | {letter: at + 2 for at, letter in enumerate(LETTERS)}
    letters = Tokenizer(WordLevel(words, unk_token="<unk>"))
    letters.pre_tokenizer = Split("", "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=letters, unk_token="<unk>", eos_token="<end>")  # type: ignore[no-untyped-call]


def base_folder(folder: Path, model: LlamaForCausalLM | GPT2LMHeadModel) -> Path:
    """The model and the tokenizer as a folder that AutoModel reads."""
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder
