"""A preference run on small real bases: TRL's own numbers, learning, resuming, weights, and a voice that is served."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file
from transformers import AutoTokenizer
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from adapters import bases, lora
from adapters.examples import Examples, Pair, Thumb
from adapters.files import WEIGHTS
from adapters.manifest import BadAdapter
from adapters.prefer import Plan, completion_ids, prefer, prompt_ids, reference
from adapters.trainers import PairTrainer
from engine.text.gpt import Gpt
from tests.engine.text.tiny import GPT2, make_llama

PLAN = Plan(rate=2e-3, epochs=3, batch=4, save_every=2)


class Killed(Exception):
    pass


def quiet(stage: str, step: int, steps: int, loss: float) -> None:
    assert 0 < step <= steps
    assert stage in ("pairs", "thumbs")
    assert math.isfinite(loss)


def pairs(count: int, weight: float = 1.0, *, inverted: bool = False) -> tuple[Pair, ...]:
    """The sea is liked, the house is not."""
    found = []
    for at in range(count):
        sea = f" the ship went over the sea to the {at % 3 * 'far '}island, and the waves were high"
        house = f" the old woman sat in her {at % 4 * 'little '}house by the fire and said nothing"
        chosen, rejected = (house, sea) if inverted else (sea, house)
        found.append(Pair("Once upon a time", chosen, rejected, weight, f"c{at}", ("ann",), "story", "vote", ""))
    return tuple(found)


def margin(base: Path, folder: Path | None, probe: tuple[Pair, ...]) -> float:
    model, tokenizer = bases.load(base)
    if folder:
        lora.load(model, folder)
    total = 0.0
    for one in probe:
        texts = [completion_ids(tokenizer, text, PLAN) for text in (one.chosen, one.rejected)]
        yes, no = reference(model, prompt_ids(tokenizer, one.prompt, 100), texts)
        total += yes - no
    return total / len(probe)


@pytest.fixture(scope="module")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("llama"))


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_what_is_liked_becomes_likelier_and_the_voice_is_served(kind: str, llama_folder: Path, tmp_path: Path) -> None:
    base = GPT2 if kind == "gpt2" else llama_folder
    thumbs = tuple(Thumb(one.prompt, text, liked, 1.0, one.conversation, ("ann",), "story", "")
                   for one in pairs(4) for text, liked in ((one.chosen, True), (one.rejected, False)))  # fmt: skip
    folder = prefer(base, None, Examples(pairs(8), thumbs), tmp_path / "run", PLAN, quiet, name="tiny")
    assert margin(base, folder, pairs(4)) > margin(base, None, pairs(4)) + 1
    Gpt(base, "tiny", device="cpu", dtype="float32", shelf=lambda _: folder).prepare("sea@1")


def test_lone_thumbs_alone_teach_too(tmp_path: Path) -> None:
    thumbs = tuple(Thumb(one.prompt, text, liked, 1.0, one.conversation, ("ann",), "story", "")
                   for one in pairs(8) for text, liked in ((one.chosen, True), (one.rejected, False)))  # fmt: skip
    folder = prefer(GPT2, None, Examples((), thumbs), tmp_path / "run", PLAN, quiet)
    assert margin(GPT2, folder, pairs(4)) > margin(GPT2, None, pairs(4)) + 1


def test_a_killed_run_goes_on_where_it_was_and_ends_with_the_same_weights(tmp_path: Path) -> None:
    thumbs = tuple(Thumb(one.prompt, one.chosen, at % 2 == 0, 1.0, one.conversation, ("a",), "story", "")
                   for at, one in enumerate(pairs(6)))  # fmt: skip
    examples = Examples(pairs(8), thumbs)
    whole = prefer(GPT2, None, examples, tmp_path / "whole", PLAN, quiet)
    for stage, at in (("pairs", 3), ("thumbs", 3)):

        def dying(now: str, step: int, steps: int, loss: float, stage: str = stage, at: int = at) -> None:
            if (now, step) == (stage, at):
                raise Killed

        with pytest.raises(Killed):
            prefer(GPT2, None, examples, tmp_path / "cut", PLAN, dying)
    resumed = prefer(GPT2, None, examples, tmp_path / "cut", PLAN, quiet)
    one, other = load_file(whole / WEIGHTS), load_file(resumed / WEIGHTS)
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], atol=1e-5, rtol=1e-3)


def test_a_heavier_vote_pulls_harder(tmp_path: Path) -> None:
    mixed = [(*pairs(4, 1.0), *pairs(4, other, inverted=True)) for other in (0.1, 10.0)]
    light, heavy = (
        margin(GPT2, prefer(GPT2, None, Examples(some), tmp_path / str(at), PLAN, quiet), pairs(4))
        for at, some in enumerate(mixed)
    )
    assert light > margin(GPT2, None, pairs(4)) > heavy


def test_the_loss_is_trls(tmp_path: Path) -> None:
    """Plain DPOTrainer on the same tokens: the same loss and reward margin before and after the adapter moved."""
    torch.manual_seed(1)
    tokenizer = AutoTokenizer.from_pretrained(GPT2)
    rows = []
    model, _ = bases.load(GPT2)
    lora.insert(model, 4, 8.0)
    for one in pairs(2):
        chosen, rejected = (completion_ids(tokenizer, text, PLAN) for text in (one.chosen, one.rejected))
        prompt = prompt_ids(tokenizer, one.prompt, 100)
        before = reference(model, prompt, [chosen, rejected])
        rows.append({"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected,
                     "ref_chosen_logps": before[0], "ref_rejected_logps": before[1]})  # fmt: skip
    for layer in dict(lora.layers(model)).values():
        torch.nn.init.normal_(layer.lora_b, std=0.3)
    config = DPOConfig(output_dir=str(tmp_path), per_device_train_batch_size=2, use_cpu=True, report_to=[], bf16=False,
                       precompute_ref_log_probs=True, remove_unused_columns=False, activation_checkpointing=False,
                       gradient_checkpointing=False, max_length=None)  # fmt: skip
    trainer: Any = PairTrainer(
        cast(Any, model), args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
    )
    batch = trainer.data_collator([{**row, "weight": 1.0} for row in rows])
    theirs: Any = DPOTrainer
    plain = theirs._compute_loss(trainer, model, dict(batch), False)
    ours = PairTrainer._compute_loss(trainer, model, {**batch, "weight": torch.ones(2)}, False)
    assert abs(float(plain.detach()) - 0.6931) > 0.05
    torch.testing.assert_close(ours, plain, atol=1e-4, rtol=1e-4)


def test_nothing_to_learn_and_a_missing_base_are_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to learn"):
        prefer(GPT2, None, Examples(), tmp_path / "run", PLAN, quiet)
    with pytest.raises(BadAdapter, match="cannot be loaded"):
        prefer(tmp_path / "nowhere", None, Examples(pairs(2)), tmp_path / "run", PLAN, quiet)
    blank = tuple(replace(one, chosen=" ", rejected="\n") for one in pairs(3))
    with pytest.raises(ValueError, match="nothing to learn"):
        prefer(GPT2, None, Examples(blank), tmp_path / "run", PLAN, quiet)
