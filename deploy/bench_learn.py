"""`ghostnote bench learn`: a step of preference training against a plain TRL script, on the same pairs (T).

The peer is what TRL's documentation shows: DPOTrainer with PEFT's LoRA of the same rank on the same layers, the base in
bfloat16, batches of eight, the reference asked by switching the adapter off. Ours and theirs take turns, in one
process with the same threads, and medians are compared.
"""

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from adapters import bases, lora
from adapters.judge import NEUTRAL
from adapters.prefer import Plan, completion_ids, reference
from adapters.trainers import PairCollator, PairTrainer
from deploy.bench import Line
from deploy.bench_music import machine
from deploy.bench_rounds import WARM_UP, Keep, Results, rounds

PAIRS, BATCH, RANK = 300, 8, 8
_PLAIN: dict[str, Any] = {
    "use_cpu": True,
    "report_to": [],
    "bf16": False,
    "remove_unused_columns": False,
    "max_length": None,
    "activation_checkpointing": False,
    "gradient_checkpointing": False,
    "disable_tqdm": True,
}

Rows = list[dict[str, Any]]


def learn(
    folder: Path, name: str, runs: int, threads: int, report: Callable[[int, int], None], keep: Keep | None = None
) -> Results:
    """Measure steps of eight pairs of about 200 tokens on the base in `folder`; JSON-able."""
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TRL calls a few things by names that transformers has changed
        ours, rows, looking = _ours(folder, Path(scratch))
        theirs = _theirs(folder, Path(scratch), rows)
        taken: dict[str, list[float]] = {"ours": [], "trl": []}

        def so_far(done: int) -> Results:
            kind = str(next(ours.model.parameters()).dtype).removeprefix("torch.")
            return {
                "bench": "learn",
                "model": name,
                "machine": machine() | {"type": kind},
                "settings": {"runs": runs, "rank": RANK, "batch": BATCH},
                "rounds": done,
                "lines": [{**asdict(line), "met": line.met} for line in _lines(taken, rows, looking)],
                "runs": taken,
            }

        for number in rounds(runs, so_far, keep):
            taken["ours"].append(_step(ours, [[row] for row in rows]))
            taken["trl"].append(_step(theirs, [rows]))
            report(number + 1, WARM_UP + runs)
    return so_far(runs)


def _lines(taken: Mapping[str, Sequence[float]], rows: Rows, looking: float) -> list[Line]:
    mine, peer = (statistics.median(taken[who][WARM_UP:]) for who in ("ours", "trl"))
    tokens = sum(2 * len(row["prompt_ids"]) + len(row["chosen_ids"]) + len(row["rejected_ids"]) for row in rows)
    return [
        Line("tokens of a pair, prompt counted twice", tokens / BATCH),
        Line("our step of 8 pairs: s", mine),
        Line("plain TRL's step of 8 pairs: s", peer),
        Line("steps, ours to plain TRL's", peer / mine, ">= 1"),
        Line("300 pairs, reference and one epoch: minutes", PAIRS / BATCH * (mine + looking) / 60, "< 20"),
    ]


def _ours(folder: Path, scratch: Path) -> tuple[PairTrainer, Rows, float]:
    """Our trainer, eight pairs in tokens, and the seconds it took to ask the reference about them."""
    model: Any
    model, tokenizer = bases.load(folder)
    lora.insert(model, RANK, 2.0 * RANK)
    rows = _tokens(tokenizer)
    begun = time.perf_counter()
    for row in rows:
        known = reference(model, row["prompt_ids"], [row["chosen_ids"], row["rejected_ids"]])
        row.update(ref_chosen_logps=known[0], ref_rejected_logps=known[1], weight=1.0)
    looking = time.perf_counter() - begun
    config = DPOConfig(output_dir=str(scratch / "ours"), precompute_ref_log_probs=True, **_PLAIN)
    collator, data = PairCollator(pad_token_id=tokenizer.eos_token_id), Dataset.from_list(rows)
    trainer = PairTrainer(model, args=config, data_collator=collator, train_dataset=data, processing_class=tokenizer)
    return trainer, rows, looking


def _theirs(folder: Path, scratch: Path, rows: Rows) -> DPOTrainer:
    kinds: Any = AutoModelForCausalLM
    model = kinds.from_pretrained(folder, dtype="auto", use_safetensors=True)
    _, tokenizer = bases.load(folder)
    names = sorted({name.rpartition(".")[2] for name in lora.targets(model)})
    adapter = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=names, fan_in_fan_out="c_attn" in names)
    plain = [{key: row[key] for key in ("prompt_ids", "chosen_ids", "rejected_ids")} for row in rows]
    texts = [{key.removesuffix("_ids"): tokenizer.decode(ids) for key, ids in row.items()} for row in plain]
    config = DPOConfig(output_dir=str(scratch / "trl"), per_device_train_batch_size=BATCH, **_PLAIN)
    return DPOTrainer(
        model, args=config, train_dataset=Dataset.from_list(texts), processing_class=tokenizer, peft_config=adapter
    )


def _step(trainer: Any, batches: list[Rows]) -> float:
    """Seconds for the loss and the gradients of these batches, together one step of the optimizer."""
    trainer.model.train()
    begun = time.perf_counter()
    for rows in batches:
        trainer.compute_loss(trainer.model, trainer.data_collator(rows)).backward()
    taken = time.perf_counter() - begun
    trainer.model.zero_grad(set_to_none=True)
    return taken


def _tokens(tokenizer: Any) -> Rows:
    """Eight pairs out of the neutral passages: a shared beginning, and two ends of different lengths."""
    passages = NEUTRAL.read_text(encoding="utf-8").split("\n\n\n")
    ids = [completion_ids(tokenizer, passage, Plan()) for passage in passages]
    return [
        {"prompt_ids": ids[at][:45], "chosen_ids": ids[at][45:110], "rejected_ids": ids[at + 1][20 : 70 + 5 * at]}
        for at in range(BATCH)
    ]
