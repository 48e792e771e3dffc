"""Weights of eight bits and the compiled step: they say what the wide ones say, as nearly as rounding lets them."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import GeneratorFailed
from engine.ports import Sampling, TextRequest
from engine.text import compact, kernels, stages, tiles
from engine.text import gpt as gpt_module
from engine.text.gpt import Gpt
from engine.text.network import Part
from engine.text.tiles import GROUP, WIDE
from tests.engine.text.tiny import GPT2, make_llama, make_wide_llama, write
from tests.engine.voices import voice

TEXT = (Path(__file__).parents[3] / "adapters" / "neutral.txt").read_text(encoding="utf-8")
RANKS = {"a": 2, "b": 20}  # the compiled step takes sixteen at a time
READ = 16  # tokens that are read; the others are written


def test_numba_is_told_when_what_it_compiles_changes() -> None:
    sources = b"".join(Path(str(module.__file__)).read_bytes() for module in (tiles, kernels))
    assert hashlib.sha256(sources).hexdigest()[:8] == stages.SOURCES, "put the new hash into stages.SOURCES"


@pytest.fixture(scope="module", params=["gpt2", 32, 64, 128])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained GPT-2, and Llamas with heads so wide."""
    return GPT2 if request.param == "gpt2" else make_wide_llama(tmp_path_factory.mktemp("llama"), request.param)


@torch.inference_mode()
def surprise(gpt: Gpt, rows: Sequence[Sequence[int]], adapter: str = "") -> list[float]:
    """Nats of every token after the first `READ`, which are read; the others are handed to the writing path."""
    network = gpt._network
    if adapter:
        gpt.prepare(adapter)
    memories = [network.open(list(row[:READ]), len(row), adapter) for row in rows]
    network.forward([Part(m, adapter, row[:READ], reads=True) for m, row in zip(memories, rows, strict=True)])
    for memory in memories:
        memory.count(READ)
        memory.spread(1)
    found = []
    for at in range(READ, len(rows[0]) - 1):
        parts = [Part(m, adapter, [row[at]], reads=False) for m, row in zip(memories, rows, strict=True)]
        told = network.forward(parts).log_softmax(-1)
        found += [-float(told[number, row[at + 1]]) for number, row in enumerate(rows)]
        for memory in memories:
            memory.count(1)
    for memory in memories:
        memory.keep([])
    return found


def windows(gpt: Gpt, count: int, size: int) -> list[list[int]]:
    ids = gpt.encode(TEXT)
    return [ids[begin : begin + size] for begin in range(0, count * size, size)]


def test_perplexity_rises_by_less_than_half_a_hundredth() -> None:
    """The repository's trained model; of the embedded one docs/measurements.md speaks."""
    wide, narrow = (Gpt(GPT2, device="cpu", dtype=dtype) for dtype in ("float32", "int8"))
    rows = windows(wide, 12, 128)
    before, after = (sum(surprise(gpt, rows)) / len(rows) / (128 - READ - 1) for gpt in (wide, narrow))
    assert math.exp(after - before) < 1.005
    assert narrow.dtype is torch.int8


def test_with_and_without_voices_it_says_nearly_what_float32_says(folder: Path, tmp_path: Path) -> None:
    shelf = {name: voice(folder, tmp_path / name, seed, rank=rank) for seed, (name, rank) in enumerate(RANKS.items())}
    wide, narrow = (Gpt(folder, device="cpu", dtype=dtype, shelf=shelf.__getitem__) for dtype in ("float32", "int8"))
    rows = windows(wide, 3, 64)
    plain = np.array(surprise(wide, rows))
    for name in ("", *RANKS):
        before, after = (np.array(surprise(gpt, rows, name)) for gpt in (wide, narrow))
        assert np.abs(before - after).mean() < 0.05
        if name:  # and a voice is heard much louder than rounding is
            assert np.abs(before - plain).mean() > 3 * np.abs(before - after).mean()


