"""Train a style voice: one run, top to bottom (`python -m adapters.train BASE CORPUS RUN`).

A plain loop over our own LoRA layer rather than TRL's trainer, for the sake of a CPU: rows of one width without masks
let all blocks be compiled as one (388 instead of 214 tokens a second of processor time on the embedded base), the small
matrices follow the base's bfloat16, and the loss never builds the whole (tokens x 49,152) table. Loss falls on the
piece only, never on the writer's line. The order of the data depends on seed and step alone, and weights and moments
are saved together, so a killed run resumes where it was.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer

from adapters import lora, passages
from adapters.loss import IGNORE, bits_per_character, piece_loss


@dataclass(frozen=True)
class Plan:
    """What decides a run; written beside its weights so that it can be repeated."""

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


def blocks(model: nn.Module) -> Iterator[nn.Module]:
    """The transformer's blocks: alike, so that compiling one compiles them all."""
    for module in model.modules():
        if isinstance(module, nn.ModuleList):
            yield from module


def rate_at(step: int, plan: Plan) -> float:
    """Learning rate: a linear warm-up, half the run flat, then linearly to zero."""
    if step < plan.warmup:
        return plan.rate * (step + 1) / plan.warmup
    flat = plan.steps // 2
    return plan.rate * min(1.0, (plan.steps - step) / max(plan.steps - flat, 1))


def train(
    base: Path,
    corpus: Path,
    run: Path,
    plan: Plan,
    name: str = "embedded",
    *,
    parent: Path | None = None,
    stop_after: int | None = None,
) -> dict[str, float]:
    """Train (or resume) and write the adapter, plan and measures under `run`; returns the measures.

    `base` is a model folder with its tokenizer, `name` what the adapter calls it, `parent` an adapter to go on from.
    With `stop_after` the run ends early after that many steps, unmeasured, to be resumed.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    tokenizer = AutoTokenizer.from_pretrained(base)
    model: nn.Module = AutoModelForCausalLM.from_pretrained(base)
    rows = list(passages.load(corpus))
    coded = encode([row for row in rows if row.split == "train"], tokenizer, plan.width)
    if parent is None:
        lora.insert(model, plan.rank, plan.alpha)
    else:
        lora.load(model, parent)
    weights = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.0)
    first = _resume(run, weights, optimizer)
    _note(run, f"{len(coded)} rows, {sum(len(row.tokens) for row in coded)} tokens, from step {first}")
    if plan.compiled:
        for block in blocks(model):
            block.compile(dynamic=False)
    feed = batches(coded, plan)
    last = min(plan.steps, stop_after or plan.steps)
    started, seen = time.monotonic(), 0
    for step in range(last):
        ids, labels = tensors(next(feed), plan.width)
        if step < first:
            continue
        loss = _step(model, weights, optimizer, (ids, labels), rate_at(step, plan))
        seen += ids.numel()
        if step % 5 == 0:
            _note(
                run, f"step {step + 1}/{plan.steps} loss {loss:.3f} {seen / (time.monotonic() - started):.0f} tokens/s"
            )
        if (step + 1) % plan.save_every == 0 or step + 1 == last:
            _keep(run, model, weights, optimizer, step + 1, name)
    return _measured(run, model, tokenizer, rows, plan, corpus) if last == plan.steps else {}


def _step(
    model: nn.Module,
    weights: list[nn.Parameter],
    optimizer: torch.optim.Optimizer,
    batch: tuple[Tensor, Tensor],
    rate: float,
) -> float:
    """One step of the optimizer on (ids, labels); returns the loss in nats a token."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss = piece_loss(model, *batch)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(weights, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


def _measured(
    run: Path, model: nn.Module, tokenizer: Any, rows: Sequence[passages.Passage], plan: Plan, corpus: Path
) -> dict[str, float]:
    """Bits per character on held-out passages, with the voice and without; also written to report.json."""
    for block in blocks(model):
        block._compiled_call_impl = None  # held-out texts have every length: each would be compiled anew
    held = {split: [row for row in rows if row.split == split][: plan.measured] for split in ("valid", "test")}
    measures = {f"{split}_bits": bits_per_character(model, tokenizer, part) for split, part in held.items() if part}
    lora.remove(model)
    base = {f"{split}_bits_base": bits_per_character(model, tokenizer, part) for split, part in held.items() if part}
    measures |= base
    report = {"plan": asdict(plan), "corpus": corpus.name, "measures": measures}
    (run / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    _note(run, json.dumps(measures))
    return measures


def _keep(
    run: Path, model: nn.Module, weights: list[nn.Parameter], optimizer: torch.optim.Optimizer, step: int, name: str
) -> None:
    """Save the adapter for use and the full state for resuming; the state is replaced in one move."""
    lora.save(model, run / "adapter", name)
    state = {f"{at}.weight": weight.detach() for at, weight in enumerate(weights)}
    for at, weight in enumerate(weights):
        for moment in ("exp_avg", "exp_avg_sq"):
            state[f"{at}.{moment}"] = optimizer.state[weight][moment]
    part = run / "state.part"
    save_file(state, part, {"step": str(step)})
    part.replace(run / "state.safetensors")


def _resume(run: Path, weights: list[nn.Parameter], optimizer: torch.optim.Optimizer) -> int:
    """Put a saved state back; returns the step to go on from, 0 for a fresh run."""
    run.mkdir(parents=True, exist_ok=True)
    path = run / "state.safetensors"
    if not path.is_file():
        return 0
    with safe_open(path, framework="pt") as file:
        step = int(file.metadata()["step"])
        for at, weight in enumerate(weights):
            weight.data.copy_(file.get_tensor(f"{at}.weight"))
            moments = {moment: file.get_tensor(f"{at}.{moment}") for moment in ("exp_avg", "exp_avg_sq")}
            optimizer.state[weight] = {"step": torch.tensor(float(step)), **moments}
    return step


def _note(run: Path, line: str) -> None:
    stamped = f"{time.strftime('%H:%M:%S', time.gmtime())} {line}\n"
    with (run / "log.txt").open("a", encoding="utf-8") as log:
        log.write(stamped)
    sys.stdout.write(stamped)
    sys.stdout.flush()


def main() -> None:
    """Read the run from the command line; every field of Plan is an option."""
    parser = argparse.ArgumentParser(prog="python -m adapters.train", description=__doc__)
    for argument in ("base", "corpus", "run"):
        parser.add_argument(argument, type=Path)
    parser.add_argument("--parent", type=Path, help="an adapter to go on from, instead of a fresh one")
    parser.add_argument("--name", default="embedded", help="the name of the base")
    for key, value in asdict(Plan()).items():
        parser.add_argument(f"--{key.replace('_', '-')}", type=type(value), default=value)
    options = vars(parser.parse_args())
    paths = [options.pop(key) for key in ("base", "corpus", "run")]
    name, parent = options.pop("name"), options.pop("parent")
    base, corpus, run = paths
    train(base, corpus, run, Plan(**options), name, parent=parent)


if __name__ == "__main__":
    main()
