"""T. Fill hidden cells with the generator, step by step: strong beats first, the outer voices before the inner ones.

In every step the network is asked about the hidden cells of one voice on one level of the metre. Masks keep voices in
their range and key; penalties of part-writing speak against crossing and parallels as soon as the notes that would make
them are known. What still offends afterwards is hidden again and redrawn, a few rounds of blocked Gibbs sampling. Cells
that came in known go out unchanged, whatever happens.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from engine.music.context import PITCHES, SILENT, after, before, heard
from engine.music.errors import NoWeights
from engine.music.gan import PATCH, Conditions, Critic, Generator
from engine.music.limits import PLACES, Effort, Habits, Limits, unpacked
from engine.music.tokens import FIRST_PITCH, HOLD_ID, LOW, MASK_ID, REST_ID, TRIPLET_ID, VOCABULARY

NEVER = -1e4


class NetworkFiller:
    """A generator and a critic ready to be asked; one object serves one thread at a time."""

    def __init__(self, generator: Generator, critic: Critic) -> None:
        self.generator, self.critic = generator.settle(), critic.eval()

    @torch.inference_mode()
    def fill(
        self,
        ids: NDArray[np.int64],
        labels: NDArray[np.int64],
        chords: NDArray[np.int64],
        limits: Limits,
        effort: Effort,
        seed: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Fill MASK_ID cells of (batch, lanes, cells); returns full ids and the critic's mean score of each.

        Runs on one thread: on so small a network a second one gains little, and beside other work it costs five times.
        """
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return self._filled(ids, labels, chords, limits, effort, seed)
        finally:
            torch.set_num_threads(threads)

    def _filled(
        self,
        ids: NDArray[np.int64],
        labels: NDArray[np.int64],
        chords: NDArray[np.int64],
        limits: Limits,
        effort: Effort,
        seed: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        dice = torch.Generator().manual_seed(seed)
        rows, hidden = torch.from_numpy(ids), torch.from_numpy(ids == MASK_ID)
        conditions = Conditions(torch.from_numpy(labels), torch.from_numpy(chords))
        allowed = _allowed(limits, rows.shape[1], rows.shape[2])
        rows = self._decode(rows, conditions, allowed, limits, effort, dice)
        for _ in range(effort.repairs if rows.shape[1] > 1 else 0):
            again = offending(rows) & hidden
            if not again.any():
                break
            rows = self._decode(torch.where(again, MASK_ID, rows), conditions, allowed, limits, effort, dice)
        score = self.critic(F.one_hot(rows, VOCABULARY).float(), conditions).mean(-1)
        return rows.numpy(), score.double().numpy()

    def _decode(
        self,
        ids: Tensor,
        conditions: Conditions,
        allowed: Tensor,
        limits: Limits,
        effort: Effort,
        dice: torch.Generator,
    ) -> Tensor:
        """Draw the hidden cells, as many at a time as the order allows; what is known costs nothing."""
        bar = (16, 12, 12)[int(conditions.labels[0, 2])]
        ids = ids.clone()
        around = self.generator.around(conditions, ids.shape[1], ids.shape[2] // PATCH)
        for lane, rows, cells in _turns(ids, bar):
            seen = ids[rows]
            logits = self.generator.ask(seen, around[rows], lane, cells) + allowed[0, lane, cells]
            drawn = _draw((logits - penalties(seen, lane, cells, limits)) / effort.temperature, effort.top, dice)
            known = seen[:, lane].gather(1, cells)
            ids[rows[:, None], lane, cells] = torch.where(known == MASK_ID, drawn, known)
        return ids


def _turns(ids: Tensor, bar: int) -> Iterator[tuple[int, Tensor, Tensor]]:
    """What to draw next, as (lane, candidates, cells of each): goes on while `ids`, filled by the caller, has gaps.

    Of one voice every candidate draws its own next cell, so that gaps in different places share a pass.
    """
    if ids.shape[1] == 1:
        order = torch.cat([cells for _, cells in grid_groups(1, ids.shape[2], bar)])
        hidden = ids[:, 0, order] == MASK_ID
        while hidden.any():
            rows = hidden.any(1).nonzero()[:, 0]
            first = hidden[rows].int().argmax(1)
            yield 0, rows, order[first][:, None]
            hidden[rows, first] = False
        return
    for lane, group in grid_groups(ids.shape[1], ids.shape[2], bar):
        hidden = ids[:, lane, group] == MASK_ID
        if hidden.any():
            rows = hidden.any(1).nonzero()[:, 0]
            yield lane, rows, group[hidden.any(0)].expand(len(rows), -1)


def grid_groups(lanes: int, cells: int, bar: int) -> list[tuple[int, Tensor]]:
    """The order of decoding as (lane, indices of cells).

    One voice is written as it is sung, beat after beat: beats drawn together mix rhythms that in real tunes are all one
    thing or all another, which cost 5.6 nats a window. A beat's last cell comes first, because it says whether the beat
    is dotted, straight or a triplet; the other way round, few of the triplets that begin end as such. Four voices go
    from coarse to fine in time and from the outer to the inner: cells of one group stand far apart, so drawing them at
    once loses little. Drawn in the order of confidence, held notes would always go first and thin the music out.
    """
    place = torch.arange(cells)
    if lanes == 1:
        return [(0, place[i + at : i + at + 1]) for i in range(0, cells, PATCH) for at in (3, 0, 1, 2)]
    within = place % bar
    half = {16: 8, 12: 4}[bar]
    level = torch.full((cells,), 4)
    level[within % 2 == 0] = 3
    level[within % 4 == 0] = 2
    # Bars and half bars together: each step costs a pass, and half a bar is far apart for a singer.
    level[within % half == 0] = 1
    return [(lane, place[level == step]) for step in range(1, 5) for lane in (3, 0, 2, 1) if (level == step).any()]


def _draw(logits: Tensor, top: float, dice: torch.Generator) -> Tensor:
    """One id a cell: whether a note begins there as the network says, which one from the nucleus (Holtzman 2020).

    The nucleus is one of pitches only: over all ids it would forbid whatever is rare, and triplets are.
    """
    chances = logits.log_softmax(-1)
    ordered, index = chances[..., FIRST_PITCH:].sort(-1, descending=True)
    mass = ordered.exp().cumsum(-1) - ordered.exp()
    whole = mass[..., -1:] + ordered[..., -1:].exp()
    kept = ordered.masked_fill(mass > top * whole, NEVER)
    # What the nucleus leaves out goes to the notes it keeps, so that as many notes begin as should.
    kept = kept + whole.clamp(min=1e-30).log() - kept.logsumexp(-1, keepdim=True)
    ordered = torch.cat([chances[..., :FIRST_PITCH], kept], -1)
    noise = -torch.empty(ordered.shape).exponential_(generator=dice).log()
    best = (ordered + noise).argmax(-1, keepdim=True)
    rest = torch.arange(FIRST_PITCH).expand(*index.shape[:-1], -1)
    return torch.cat([rest, index + FIRST_PITCH], -1).gather(-1, best)[..., 0]


def _allowed(limits: Limits, lanes: int, cells: int) -> Tensor:
    """What to add to the logits for range, key and grid, shape (1, lanes, cells, VOCABULARY)."""
    add = torch.zeros(1, lanes, cells, VOCABULARY)
    pitches = torch.arange(PITCHES) + LOW
    classes = torch.tensor(limits.classes)[pitches % 12]
    for lane in range(lanes):
        low, high = limits.ranges[lane]
        add[:, lane, :, FIRST_PITCH:] = torch.where((pitches < low) | (pitches > high), NEVER, classes)
    add[..., TRIPLET_ID] = NEVER
    if limits.triplets:
        add[:, :, 3::PATCH, TRIPLET_ID] = -limits.habits.triplet
    add[..., REST_ID] -= limits.rests
    add[..., HOLD_ID] += limits.hold - torch.tensor(limits.habits.holds).repeat(cells // PATCH)
    add[:, :, 0, HOLD_ID] = NEVER
    return add


def penalties(ids: Tensor, lane: int, cells: Tensor, limits: Limits) -> Tensor:
    """What part-writing has against each pitch in cells (batch, n) of a lane, in nats: (batch, n, VOCABULARY).

    Crossing is judged against what sounds in the cell. Parallels are judged between each voice's last known pitch
    before the cell and the pitches in it, and again towards the next known one, since either may be drawn last.
    """
    pitch = torch.arange(PITCHES)
    against = torch.zeros(*cells.shape, PITCHES)
    weights = torch.tensor(limits.habits.intervals)
    for look in (before, after) if weights.any() else ():
        neighbour, gap = (found.gather(1, cells) for found in look(ids[:, lane]))
        size = (pitch - neighbour[..., None]).abs().clamp(max=len(weights) - 1)
        # Farther away than a beat there will be notes in between, so the interval is not one yet.
        near = (neighbour < SILENT) & (gap % 7 <= 2)
        against = against + weights[size] * near[..., None]
    others = [other for other in range(ids.shape[1]) if other != lane]
    if others:
        there = _at(heard(ids)[:, others], cells)[..., None]
        above = torch.tensor([other < lane for other in others])[None, :, None, None]
        wrong = torch.where(above, pitch > there, pitch < there) & (there < SILENT)
        against = against + limits.crossing * wrong.any(1)
        against = against + limits.parallel * _parallel(ids, lane, others, cells)
        against = against + limits.parallel * _parallel(ids.flip(-1), lane, others, ids.shape[2] - 1 - cells)
    return F.pad(against, (FIRST_PITCH, 0))


def _parallel(ids: Tensor, lane: int, others: list[int], cells: Tensor) -> Tensor:
    """How many voices each pitch would run with in fifths or octaves from what was known before: (batch, cells, p)."""
    known = torch.where(ids == MASK_ID, HOLD_ID, ids)
    was = _at(F.pad(heard(known)[..., :-1], (1, 0), value=SILENT), cells)
    own, theirs = was[:, lane : lane + 1], was[:, others]
    there = _at(heard(ids)[:, others], cells)
    gap = (own - theirs) % 12
    live = (own < SILENT) & (theirs < SILENT) & (there < SILENT) & (there != theirs) & ((gap == 0) | (gap == 7))
    pitch = torch.arange(PITCHES)
    same = ((pitch - there[..., None]) % 12 == gap[..., None]) & (pitch != own[..., None])
    return (same & live[..., None]).sum(1)


def _at(values: Tensor, cells: Tensor) -> Tensor:
    """(batch, lanes, cells) at cells (batch, n) of every lane."""
    return values.gather(2, cells[:, None].expand(-1, values.shape[1], -1))


def offending(ids: Tensor) -> Tensor:
    """Cells to draw again: both sides of true parallels, crossings, and beats that are no chord, a beat wide."""
    sounds = heard(ids)
    bad = torch.zeros_like(ids, dtype=torch.bool)
    known = sounds < SILENT
    lanes = ids.shape[1]
    for high in range(lanes):
        for low in range(high + 1, lanes):
            a, b = sounds[:, high], sounds[:, low]
            both = known[:, high] & known[:, low]
            crossed = both & (a < b)
            gap = (a - b) % 12
            moved = (a[:, 1:] != a[:, :-1]) & (b[:, 1:] != b[:, :-1]) & both[:, 1:] & both[:, :-1]
            same = F.pad(moved & (gap[:, 1:] == gap[:, :-1]) & ((gap[:, 1:] == 0) | (gap[:, 1:] == 7)), (1, 0))
            for lane in (high, low):
                bad[:, lane] |= crossed | same
    patches = bad.view(*bad.shape[:-1], -1, PATCH).any(-1)
    # The note before takes part in the fault as well, so the beat to the left is redrawn with it.
    patches = patches | F.pad(patches[..., 1:], (0, 1))
    return torch.repeat_interleave(patches, PATCH, -1)


def load_filler(path: Path) -> tuple[NetworkFiller, NDArray[np.float64], tuple[Habits, ...]]:
    """The shipped weights (fp16 safetensors, written by `train.export`) as a filler, the chord moves beside them, and
    the habits, by family, that `calibrate` adds (without it none).

    Raises NoWeights when the file is missing, damaged, or of another shape.
    """
    if not path.is_file():
        raise NoWeights(why="missing", file=path.name)
    generator, critic = Generator(), Critic()
    try:
        tensors = load_file(path)
        for name, module in (("generator", generator), ("critic", critic)):
            mine = {k[len(name) + 1 :]: v.float() for k, v in tensors.items() if k.startswith(name + "/")}
            module.load_state_dict(mine)
        moves = tensors["chord_moves"].double().numpy()
        habits = tuple(unpacked(row.tolist()) for row in tensors.get("habits", torch.zeros(2, PLACES + 2)))
    except (SafetensorError, RuntimeError, KeyError) as error:
        raise NoWeights(why="damaged", file=path.name) from error
    return NetworkFiller(generator, critic), moves, habits
