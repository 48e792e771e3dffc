"""One preference run (T): from what people liked to an adapter, by DPO for pairs and KTO for lone thumbs.

It goes on from the adapter that is live, which is also the reference it must not stray from; its log-
probabilities are taken before the first step. Pairs come first, because a pair says more than two thumbs. The
seed and the data decide the result; a run that is killed goes on from its last checkpoint.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import nn
from transformers import PrinterCallback
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.kto_config import KTOConfig

from adapters import bases, lora
from adapters.branches import logprobs
from adapters.checkpoints import last_checkpoint
from adapters.examples import Examples, Pair, Thumb
from adapters.trainers import PairCollator, PairTrainer, ThumbCollator, ThumbTrainer, Watching

Report = Callable[[str, int, int, float], None]
Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What decides a run beside its data; written next to its weights, so that it can be repeated."""

    rank: int = 8  # of a fresh adapter; one that goes on keeps its own
    alpha: float = 16.0
    rate: float = 2e-4
    beta: float = 0.1
    likeness: float = 0.1  # weight of plain likelihood of the chosen text, which holds fluency
    epochs: float = 2.0
    batch: int = 8  # examples a step
    width: int = 640  # tokens of prompt and completion together; older prompt falls away
    longest: int = 256  # tokens of a completion that are learnt from
    seed: int = 1
    threads: int = 1
    save_every: int = 10  # steps
    device: str = "cpu"


def prefer(
    base: Path,
    parent: Path | None,
    examples: Examples,
    run: Path,
    plan: Plan,
    report: Report,
    *,
    name: str = "embedded",
) -> Path:
    """Train (or resume) under `run` and write the adapter there; returns its folder.

    `base` is a model folder, `name` what the adapter calls it, `parent` the live adapter to go on from. Raises
    ValueError without examples, BadAdapter for a base or parent that cannot be used, OSError for a full disk.
    """
    if not len(examples):
        raise ValueError("there is nothing to learn from")
    if plan.device == "cpu":
        torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    model, tokenizer = bases.load(base, plan.device)
    if parent is None:
        lora.insert(model, plan.rank, plan.alpha)
    else:
        lora.load(model, parent)
    run.mkdir(parents=True, exist_ok=True)
    pairs = _pair_rows(model, tokenizer, examples.pairs, plan)
    thumbs = _thumb_rows(model, tokenizer, examples.thumbs, plan)
    if not pairs and not thumbs:
        raise ValueError("there is nothing to learn from: every text is blank")
    if pairs:
        _train("pairs", _pairs(model, tokenizer, pairs, run / "pairs", plan), report)
    if thumbs:
        _train("thumbs", _thumbs(model, tokenizer, thumbs, run / "thumbs", plan), report)
    folder = run / "adapter"
    lora.save(model, folder, name)
    (run / "plan.json").write_text(json.dumps(asdict(plan), indent=1) + "\n", encoding="utf-8")
    return folder


