"""Train the small GPT-2 that the tests run on: real byte-level BPE, real learned positions, real Conv1D layers.

A mock cannot show a wrong position id or a transposed Conv1D; this model can, in a millisecond a token. About ten
minutes on one core: `python tests/tiny_gpt2/make.py --data FOLDER`, where FOLDER holds `books/` and `verse/`.
"""

import argparse
import json
import math
import re
import time
from pathlib import Path

import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

HERE = Path(__file__).parent
END = "<|endoftext|>"
TRAIN = ("books/andersen-fairy-tales.txt", "books/lang-blue-fairy-book.txt", "books/baum-wizard-of-oz.txt")
LIMERICKS = "verse/limericks.txt"
HELD_OUT = "books/grimm-fairy-tales.txt"
VOCABULARY, WIDTH, LAYERS, HEADS, POSITIONS = 2048, 128, 3, 4, 1024


def documents(text: str, gap: str = r"\n\s*\n\s*\n\s*\n") -> list[str]:
    """Tales of a book, with the printed line breaks inside paragraphs taken out."""
    tales = re.split(gap, text.replace("\r", "").replace("_", ""))
    clean = ["\n\n".join(" ".join(p.split()) for p in re.split(r"\n\s*\n", tale)).strip() for tale in tales]
    return [tale for tale in clean if len(tale) > 400]


def tokens(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> torch.Tensor:
    """One long row of token ids, every text closed by the end token."""
    return torch.tensor([i for text in texts for i in (*tokenizer.encode(text), tokenizer.eos_token_id)])


def make_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE of the texts, so that any Unicode text can be written in it."""
    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(texts, vocab_size=VOCABULARY, min_frequency=2, special_tokens=[END], show_progress=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer, bos_token=END, eos_token=END, unk_token=END, model_max_length=POSITIONS
    )


@torch.no_grad()
def held_out_loss(model: GPT2LMHeadModel, ids: torch.Tensor, rows: int = 16) -> float:
    """Mean loss in nats a token over `rows` whole windows."""
    model.eval()
    batch = ids[: rows * POSITIONS].view(rows, POSITIONS)
    losses = [model(input_ids=row[None], labels=row[None]).loss.item() for row in batch]
    model.train()
    return sum(losses) / len(losses)


def train(model: GPT2LMHeadModel, ids: torch.Tensor, steps: int, batch: int, seed: int) -> None:
    """AdamW over random whole windows, so that every learned position sees the same number of tokens."""
    draw = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps, pct_start=0.05)
    started = time.monotonic()
    for step in range(steps):
        starts = torch.randint(len(ids) - POSITIONS, (batch,), generator=draw).tolist()
        rows = torch.stack([ids[s : s + POSITIONS] for s in starts])
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(input_ids=rows, labels=rows).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 100 == 0:
            print(f"{step:5d} {loss.item():.3f} {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201


def main() -> None:
    """Train, measure on a work by other authors, save."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--out", type=Path, default=HERE)
    arguments.add_argument("--steps", type=int, default=1500)
    arguments.add_argument("--batch", type=int, default=1)
    arguments.add_argument("--seed", type=int, default=20)
    given = arguments.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(given.seed)

    texts = [tale for name in TRAIN for tale in documents((given.data / name).read_text("utf-8"))]
    limericks = re.split(r"\n\s*\n", (given.data / LIMERICKS).read_text("utf-8").replace("\r", ""))
    texts += [poem.strip() for poem in limericks if poem.count("\n") >= 4]
    tokenizer = make_tokenizer(texts)
    ids = tokens(tokenizer, texts)
    other = documents((given.data / HELD_OUT).read_text("utf-8"))
    config = GPT2Config(
        vocab_size=VOCABULARY, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, n_positions=POSITIONS,
        bos_token_id=tokenizer.eos_token_id, eos_token_id=tokenizer.eos_token_id,
        resid_pdrop=0.05, embd_pdrop=0.05, attn_pdrop=0.0,
    )  # fmt: skip
    model = GPT2LMHeadModel(config)
    train(model, ids, given.steps, given.batch, given.seed)
    held = tokens(tokenizer, other)
    loss = held_out_loss(model, held)
    letters = len(tokenizer.decode(held[: 16 * POSITIONS].tolist()))
    facts = {
        "documents": len(texts), "characters": sum(map(len, texts)), "tokens": len(ids),
        "parameters": model.num_parameters(), "held_out_nats_a_token": round(loss, 3),
        "held_out_bits_a_character": round(loss * 16 * POSITIONS / letters / math.log(2), 3),
    }  # fmt: skip
    print(json.dumps(facts, indent=1))  # noqa: T201
    model.half().save_pretrained(given.out)
    tokenizer.save_pretrained(given.out)


if __name__ == "__main__":
    main()
