"""Training on a real, tiny base: what carries loss, that the run learns, and that a killed one resumes exactly."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional

from adapters import files, lora, passages
from adapters.checkpoints import TRAINER, last_checkpoint
from adapters.loss import IGNORE, bits_per_character, piece_loss
from adapters.passages import Passage
from adapters.rows import Coded, Plan, batches, encode, packed, rate_at, tensors
from adapters.train import train
from tests.adapters import models

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT asks for it

PLAN = Plan(rank=8, alpha=16.0, rate=3e-2, steps=100, warmup=2, batch=2, width=48, save_every=10, compiled=0)


def passage(text: str, prompt: str = "", *, ends: bool = False, split: str = "train") -> Passage:
    return Passage(prompt, text, ends, "nobody", "nothing", split)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "song.jsonl"
    rows = [passage("the cat sat on the mat and the rat sat on the cat", "A song: cats\n\n", ends=True)] * 12
    held = [passage("the rat sat on the mat", split="valid"), passage("the cat sat on the rat", split="test")]
    passages.write(path, [*rows, *held])
    return path


def test_only_the_piece_and_the_end_carry_loss() -> None:
    tokenizer = models.tokenizer()
    (row,) = encode([passage("ab", "A: x\n\n", ends=True)], tokenizer, width=32)
    assert tokenizer.convert_ids_to_tokens(row.tokens)[-3:] == ["a", "b", "<end>"]
    _, labels = tensors([row], width=16)
    assert labels[0][labels[0] != IGNORE].tolist() == row.tokens[-3:]


def test_a_passage_that_goes_on_does_not_teach_to_stop() -> None:
    tokenizer = models.tokenizer()
    (row,) = encode([passage("ab")], tokenizer, width=32)
    assert tokenizer.eos_token_id not in row.tokens


def test_long_rows_lose_their_end_but_endings_lose_their_beginning() -> None:
    tokenizer = models.tokenizer()
    open_row, closed = encode([passage("abcdef"), passage("abcdef", ends=True)], tokenizer, width=4)
    assert tokenizer.convert_ids_to_tokens(open_row.tokens) == ["a", "b", "c", "d"]
    assert tokenizer.convert_ids_to_tokens(closed.tokens) == ["d", "e", "f", "<end>"]


def test_short_rows_share_a_row_while_they_fit() -> None:
    rows = [Coded([1] * size, [True] * size) for size in (3, 4, 5, 2)]
    assert [len(row.tokens) for row in packed(rows, width=8)] == [7, 7]


def test_the_order_depends_on_the_seed_alone() -> None:
    rows = [Coded([at] * 40, [True] * 40) for at in range(20)]

    def first(plan: Plan) -> list[list[int]]:
        feed = batches(rows, plan)
        return [[row.tokens[0] for row in next(feed)] for _ in range(25)]

    assert first(PLAN) == first(PLAN)
    assert first(PLAN) != first(replace(PLAN, seed=2))
    assert sorted(at for batch in first(PLAN)[:10] for at in batch) == list(range(20))


def test_the_rate_rises_stays_and_falls_to_nearly_nothing() -> None:
    rates = [rate_at(step, PLAN) for step in range(PLAN.steps)]
    assert rates[0] < rates[1] == rates[10] == PLAN.rate
    assert all(later <= earlier for earlier, later in pairwise(rates[10:]))
    assert rates[-1] < PLAN.rate / 10


@pytest.mark.parametrize("make", [models.llama, models.gpt2])
def test_the_sliced_loss_and_its_gradient_are_those_of_cross_entropy(make: models.Make) -> None:
    model = make()
    added = next(iter(lora.insert(model, 2, 4.0).values()))
    ids = torch.randint(2, 40, (3, 20))
    labels = torch.roll(ids, -1, 1)
    labels[:, -5:] = IGNORE
    ours = piece_loss(model, ids, labels)
    ours.backward()  # type: ignore[no-untyped-call]
    gradient = added.lora_b.grad
    added.lora_b.grad = None
    theirs = functional.cross_entropy(model(input_ids=ids).logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORE)
    theirs.backward()  # type: ignore[no-untyped-call]
    assert gradient is not None
    assert added.lora_b.grad is not None
    assert torch.allclose(ours, theirs, atol=1e-4)
    assert torch.allclose(gradient, added.lora_b.grad, atol=1e-5)


def test_bits_per_character_of_a_model_that_knows_nothing() -> None:
    model = models.llama()
    with torch.no_grad():
        model.lm_head.weight.zero_()
    bits = bits_per_character(model, models.tokenizer(), [passage("b" * 101)])
    assert bits == pytest.approx(100 / 101 * torch.tensor(float(model.config.vocab_size)).log2().item(), rel=1e-4)


@pytest.mark.parametrize("make", [models.llama, models.gpt2])
def test_a_run_teaches_the_style_and_leaves_a_voice(make: models.Make, corpus: Path, tmp_path: Path) -> None:
    base = models.base_folder(tmp_path / "base", make())
    run = tmp_path / "run"
    measures = train(base, corpus, run, PLAN, "tiny")
    assert measures["test_bits"] < 0.9 * measures["test_bits_base"]
    assert measures["valid_bits"] < 0.9 * measures["valid_bits_base"]
    assert lora.load(make(), run / "adapter").base == "tiny"
    assert json.loads((run / "report.json").read_text())["plan"]["seed"] == PLAN.seed


@pytest.mark.parametrize("make", [models.llama, models.gpt2])
@pytest.mark.parametrize(("method", "rate"), [("lora", 3e-2), ("adalora", 3e-2), ("full", 3e-3)])
def test_a_killed_run_ends_where_an_unbroken_one_does(
    make: models.Make, method: str, rate: float, corpus: Path, tmp_path: Path
) -> None:
    base = models.base_folder(tmp_path / "base", make())
    plan = replace(PLAN, method=method, rate=rate, steps=60)
    whole = train(base, corpus, tmp_path / "whole", plan)
    broken = tmp_path / "broken"
    assert train(base, corpus, broken, plan, stop_after=25) == {}
    assert not (broken / "report.json").exists()
    resumed = train(base, corpus, broken, plan)
    assert resumed == whole
    assert whole["test_perplexity"] < 0.7 * whole["test_perplexity_base"]
    made = "model/model.safetensors" if method == "full" else f"adapter/{files.WEIGHTS}"
    one, other = (load_file(tmp_path / run / made) for run in ("whole", "broken"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_adalora_moves_ranks_and_leaves_a_plain_adapter(corpus: Path, tmp_path: Path) -> None:
    base = models.base_folder(tmp_path / "base", models.llama())
    measures = train(base, corpus, tmp_path / "run", replace(PLAN, method="adalora", rank=4))
    adapter = files.read(tmp_path / "run" / "adapter")
    ranks = [a.shape[0] for a, _ in adapter.matrices.values()]
    assert len(set(ranks)) > 1
    assert sum(ranks) <= 4 * 14  # two blocks of seven layers, four each on the average
    model = models.llama()
    lora.load(model, tmp_path / "run" / "adapter")
    spoken = bits_per_character(model, models.tokenizer(), [passage("the cat sat on the rat")])
    assert spoken == pytest.approx(measures["test_bits"], rel=0.02)  # what serving reads is what was trained


def test_a_checkpoint_that_was_not_written_to_its_end_is_not_gone_on_from(corpus: Path, tmp_path: Path) -> None:
    base = models.base_folder(tmp_path / "base", models.llama())
    train(base, corpus, tmp_path, PLAN, stop_after=20)
    found = last_checkpoint(tmp_path / "steps")
    assert found is not None
    assert found.name == "checkpoint-20"
    (found / TRAINER).write_text("{", encoding="utf-8")
    assert last_checkpoint(tmp_path / "steps") is None


def test_a_corpus_of_less_than_a_batch_is_refused(tmp_path: Path) -> None:
    base = models.base_folder(tmp_path / "base", models.llama())
    passages.write(tmp_path / "c.jsonl", [passage("the cat")])
    with pytest.raises(ValueError, match="less than one batch"):
        train(base, tmp_path / "c.jsonl", tmp_path / "run", PLAN)
