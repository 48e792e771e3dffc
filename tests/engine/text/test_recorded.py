"""Steps that are recorded, and what is left of them when something moves (test_together has what they say)."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.ports import Sampling, TextRequest
from engine.text.gpt import Gpt
from engine.text.recorded import MOST, Graphs, Run
from tests.engine.text.tape import record, recording
from tests.engine.text.tiny import GPT2, make_llama, write
from tests.engine.voices import voice

GREEDY = Sampling(temperature=0)


def model(folder: Path, tmp_path: Path, device: str = "cpu") -> Gpt:
    shelf = {name: voice(folder, tmp_path / name, seed) for seed, name in enumerate("abc")}
    return Gpt(folder, device=device, dtype="float32", shelf=shelf.__getitem__)


class Counting:
    """Counts what is recorded, and what of it is played."""

    def __init__(self) -> None:
        self.recorded = self.played = 0

    def __call__(self, run: Run) -> Run:
        self.recorded += 1
        again = record(run)

        def counted() -> Tensor:
            self.played += 1
            return again()

        return counted


def said(gpt: Gpt, *names: str) -> list[str]:
    return [write(gpt, TextRequest("The king", 9, GREEDY, adapter=name))[0].text for name in names]


def test_a_shape_is_recorded_when_it_comes_again_and_played_from_then_on(tmp_path: Path) -> None:
    gpt = model(GPT2, tmp_path)
    plain = said(gpt, "", "a", "b", "a", "")
    count = Counting()
    recorded = recording(gpt, count)
    assert said(gpt, "", "a", "b", "a", "") == plain
    assert count.recorded == len(recorded.shapes) == 2  # with nobody's voice, and with a's and b's side by side
    assert count.played > 30
    everything = count.recorded
    assert said(gpt, "", "a", "b") == [plain[0], plain[1], plain[2]]
    assert count.recorded == everything


def test_what_moved_is_recorded_anew(tmp_path: Path) -> None:
    gpt = model(make_llama(tmp_path / "llama"), tmp_path)
    plain = said(gpt, "", "a", "b")
    drafts = write(gpt, TextRequest("The king", 9, Sampling(), seed=4, drafts=5, adapter="a"))
    recorded = recording(gpt, count := Counting())
    assert said(gpt, "", "a", "b") == plain
    for _ in range(3):  # the slab grows and shrinks
        assert write(gpt, TextRequest("The king", 9, Sampling(), seed=4, drafts=5, adapter="a")) == drafts
        assert said(gpt, "a", "", "b") == [plain[1], plain[0], plain[2]]
    before = count.recorded
    gpt._repertoire.drop("b")  # and comes back elsewhere
    assert said(gpt, "a", "b", "") == [plain[1], plain[2], plain[0]]
    assert before < count.recorded
    before, company = count.recorded, gpt._network.company  # type: ignore[attr-defined]
    together = company.voices
    company.voices = ("c",)  # others speak while nobody writes, and then the same again
    company.voices = (*together,)
    assert said(gpt, "a") == [plain[1]]
    assert before < count.recorded
    assert all(shape.voices in ((), together) for shape in recorded.shapes)
    assert all(shape.lies for shape in recorded.shapes)


def test_not_more_than_so_many_shapes_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gpt = model(GPT2, tmp_path)
    recorded = recording(gpt)
    network = gpt._network
    monkeypatch.setattr("engine.text.recorded.MOST", 2)
    for tokens in (5, 250, 400, 5):
        write(gpt, TextRequest("The king", tokens, Sampling(), seed=1))
        assert len(recorded.shapes) <= 2 < MOST
    assert network.recorded is recorded  # type: ignore[attr-defined]


def test_a_device_that_refuses_to_record_goes_on_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def refuses(run: Run) -> Run:
        raise RuntimeError("operation not permitted when stream is capturing")

    gpt = model(GPT2, tmp_path)
    plain = said(gpt, "", "a")
    recording(gpt, refuses)
    with caplog.at_level(logging.WARNING):
        assert said(gpt, "", "a", "a", "") == [*plain, *reversed(plain)]
    assert sum("records no steps" in line for line in caplog.messages) == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("make", [lambda folder: GPT2, make_llama], ids=["gpt2", "llama"])
def test_a_gpu_plays_what_it_recorded(make: Callable[[Path], Path], tmp_path: Path) -> None:
    gpt = model(make(tmp_path / "base"), tmp_path, device="cuda")
    recorded = gpt._network.recorded  # type: ignore[attr-defined]
    assert isinstance(recorded._record, Graphs)
    gpt._network.recorded = None  # type: ignore[attr-defined]
    plain = said(gpt, "", "a", "b")
    gpt._network.recorded = recorded  # type: ignore[attr-defined]
    for _ in range(3):
        assert said(gpt, "", "a", "b") == plain
    assert recorded._record is not None
