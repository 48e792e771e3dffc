"""As far as fluency allows: points between two adapters, and the farthest one that still writes like the live voice."""

from pathlib import Path

import pytest
import torch

from adapters import files, lora, taste
from adapters.bases import load
from adapters.examples import Examples, Pair
from adapters.judge import Judge, Trial
from adapters.manifest import BadAdapter
from adapters.prefer import Plan
from adapters.restraint import SHARES, between, steps
from tests.engine.text.tiny import GPT2
from tests.engine.voices import voice

LIKED = " He came to the old house. It was dark, and the wind was in the trees."
HELD = Examples((Pair("A king\n\n", LIKED, " No.", 1.0, "c", ("ann",), "story", "pick", ""),) * 4)
NEUTRAL = ["There was once a king who had a forest, and in it there lived many wild animals of every kind."]


@pytest.fixture
def ends(tmp_path: Path) -> tuple[Path, Path]:
    """Two adapters: one that hardly changes anything, and one that makes the model babble."""
    return voice(GPT2, tmp_path / "near", 1, loud=0.01), voice(GPT2, tmp_path / "far", 1, loud=1.5)


def judging(candidate: Path) -> Judge:
    """A judge of fluency alone: nobody is asked to write."""
    trial = Trial(GPT2, None, candidate, HELD, HELD)
    guess = taste.fit(HELD)
    return Judge(trial, guess, guess, lambda *_: [], lambda _: True, Plan(), NEUTRAL)


def test_the_way_from_one_to_the_other(ends: tuple[Path, Path], tmp_path: Path) -> None:
    near, far = (files.read(end).matrices for end in ends)
    for share, expected in ((0.0, near), (1.0, far)):
        between(*ends, share, tmp_path / "at")
        at = files.read(tmp_path / "at")
        assert all(torch.equal(a, expected[name][0]) for name, (a, _) in at.matrices.items())
        assert all(torch.equal(b, expected[name][1]) for name, (_, b) in at.matrices.items())
    between(None, ends[1], 0.25, tmp_path / "at")
    at = files.read(tmp_path / "at")
    for name, (a, b) in at.matrices.items():
        assert torch.equal(a, far[name][0])
        assert torch.allclose(b, far[name][1] / 4, atol=1e-3)
    lora.load(load(GPT2, "cpu")[0], tmp_path / "at")  # it is still made for this base


def test_what_began_elsewhere_has_no_way_to_be_gone(ends: tuple[Path, Path], tmp_path: Path) -> None:
    model = load(GPT2, "cpu")[0]
    lora.insert(model, rank=3, alpha=3.0)
    lora.save(model, tmp_path / "other", "tiny")
    with pytest.raises(BadAdapter, match="has changed"):
        between(tmp_path / "other", ends[0], 0.5, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_it_goes_as_far_as_it_stays_fluent(ends: tuple[Path, Path], tmp_path: Path) -> None:
    near, far = ends
    found = list(steps(judging(near)))
    assert found[0] == (near, 1.0)
    assert [share for _, share in found] == list(SHARES)
    middle = voice(GPT2, tmp_path / "middle", 1, loud=0.6)
    folder, share = next(steps(judging(middle)))
    assert 0 < share < 1
    assert folder != middle
    assert files.read(folder).base == files.read(middle).base
    wild = voice(GPT2, tmp_path / "wild", 1, loud=8.0)
    assert list(steps(judging(wild))) == [(wild, 1.0)]  # for the judge to refuse
    assert 0 < next(steps(judging(far)))[1] < 1
