"""LoRA in both kinds of base: it starts as nothing, survives the disk, PEFT reads it, and misfits are refused."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor, nn

from adapters import files, lora
from adapters.manifest import MOST_BYTES, BadAdapter
from tests.adapters import models

Make = Callable[[], Any]
BASES = [pytest.param(models.llama, id="llama"), pytest.param(models.gpt2, id="gpt2")]
IDS = torch.arange(2, 22).reshape(2, 10)


def logits(model: nn.Module) -> Tensor:
    with torch.inference_mode():
        answer: Tensor = model(input_ids=IDS).logits
    return answer


def trained(model: nn.Module, seed: int = 5) -> nn.Module:
    """The model with an adapter that changes something."""
    torch.manual_seed(seed)
    for layer in lora.insert(model, rank=3, alpha=6.0).values():
        nn.init.normal_(layer.lora_b, std=0.2)
    return model


@pytest.mark.parametrize("make", BASES)
def test_a_fresh_adapter_changes_nothing_and_only_it_learns(make: Make) -> None:
    model = make()
    before = logits(model)
    names = set(lora.insert(model, rank=3, alpha=6.0))
    assert torch.equal(logits(model), before)
    assert {name for name, weight in model.named_parameters() if weight.requires_grad} == {
        f"{name}.{part}" for name in names for part in ("lora_a", "lora_b")
    }
    assert not any("lm_head" in name for name in names)


@pytest.mark.parametrize("make", BASES)
def test_saved_and_loaded_it_speaks_the_same(make: Make, tmp_path: Path) -> None:
    model = trained(make())
    lora.save(model, tmp_path, "tiny")
    expected = logits(model)
    other = make()
    assert not torch.allclose(logits(other), expected, atol=1e-2)
    adapter = lora.load(other, tmp_path)
    assert torch.allclose(logits(other), expected, atol=1e-2)
    assert adapter.base == "tiny"
    assert set(adapter.scales.values()) == {2.0}


def test_the_same_adapter_is_the_same_bytes(tmp_path: Path) -> None:
    model = trained(models.gpt2())
    for at in range(20):
        lora.save(model, tmp_path / str(at), "tiny")
    assert len({(tmp_path / str(at) / files.WEIGHTS).read_bytes() for at in range(20)}) == 1


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT's own call, not ours
@pytest.mark.parametrize("make", BASES)
def test_peft_itself_reads_the_files_and_agrees(make: Make, tmp_path: Path) -> None:
    model = trained(make())
    lora.save(model, tmp_path, "tiny")
    ours = make()
    lora.load(ours, tmp_path)
    theirs = PeftModel.from_pretrained(make(), str(tmp_path))
    assert torch.allclose(logits(ours), logits(theirs), atol=1e-4)


@pytest.mark.parametrize("make", BASES)
def test_removed_the_base_is_what_it_was(make: Make) -> None:
    model = make()
    before = logits(model)
    trained(model)
    assert not torch.equal(logits(model), before)
    lora.remove(model)
    assert torch.equal(logits(model), before)
    assert not list(lora.layers(model))


def test_loading_replaces_the_voice_that_was_in(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 6)):
        lora.save(trained(models.llama(), seed), tmp_path / name, "tiny")
    alone, after = models.llama(), models.llama()
    lora.load(alone, tmp_path / "two")
    lora.load(after, tmp_path / "one")
    lora.load(after, tmp_path / "two")
    assert torch.equal(logits(alone), logits(after))


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (models.gpt2, "no layer"),
        (lambda: models.llama(hidden=64), "sizes"),
        (lambda: models.llama(seed=9), "same shape"),
    ],
    ids=["another kind", "another size", "other weights"],
)
def test_an_adapter_for_another_base_is_refused_and_nothing_changes(other: Make, reason: str, tmp_path: Path) -> None:
    lora.save(trained(models.llama()), tmp_path, "tiny")
    model = other()
    before = logits(model)
    with pytest.raises(BadAdapter, match=reason):
        lora.load(model, tmp_path)
    assert torch.equal(logits(model), before)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    model = trained(models.llama())
    next(lora.layers(model))[1].lora_b.data[0, 0] = float("nan")
    lora.save(model, tmp_path, "tiny")
    with pytest.raises(BadAdapter, match="finite"):
        lora.load(models.llama(), tmp_path)


def pickled(folder: Path) -> None:
    (folder / files.WEIGHTS).write_bytes(pickle.dumps({"weights": [1.0]}))


def cut_short(folder: Path) -> None:
    weights = (folder / files.WEIGHTS).read_bytes()
    (folder / files.WEIGHTS).write_bytes(weights[: len(weights) // 2])


def without_weights(folder: Path) -> None:
    (folder / files.WEIGHTS).unlink()


def not_json(folder: Path) -> None:
    (folder / files.CONFIG).write_text("{", encoding="utf-8")


def another_method(folder: Path) -> None:
    (folder / files.CONFIG).write_text(json.dumps({"peft_type": "IA3"}), encoding="utf-8")


def without_rank(folder: Path) -> None:
    (folder / files.CONFIG).write_text(json.dumps({"peft_type": "LORA"}), encoding="utf-8")


@pytest.mark.parametrize("harm", [pickled, cut_short, without_weights, not_json, another_method, without_rank])
def test_harmed_files_are_refused_with_one_sentence(harm: Callable[[Path], None], tmp_path: Path) -> None:
    lora.save(trained(models.llama()), tmp_path, "tiny")
    harm(tmp_path)
    with pytest.raises(BadAdapter) as refusal:
        files.read(tmp_path)
    assert "\n" not in str(refusal.value)


def test_a_pickled_file_is_named_as_the_reason(tmp_path: Path) -> None:
    lora.save(trained(models.llama()), tmp_path, "tiny")
    (tmp_path / files.WEIGHTS).rename(tmp_path / "adapter_model.bin")
    with pytest.raises(BadAdapter, match="pickled"):
        files.read(tmp_path)


def test_a_huge_file_is_not_opened(tmp_path: Path) -> None:
    lora.save(trained(models.llama()), tmp_path, "tiny")
    with (tmp_path / files.WEIGHTS).open("r+b") as file:
        file.truncate(MOST_BYTES + 1)  # sparse: it takes no room
    with pytest.raises(BadAdapter, match="larger than 512 MB"):
        files.read(tmp_path)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT's own call, not ours
@pytest.mark.parametrize("make", BASES)
@pytest.mark.parametrize("rslora", [False, True])
def test_ranks_and_alphas_of_single_layers_are_read_as_peft_means_them(
    make: Make, rslora: bool, tmp_path: Path
) -> None:
    kind = "c_attn" if make is models.gpt2 else "q_proj"
    wide = "c_fc" if make is models.gpt2 else "up_proj"
    config = LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules=[kind, wide],
        rank_pattern={wide: 2},
        alpha_pattern={kind: 24},
        use_rslora=rslora,
        fan_in_fan_out=make is models.gpt2,
        init_lora_weights=False,
    )
    theirs = get_peft_model(make(), config)
    expected = logits(theirs)
    theirs.save_pretrained(str(tmp_path))
    ours = make()
    lora.load(ours, tmp_path)
    assert torch.allclose(logits(ours), expected, atol=1e-4)
    lora.save(ours, tmp_path / "again", "tiny")
    lora.load(ours, tmp_path / "again")
    assert torch.allclose(logits(ours), expected, atol=3e-2)
    reread = PeftModel.from_pretrained(make(), str(tmp_path / "again"))
    assert torch.allclose(logits(ours), logits(reread), atol=1e-4)
