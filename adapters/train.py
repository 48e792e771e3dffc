"""Train a style voice on TRL's SFT trainer: one run, top to bottom (`python -m adapters.train BASE CORPUS RUN`) (T).

The loop, the optimizer's step, logging and resuming are TRL's. Ours is what a CPU lives on: rows of one width without
masks, so that all blocks are compiled as one; LoRA whose small matrices follow the base's bfloat16; and a loss that
never builds the whole (tokens x 49,152) table. AdaLoRA is PEFT's, and full fine-tuning needs no adapter at all. The
order of the rows depends on seed and step alone, so a killed run ends where an unbroken one does.
"""

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, TrainerCallback
from transformers.utils import logging as transformers_logging
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from adapters import adaptive, lora, passages
from adapters.bases import quick
from adapters.checkpoints import Sparing, last_checkpoint
from adapters.loss import IGNORE, held_out, piece_loss
from adapters.rows import Coded, Plan, batches, encode, rate_at, tensors

METHODS = ("lora", "adalora", "full")
Report = Callable[[int, int, float], None]
Measures = dict[str, float]


class StyleTrainer(Sparing, SFTTrainer):
    """TRL's, with our rows in our order, our loss and our learning rate."""

    plan: Plan

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        """The rows lie in the order in which they are to be read."""
        rows: Any = self.train_dataset if train_dataset is None else train_dataset
        return torch.utils.data.SequentialSampler(rows)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """See `rows.rate_at`."""
        plan, rated = self.plan, optimizer or self.optimizer
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(rated, lambda step: rate_at(step, plan) / plan.rate)
        return self.lr_scheduler

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Tensor:
        """Mean nats a token of the pieces. The sliced loss has no gradient for the head, so only LoRA can use it."""
        ids, labels = inputs["input_ids"], inputs["labels"]
        if self.plan.method == "lora":
            return piece_loss(model, ids, labels)
        shifted = torch.cat((torch.full_like(labels[:, :1], IGNORE), labels[:, :-1]), 1)  # as transformers shifts back
        loss: Tensor = model(input_ids=ids, labels=shifted, use_cache=False).loss
        return loss

    def extra(self) -> dict[str, Tensor]:
        """See Sparing."""
        return adaptive.memory(self.model) if self.plan.method == "adalora" else {}

    def restore(self, kept: dict[str, Tensor]) -> None:
        """See Sparing."""
        if kept:
            adaptive.remember(self.model, kept)


class _Watching(TrainerCallback):
    """Tells of each step; moves AdaLoRA's ranks; ends the run early where it is to be resumed."""

    def __init__(self, plan: Plan, report: Report, stop_after: int | None) -> None:
        self._plan, self._report, self._stop = plan, report, stop_after

    def on_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Between the optimizer's step and the dropping of the gradients, which AdaLoRA still needs."""
        if self._plan.method == "adalora":
            adaptive.allocate(model, state.global_step + 1)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """See transformers."""
        if state.global_step == self._stop:
            control.should_training_stop = control.should_save = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, float] | None = None, **_: Any) -> None:
        """See transformers."""
        if logs and "loss" in logs:
            self._report(state.global_step, state.max_steps, float(logs["loss"]))


def train(  # noqa: PLR0913  the whole of a run is decided here
    base: Path,
    corpus: Path,
    run: Path,
    plan: Plan,
    name: str = "embedded",
    *,
    parent: Path | None = None,
    stop_after: int | None = None,
    report: Report | None = None,
    watchers: Sequence[Any] = (),
) -> Measures:
    """Train (or resume) and write the result, the plan and the measures under `run`; returns the measures.

    `base` is a model folder with its tokenizer, `name` what the adapter calls it, `parent` an adapter to go on from.
    The result is `run/adapter`, or `run/model` for full fine-tuning. With `stop_after` the run ends early after that
    many steps, unmeasured, to be resumed. `watchers` are transformers' callbacks. ValueError for a corpus that holds
    too little, BadAdapter for a parent that does not fit, OSError for a full disk.
    """
    if plan.device == "cpu":
        torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    run.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(base)
    rows = list(passages.load(corpus))
    coded = encode([row for row in rows if row.split == "train"], tokenizer, plan.width)
    feed = [row for batch in islice(_feed(coded, plan), plan.steps) for row in batch]
    model = prepared(base, plan, parent)
    trainer = trainer_for(model, tokenizer, feed, run, plan)
    trainer.remove_callback(PrinterCallback)
    for watcher in (_Watching(plan, report or _noted(run, plan), stop_after), *watchers):
        trainer.add_callback(watcher)
    begun = last_checkpoint(run / "steps")
    if begun and begun.name == f"checkpoint-{plan.steps}":  # all but the measuring was done
        trainer._load_from_checkpoint(str(begun))
    elif trainer.train(resume_from_checkpoint=str(begun) if begun else None).global_step < plan.steps:
        return {}
    _plain(model)
    _save(model, tokenizer, run, plan, name)
    return _measured(run, model, base, tokenizer, rows, plan, corpus)


def _feed(coded: Sequence[Coded], plan: Plan) -> Iterator[list[Coded]]:
    if sum(len(row.tokens) for row in coded) < plan.batch * plan.width:
        raise ValueError("the corpus holds less than one batch of training text; choose a smaller batch or width")
    return batches(coded, plan)


