"""Several voices made into one: their mean where there is room for it, and the best of it where there is not."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapters import files, lora
from adapters.bases import load
from adapters.manifest import BadAdapter
from adapters.soup import stir
from tests.adapters import models
from tests.engine.text.tiny import GPT2
from tests.engine.voices import voice


def change(folder: Path) -> dict[str, Tensor]:
    return {name: b @ a for name, (a, b) in files.read(folder).pairs().items()}


def test_with_room_it_is_the_mean_and_without_it_the_nearest_that_fits(tmp_path: Path) -> None:
    voices = [voice(GPT2, tmp_path / str(seed), seed, loud=0.5) for seed in (1, 2, 3)]
    ranks = stir(voices, 1 / 3, tmp_path / "whole", most=100_000_000)
    assert set(ranks.values()) == {6}
    whole, each = change(tmp_path / "whole"), [change(one) for one in voices]
    for name, delta in whole.items():
        mean = sum((one[name] for one in each), torch.zeros_like(delta)) / 3
        assert torch.allclose(delta, mean, atol=2e-3 * float(mean.abs().max()) + 1e-4)
    lora.load(load(GPT2, "cpu")[0], tmp_path / "whole")
    size = (tmp_path / "whole" / files.WEIGHTS).stat().st_size
    ranks = stir(voices, 1 / 3, tmp_path / "cut", most=size // 2)
    assert (tmp_path / "cut" / files.WEIGHTS).stat().st_size < size * 0.6
    assert min(ranks.values()) >= 1
    assert len(set(ranks.values())) > 1
    cut = change(tmp_path / "cut")
    for name, delta in whole.items():
        kept = torch.linalg.svdvals(delta)[ranks[name] :].square().sum()  # Eckart and Young: no nearer one of that rank
        assert torch.allclose((cut[name] - delta).square().sum(), kept, rtol=0.05, atol=1e-4)


def test_voices_of_different_bases_make_none(tmp_path: Path) -> None:
    other = models.base_folder(tmp_path / "llama", models.llama())
    with pytest.raises(BadAdapter, match="different bases"):
        stir([voice(GPT2, tmp_path / "a", 1), voice(other, tmp_path / "b", 1)], 0.5, tmp_path / "none")
    assert not (tmp_path / "none").exists()
