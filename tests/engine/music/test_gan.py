"""The network itself: shapes, promises of the decoder, gradients, and a training run of a few steps that learns."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.music.context import SILENT, UNCLEAR, after, before, heard, sustain
from engine.music.dataset import Windows, hide
from engine.music.decode import NetworkFiller, _draw, grid_groups, load_filler, offending
from engine.music.errors import NoWeights
from engine.music.gan import Conditions, Critic, Generator, critic_features, filled, straight_through
from engine.music.limits import Effort, Limits, strict
from engine.music.tokens import FIRST_PITCH, HOLD_ID, LOW, MASK_ID, REST_ID, VOCABULARY
from engine.music.train import Run, Settings

RANGES = ((60, 81), (53, 76), (48, 69), (38, 64))
C4 = 60 - LOW + FIRST_PITCH


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)


def conditions(batch: int, cells: int) -> Conditions:
    return Conditions(torch.zeros(batch, 7, dtype=torch.long), torch.zeros(batch, cells // 4, dtype=torch.long))


def test_the_context_of_a_cell_is_what_a_reader_sees() -> None:
    ids = torch.tensor([[[C4, HOLD_ID, MASK_ID, HOLD_ID, REST_ID, C4 + 2, HOLD_ID, HOLD_ID]]])
    sounds = heard(ids)[0, 0].tolist()
    assert sounds == [C4 - 3, C4 - 3, UNCLEAR, UNCLEAR, SILENT, C4 - 1, C4 - 1, C4 - 1]
    pitch, gap = before(ids)
    assert pitch[0, 0].tolist() == [SILENT, *[C4 - 3] * 5, C4 - 1, C4 - 1]
    assert gap[0, 0].tolist() == [6, 0, 0, 8, 9, 9, 0, 0]
    assert after(ids)[0][0, 0].tolist()[:6] == [*[C4 - 1] * 5, SILENT]


def test_the_differentiable_roll_holds_notes_until_the_next_event() -> None:
    onsets, holds = torch.zeros(1, 1, 6, 3), torch.tensor([0.0, 1, 1, 0, 0, 1]).view(1, 1, 6, 1)
    onsets[0, 0, 0, 1] = onsets[0, 0, 4, 2] = 1
    roll = sustain(onsets, holds)[0, 0]
    assert roll[:, 1].tolist() == [1, 1, 1, 0, 0, 0]
    assert roll[:, 2].tolist() == [0, 0, 0, 0, 1, 1]


def test_the_critic_hears_the_interval_between_two_notes_and_teaches_through_it() -> None:
    cells = torch.zeros(1, 1, 4, VOCABULARY)
    for cell, pitch in enumerate((C4, C4 + 2, C4 + 2, C4 - 3)):
        cells[0, 0, cell, pitch] = 1
    cells.requires_grad_()
    melodic = critic_features(cells)[0, :, 32:57]
    assert (melodic.argmax(-1) - 12).tolist()[1:] == [2, 0, -5]
    melodic.sum().backward()  # type: ignore[no-untyped-call]
    assert cells.grad is not None
    assert cells.grad.abs().sum() > 0


@pytest.mark.parametrize("lanes", [1, 4])
def test_the_decoder_keeps_known_cells_and_obeys_range_scale_and_grid(lanes: int) -> None:
    filler = NetworkFiller(Generator(width=40, depth=1), Critic())
    rng = np.random.default_rng(1)
    ids = np.where(rng.random((3, lanes, 32)) < 0.8, MASK_ID, C4)
    limits = Limits(RANGES[:lanes], strict((0, 2, 4, 5, 7, 9, 11)))
    made, scores = filler.fill(ids, np.zeros((3, 7), np.int64), np.zeros((3, 8), np.int64), limits, Effort(), 1)
    assert (made[ids != MASK_ID] == C4).all()
    assert made.max() < VOCABULARY
    assert scores.shape == (3,)
    for lane, (low, high) in enumerate(RANGES[:lanes]):
        row = made[:, lane][ids[:, lane] == MASK_ID]
        pitches = row[row >= FIRST_PITCH] - FIRST_PITCH + LOW
        assert ((pitches >= low) & (pitches <= high) & np.isin(pitches % 12, (0, 2, 4, 5, 7, 9, 11))).all()
    again, _ = filler.fill(ids, np.zeros((3, 7), np.int64), np.zeros((3, 8), np.int64), limits, Effort(), 1)
    assert (made == again).all()


@pytest.mark.parametrize("lanes", [1, 4])
def test_asking_for_some_cells_of_a_lane_gives_what_a_whole_pass_gives_there(lanes: int) -> None:
    generator = Generator(width=40, depth=2)
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    ids = torch.randint(0, VOCABULARY, (3, lanes, 32))
    ids[torch.rand(ids.shape) < 0.5] = MASK_ID
    told = conditions(3, 32)
    with torch.inference_mode():
        whole = generator.eval()(ids, told)
        settled = generator.settle()
        around = settled.around(told, lanes, 8)
        for lane in range(lanes):
            for cells in (torch.tensor([5]), torch.tensor([0, 3, 4, 17, 31])):
                asked = settled.ask(ids, around, lane, cells.expand(3, -1))
                assert torch.allclose(asked, whole[:, lane, cells], atol=1e-4)
            own = torch.tensor([[1, 9], [30, 2], [8, 8]])
            each = whole[torch.arange(3)[:, None], lane, own]
            assert torch.allclose(settled.ask(ids, around, lane, own), each, atol=1e-4)


@pytest.mark.parametrize(("lanes", "bar"), [(1, 16), (1, 12), (4, 16), (4, 12)])
def test_every_cell_of_every_lane_has_its_turn_once(lanes: int, bar: int) -> None:
    turns = sorted((lane, int(cell)) for lane, cells in grid_groups(lanes, 4 * bar, bar) for cell in cells)
    assert turns == [(lane, cell) for lane in range(lanes) for cell in range(4 * bar)]


def test_how_often_notes_begin_is_drawn_as_it_was_told() -> None:
    chances = torch.full((4000, 1, VOCABULARY), 1e-9)
    chances[..., HOLD_ID], chances[..., 2], chances[..., C4 : C4 + 30] = 0.9, 0.01, 0.09 / 30
    drawn = _draw(chances.log(), 0.9, torch.Generator().manual_seed(1))[:, 0]
    assert 0.07 < (drawn >= C4).float().mean() < 0.11
    assert 0.004 < (drawn == 2).float().mean() < 0.02  # a nucleus of all ids would never write a triplet
    assert len(set(drawn[drawn >= C4].tolist())) <= 28


def test_parallel_fifths_are_found_where_they_are() -> None:
    ids = torch.full((1, 2, 8), HOLD_ID)
    ids[0, 0, [0, 4]] = torch.tensor([C4 + 7, C4 + 9])
    ids[0, 1, [0, 4]] = torch.tensor([C4, C4 + 2])
    assert offending(ids).all()
    ids[0, 1, 4] = C4 + 5
    assert not offending(ids).any()


def test_masks_hide_at_least_one_cell_and_every_task_occurs() -> None:
    hidden = hide(300, 4, 64, 16, np.random.default_rng(1))
    assert hidden.any(axis=(1, 2)).all()
    assert hidden.all(axis=(1, 2)).any()
    assert (~hidden[:, 0].any(axis=1)).sum() > 20


def test_made_cells_stand_only_where_cells_were_hidden() -> None:
    ids = torch.full((1, 1, 4), C4)
    hidden = torch.tensor([[[True, False, True, False]]])
    made = straight_through(torch.randn(1, 1, 4, VOCABULARY))
    cells = filled(ids, hidden, made)
    assert cells.sum(-1).round().eq(1).all()
    assert (cells[0, 0, [1, 3]].argmax(-1) == C4).all()


def toy_windows() -> dict[tuple[int, int], Windows]:
    """A scale up and down in quarters: something a network can learn in a minute."""
    steps = [0, 2, 4, 5, 7, 5, 4, 2]
    row = np.full(64, HOLD_ID)
    row[::4] = [C4 + steps[i % 8] for i in range(16)]
    ids = np.tile(row, (24, 1, 1)).astype(np.int16)
    return {(1, 0): Windows(ids, np.zeros((24, 7), np.int16), np.zeros((24, 16), np.int16))}


def test_a_short_training_learns_contests_and_resumes_where_it_stopped(tmp_path: Path) -> None:
    settings = Settings(tmp_path, steps=60, minutes=5, batch=4, warm_up=0.6, contest_every=1, chorales=0.0, rate=3e-3)
    windows, run = toy_windows(), Run(settings)
    seen = [run.train_step(windows) for _ in range(45)]
    assert np.mean([s["ce1"] for s in seen[-8:]]) < 0.6 * np.mean([s["ce1"] for s in seen[:4]])
    assert "critic" not in seen[0]
    assert "critic" in seen[-1]
    run.save()
    other = Run(settings)
    assert other.resume()
    assert other.step == 45
    for left, right in zip(run.average.parameters(), other.average.parameters(), strict=True):
        assert torch.equal(left, right)


@pytest.mark.parametrize("content", [None, b"", b"not weights", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_missing_or_damaged_weights_are_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "music.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NoWeights, match=r"missing|damaged"):
        load_filler(path)
