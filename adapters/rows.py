"""What decides a training run, and the rows of tokens it reads: of one width, in an order the seed decides (T).

Loss falls on the piece only, never on the writer's line. One width for all rows, without masks, lets a transformer's
blocks be compiled as one.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from adapters import passages
from adapters.loss import IGNORE


@dataclass(frozen=True)
class Plan:
    """What decides a run; written beside its weights so that it can be repeated."""

    method: str = "lora"  # or adalora, or full
    rank: int = 4
    alpha: float = 16.0
    rate: float = 2e-3
    steps: int = 100
    warmup: int = 8
    batch: int = 8
    width: int = 256  # tokens a row; one width for all, so that the blocks are compiled once
    seed: int = 1
    threads: int = 1
    save_every: int = 20
    measured: int = 60  # held-out passages a split
    device: str = "cpu"
    compiled: int = 1  # 0 leaves the blocks as they are: for short runs, and where there is no compiler


@dataclass(frozen=True)
class Coded:
    """One row in tokens; `learn` says of each whether it carries loss (the writer's line does not)."""

    tokens: list[int]
    learn: list[bool]


def encode(rows: Sequence[passages.Passage], tokenizer: Any, width: int) -> list[Coded]:
    """Rows as at most `width` tokens: prompt, then text, then the end-of-text token where a work is over.

    A row too long loses its end, unless the work ends there: then it loses its beginning, for endings are rare.
    """
    coded = list[Coded]()
    for row in rows:
        prompt = tokenizer(row.prompt, add_special_tokens=False)["input_ids"] if row.prompt else []
        text = tokenizer(row.text, add_special_tokens=False)["input_ids"]
        text = [*text, tokenizer.eos_token_id] if row.ends else text
        learn = [False] * len(prompt) + [True] * len(text)
        part = slice(-width, None) if row.ends else slice(width)
        coded.append(Coded([*prompt, *text][part], learn[part]))
    return coded


def packed(rows: Sequence[Coded], width: int) -> list[Coded]:
    """Neighbours joined while they fit into `width`: short poems fill a row together, each closed by its end token."""
    joined = list[Coded]()
    for row in rows:
        if joined and len(joined[-1].tokens) + len(row.tokens) <= width:
            last = joined.pop()
            joined.append(Coded(last.tokens + row.tokens, last.learn + row.learn))
        else:
            joined.append(row)
    return joined


def batches(rows: Sequence[Coded], plan: Plan) -> Iterator[list[Coded]]:
    """Endless batches, each epoch in an order that only the seed decides."""
    epoch = 0
    while True:
        order = list(rows)
        random.Random(f"{plan.seed}/{epoch}").shuffle(order)
        order = packed(order, plan.width)
        yield from (order[at : at + plan.batch] for at in range(0, len(order) - plan.batch + 1, plan.batch))
        epoch += 1


def tensors(rows: Sequence[Coded], width: int) -> tuple[Tensor, Tensor]:
    """Token ids and next-token labels, both (rows, width); padding and the writer's line are IGNORE in the labels.

    Padding stands at the right, where causal attention cannot see it, so no mask is needed.
    """
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    labels = torch.full((len(rows), width), IGNORE, dtype=torch.long)
    for at, row in enumerate(rows):
        tokens, learn = torch.tensor(row.tokens), torch.tensor(row.learn)
        ids[at, : len(tokens)] = tokens
        labels[at, : len(tokens) - 1] = torch.where(learn[1:], tokens[1:], IGNORE)
    return ids, labels


def rate_at(step: int, plan: Plan) -> float:
    """Learning rate: a linear warm-up, half the run flat, then linearly to zero."""
    if step < plan.warmup:
        return plan.rate * (step + 1) / plan.warmup
    flat = plan.steps // 2
    return plan.rate * min(1.0, (plan.steps - step) / max(plan.steps - flat, 1))