@settings(max_examples=15, deadline=None)
@given(
    rows=st.integers(1, 40),
    outputs=st.integers(1, 70),
    groups=st.integers(1, 3),
    biased=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_product_is_that_of_rounded_weights_and_rows_and_a_rows_bits_are_its_own(
    rows: int, outputs: int, groups: int, biased: bool, seed: int
) -> None:
    draw = torch.Generator().manual_seed(seed)
    weight, x = torch.randn(outputs, groups * GROUP, generator=draw), torch.randn(rows, groups * GROUP, generator=draw)
    bias = torch.randn(outputs, generator=draw) if biased else None

    def rounded(wide: torch.Tensor, top: int) -> torch.Tensor:
        grouped = wide.view(len(wide), groups, GROUP)
        most = grouped.abs().amax(-1, keepdim=True)
        return ((grouped * (top / most)).round() * (most / top)).view_as(wide)

    packed = compact.pack([weight], [bias])

    def product(some: torch.Tensor) -> torch.Tensor:
        nobody, panels = np.full(len(some), -1), packed.codes.shape[1]
        out = np.empty((len(some), panels * WIDE), np.float32)
        beside, nothing = np.zeros((0, 4, 1, 3), np.int64), np.empty((len(some), 0), np.float32)
        ready = kernels.Rounded(np.empty(some.shape, np.int16), np.empty((len(some), groups), np.float32))
        kernels.round_off(some.numpy(), ready, 0, len(some))
        kernels.multiply(packed, 0, len(some), ready, beside, nobody, nothing, out, 0, panels)
        return torch.from_numpy(out[:, :outputs])

    found, expected = product(x), torch.nn.functional.linear(rounded(x, 32767), rounded(weight, 127), bias)
    assert torch.allclose(found, expected, atol=5e-4, rtol=1e-4)  # a number between two codes may become either
    assert torch.equal(found, torch.cat([product(one[None]) for one in x]))


def test_helpers_that_come_late_or_never_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    gpt = Gpt(GPT2, device="cpu", dtype="int8")
    request = TextRequest("The king went into the wood. " * 12, 20, Sampling(), seed=3, drafts=3)
    alone = write(gpt, request)
    late = compact._Team()
    monkeypatch.setattr(compact, "_team", late)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert write(gpt, request) == alone
    assert len(late._inboxes) == 2
    late._inboxes = [SimpleQueue(), SimpleQueue()]  # nobody reads these
    gpt._network.pool._kept.clear()  # type: ignore[attr-defined]
    assert write(gpt, request) == alone


def test_where_bfloat16_is_fast_prompts_are_read_as_they_were_beside_those_who_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gpt_module, "best_dtype", lambda _: torch.bfloat16)
    gpt = Gpt(GPT2, device="cpu", dtype="int8")
    assert gpt._network.reads  # type: ignore[attr-defined]
    story = "Once upon a time there was a king who had three sons, and the youngest of them"
    requests = [TextRequest(story * times, 12, Sampling(temperature=0), drafts=times) for times in (1, 2, 4)]
    alone = [write(gpt, request) for request in requests]
    gpt._network.pool._kept.clear()  # type: ignore[attr-defined]
    writings = [gpt.start(request) for request in requests]
    for step in range(100):  # each joins while those before it write
        gpt.step([(one, 64) for one in writings[: 1 + step // 3] if not one.over])
    assert [one.drafts() for one in writings] == alone


@pytest.mark.parametrize("sizes", [{"intermediate_size": 96}, {"head_dim": 48}, {"num_attention_heads": 3}])
def test_sizes_it_does_not_know_are_served_as_wide_as_they_are(sizes: dict[str, int], tmp_path: Path) -> None:
    known = {"hidden_size": 192, "intermediate_size": 256, "num_attention_heads": 6, "head_dim": 32}
    small = Gpt(make_llama(tmp_path, **known | sizes, num_key_value_heads=1), device="cpu")
    assert small.dtype is not torch.int8
    assert write(small, TextRequest("The king", 5, Sampling(temperature=0)))[0].tokens == 5


def test_scores_that_are_no_numbers_end_only_that_request() -> None:
    gpt = Gpt(GPT2, device="cpu", dtype="int8")
    assert gpt._network.compact  # type: ignore[attr-defined]
    plan = gpt._network.compact.plan  # type: ignore[attr-defined]
    good = TextRequest("The king", 6, Sampling(temperature=0))
    before = write(gpt, good)
    kept = plan.norms[-1, 0, 3].copy()
    writing = gpt.start(good)
    gpt.step([(writing, 64)])
    plan.norms[-1, 0, 3] = float("nan")
    while not writing.over:
        gpt.step([(writing, 64)])
    assert isinstance(writing.problem, GeneratorFailed)
    plan.norms[-1, 0, 3] = kept
    assert write(gpt, good) == before
