"""The style matrix: a voice that learnt one song is better at it than the base, and the base is left as it was."""

from pathlib import Path

import torch

from adapters import lora, matrix, passages
from adapters.loss import piece_loss
from adapters.passages import Passage
from tests.adapters import models

SONG = "the cat sat on the mat and the rat sat on the cat"


def test_a_voice_is_best_on_its_own_style(tmp_path: Path) -> None:
    model, tokenizer = models.llama(), models.tokenizer()
    torch.manual_seed(1)
    lora.insert(model, 8, 16.0)
    learning = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=3e-2)
    ids = torch.tensor([tokenizer(SONG)["input_ids"]])
    for _ in range(60):
        piece_loss(model, ids[:, :-1], ids[:, 1:]).backward()  # type: ignore[no-untyped-call]
        learning.step()
        learning.zero_grad()
    lora.save(model, tmp_path / "song", "tiny")
    held = {
        "song": [Passage("", SONG, False, "", "", "test")],
        "list": [Passage("", "XYZ;QVW:JKX", False, "", "", "test")],
    }
    table = matrix.matrix(model, tokenizer, held, {"song": tmp_path / "song"})
    assert table["song"]["song"] < 0.9 * table["base"]["song"]
    assert table["song"]["song"] < table["song"]["list"]
    assert not list(lora.layers(model))


def test_held_out_passages_are_test_passages_spread_over_the_corpus(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    rows = [Passage("", str(at), False, "", "", "test" if at % 2 else "train") for at in range(40)]
    passages.write(path, rows)
    assert [row.text for row in matrix.held_out(path, 4)] == ["1", "11", "21", "31"]
    assert len(matrix.held_out(path, 100)) == 20