def prepared(base: Path, plan: Plan, parent: Path | None = None) -> nn.Module:
    """The base on its device, ready for the plan's method; as `quick` has it, or float32 for full fine-tuning."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    kinds: Any = AutoModelForCausalLM
    model: nn.Module = kinds.from_pretrained(base, dtype=torch.float32 if plan.method == "full" else "auto")
    quick(model, plan.device)
    if parent is not None:
        lora.load(model, parent)
    elif plan.method == "lora":
        lora.insert(model, plan.rank, plan.alpha)
    elif plan.method == "adalora":
        model = adaptive.wrap(model, plan.rank, plan.alpha, plan.steps)
    model.to(plan.device)
    if plan.compiled:
        for block in blocks(model):
            block.compile(dynamic=False)
    return model


def trainer_for(model: Any, tokenizer: Any, feed: Sequence[Coded], run: Path, plan: Plan) -> StyleTrainer:
    """TRL's trainer over rows of tokens, in the order given."""
    ids, labels = tensors(feed, plan.width)
    data = Dataset.from_dict({"input_ids": ids.tolist(), "labels": labels.tolist()}).with_format("torch")
    config = SFTConfig(
        output_dir=str(run / "steps"),
        per_device_train_batch_size=plan.batch,
        max_steps=plan.steps,
        learning_rate=plan.rate,
        optim="adamw_torch",
        adam_beta1=0.9,
        adam_beta2=0.98,
        weight_decay=0.0,
        max_grad_norm=1.0,
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        activation_checkpointing=False,  # by its new name and its old one, which TRL sets
        gradient_checkpointing=False,
        bf16=False,
        fp16=False,
        use_cpu=plan.device == "cpu",
        dataloader_pin_memory=plan.device != "cpu",
        seed=plan.seed,
        data_seed=plan.seed,
        logging_steps=1,
        save_strategy="steps",
        save_steps=plan.save_every,
        report_to=[],
        disable_tqdm=True,
    )
    trainer = StyleTrainer(model, args=config, data_collator=_stacked, train_dataset=data, processing_class=tokenizer)
    trainer.plan = plan
    return trainer


def _stacked(rows: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([row[name] for row in rows]) for name in ("input_ids", "labels")}


def blocks(model: nn.Module) -> Iterator[nn.Module]:
    """The transformer's blocks: alike, so that compiling one compiles them all."""
    for module in model.modules():
        if isinstance(module, nn.ModuleList):
            yield from module


def _plain(model: nn.Module) -> None:
    """Undo the compiling: held-out texts have every length, and each would be compiled anew."""
    for block in blocks(model):
        block._compiled_call_impl = None


def _save(model: Any, tokenizer: Any, run: Path, plan: Plan, name: str) -> None:
    if plan.method == "lora":
        lora.save(model, run / "adapter", name)
    elif plan.method == "adalora":
        adaptive.save(model, run / "adapter", name)
    else:
        model.to(torch.bfloat16).save_pretrained(run / "model")
        tokenizer.save_pretrained(run / "model")


def _measured(
    run: Path, model: Any, base: Path, tokenizer: Any, rows: Sequence[passages.Passage], plan: Plan, corpus: Path
) -> Measures:
    """Bits a character and perplexity on passages of each split, with what was learnt and without; also report.json."""
    held = {split: _spread([row for row in rows if row.split == split], plan.measured) for split in passages.SPLITS}
    speaking = model.base_model.model if plan.method == "adalora" else model
    measures: Measures = {}
    for after in ("", "_base"):
        for split, part in held.items():
            if part:
                found = held_out(speaking, tokenizer, part)
                measures |= {f"{split}_bits{after}": found.bits, f"{split}_perplexity{after}": found.perplexity}
        if not after:
            del speaking, model
            gc.collect()
            kinds: Any = AutoModelForCausalLM
            speaking = quick(kinds.from_pretrained(base, dtype="auto"), plan.device)
    report = {"plan": asdict(plan), "corpus": corpus.name, "measures": measures}
    (run / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return measures


def _spread(rows: list[passages.Passage], most: int) -> list[passages.Passage]:
    """At most `most` rows, spread evenly over all."""
    return rows[:: max(1, len(rows) // most)][:most]


def _noted(run: Path, plan: Plan) -> Report:
    """Tells of every fifth step, on the screen and in run/log.txt."""
    started, first = time.monotonic(), list[int]()

    def note(step: int, steps: int, loss: float) -> None:
        first[:] = first or [step - 1]
        if step % 5 == 1 or step == steps:
            speed = (step - first[0]) * plan.batch * plan.width / (time.monotonic() - started)
            line = (
                f"{time.strftime('%H:%M:%S', time.gmtime())} step {step}/{steps} loss {loss:.3f} {speed:.0f} tokens/s\n"
            )
            with (run / "log.txt").open("a", encoding="utf-8") as log:
                log.write(line)
            sys.stdout.write(line)
            sys.stdout.flush()

    return note


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
    measures = train(base, corpus, run, Plan(**options), name, parent=parent)
    sys.stdout.write(json.dumps(measures) + "\n")


if __name__ == "__main__":
    main()
