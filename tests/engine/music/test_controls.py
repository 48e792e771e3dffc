"""The controls of the table are shipped, small and loadable, and write."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.music.controls import FOLDER, load_controls
from engine.music.errors import NoWeights
from engine.music.limits import Effort, Limits
from engine.music.tokens import HOLD_ID, MASK_ID, VOCABULARY

LIMITS = Limits(((60, 81), (53, 76), (48, 69), (38, 64)))


def test_the_shipped_controls_write_windows_the_same_for_the_same_seed() -> None:
    torch.set_num_threads(1)
    assert all(path.stat().st_size < 3_700_000 for path in FOLDER.glob("*.safetensors"))
    ids = np.full((2, 4, 64), MASK_ID)
    ids[:, 0, 4] = HOLD_ID
    told = np.zeros((2, 7), np.int64), np.zeros((2, 16), np.int64)
    masked, one_shot = load_controls()
    for filler in (masked, one_shot):
        made, scores = filler.fill(ids, *told, LIMITS, Effort(), 1)
        assert made.shape == ids.shape
        assert made.max() < VOCABULARY
        assert scores.tolist() == [0, 0]
        assert (filler.fill(ids, *told, LIMITS, Effort(), 1)[0] == made).all()
        assert (filler.fill(ids, *told, LIMITS, Effort(), 2)[0] != made).any()
    assert (masked.fill(ids, *told, LIMITS, Effort(), 1)[0][:, 0, 4] == HOLD_ID).all()


@pytest.mark.parametrize("broken", ["cross_entropy", "one_shot"])
def test_a_missing_or_damaged_control_is_refused(tmp_path: Path, broken: str) -> None:
    for path in FOLDER.glob("*.safetensors"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / f"{broken}.safetensors").write_bytes(b"not weights")
    with pytest.raises(NoWeights, match="damaged"):
        load_controls(tmp_path)
    (tmp_path / f"{broken}.safetensors").unlink()
    with pytest.raises(NoWeights, match="missing"):
        load_controls(tmp_path)