def _train(stage: str, trainer: Any, report: Report) -> None:
    """Run one trainer to its end, from its last checkpoint if it has one."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Watching(lambda step, steps, loss: report(stage, step, steps, loss)))
    begun = last_checkpoint(Path(trainer.args.output_dir))
    trainer.train(resume_from_checkpoint=str(begun) if begun else None)


def _pair_rows(model: nn.Module, tokenizer: Any, pairs: Sequence[Pair], plan: Plan) -> list[Row]:
    """Pairs as tokens, with what the reference thinks of them; blank ones and equal ones fall away."""
    rows = list[Row]()
    for pair in pairs:
        chosen, rejected = (completion_ids(tokenizer, text, plan) for text in (pair.chosen, pair.rejected))
        if not chosen or not rejected or chosen == rejected:
            continue
        prompt = prompt_ids(tokenizer, pair.prompt, plan.width - max(len(chosen), len(rejected)))
        yes, no = reference(model, prompt, [chosen, rejected])
        tokens = {"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected}
        rows.append({**tokens, "ref_chosen_logps": yes, "ref_rejected_logps": no, "weight": pair.weight})
    return _evened(rows)


def _thumb_rows(model: nn.Module, tokenizer: Any, thumbs: Sequence[Thumb], plan: Plan) -> list[Row]:
    """Lone thumbs likewise."""
    rows = list[Row]()
    for thumb in thumbs:
        if completion := completion_ids(tokenizer, thumb.completion, plan):
            prompt = prompt_ids(tokenizer, thumb.prompt, plan.width - len(completion))
            (known,) = reference(model, prompt, [completion])
            tokens = {"prompt_ids": prompt, "completion_ids": completion, "label": thumb.label}
            rows.append({**tokens, "ref_logps": known, "weight": thumb.weight})
    return _evened(rows)


def _evened(rows: list[Row]) -> list[Row]:
    """The same rows with weights of mean 1, so that the rate of learning means the same for all data."""
    mean = sum(row["weight"] for row in rows) / max(len(rows), 1)
    return [{**row, "weight": row["weight"] / mean} for row in rows]


def _pairs(model: Any, tokenizer: Any, rows: list[Row], run: Path, plan: Plan) -> PairTrainer:
    config = DPOConfig(
        beta=plan.beta,
        loss_type=["sigmoid", "sft"] if plan.likeness else ["sigmoid"],
        loss_weights=[1.0, plan.likeness] if plan.likeness else None,
        **_common(run, plan, len(rows)),
    )
    data, collator = Dataset.from_list(rows), PairCollator(pad_token_id=tokenizer.eos_token_id)
    return PairTrainer(model, args=config, data_collator=collator, train_dataset=data, processing_class=tokenizer)


def _thumbs(model: Any, tokenizer: Any, rows: list[Row], run: Path, plan: Plan) -> ThumbTrainer:
    liked = sum(row["label"] for row in rows)
    config = KTOConfig(
        beta=plan.beta,
        loss_type="apo_zero_unpaired",  # KTO with its reference point at 0: no second completion need be read
        desirable_weight=_balance(len(rows) - liked, liked),
        undesirable_weight=_balance(liked, len(rows) - liked),
        **_common(run, plan, len(rows)),
    )
    data, collator = Dataset.from_list(rows), ThumbCollator(pad_token_id=tokenizer.eos_token_id)
    return ThumbTrainer(model, args=config, data_collator=collator, train_dataset=data, processing_class=tokenizer)


@torch.no_grad()
def reference(model: nn.Module, prompt: list[int], completions: Sequence[list[int]]) -> list[float]:
    """The log-probability of each whole completion, in nats, as the model stands."""
    return [float(one.sum()) for one in logprobs(model, prompt, completions)]


def _balance(other: int, own: int) -> float:
    """What evens out likes and dislikes, up to four to one (KTO, eq. 8)."""
    return min(max(2 * other / max(other + own, 1), 0.25), 1.0) if other else 1.0


def _common(run: Path, plan: Plan, rows: int) -> dict[str, Any]:
    """The settings of either trainer: one example at a time, so that nothing is padded; `batch` of them a step."""
    batch = max(1, min(plan.batch, rows))
    steps = max(1, round(plan.epochs * rows / batch))
    return {
        "output_dir": str(run),
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": batch,
        "max_steps": steps,
        "learning_rate": plan.rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": max(1, steps // 10),
        "max_grad_norm": 1.0,
        "max_length": None,
        "precompute_ref_log_probs": True,
        "remove_unused_columns": False,
        "activation_checkpointing": False,  # by its new name and its old one, which TRL sets
        "gradient_checkpointing": False,
        "bf16": False,
        "fp16": False,
        "use_cpu": plan.device == "cpu",
        "dataloader_pin_memory": plan.device != "cpu",
        "seed": plan.seed,
        "data_seed": plan.seed,
        "logging_steps": 1,
        "save_strategy": "steps",
        "save_steps": plan.save_every,
        "report_to": [],
        "disable_tqdm": True,
    }


def prompt_ids(tokenizer: Any, prompt: str, room: int) -> list[int]:
    """The newest `room` tokens of a prompt, as serving reads it; the end token stands in for an empty one."""
    ids: list[int] = tokenizer(prompt)["input_ids"] if prompt else []
    return ids[-max(room, 1) :] or [tokenizer.eos_token_id]


def completion_ids(tokenizer: Any, text: str, plan: Plan) -> list[int]:
    """A completion as the model wrote it: behind the prompt, without any mark of its own; empty for blank text."""
    if not text.strip():
        return []
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids[: plan.longest]
