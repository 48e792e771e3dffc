"""T. Fill hidden cells with the generator, step by step: strong beats first, the outer voices before the inner ones.

In every step the network is asked about the hidden cells of one voice on one level of the metre. Masks keep voices in
their range and key; penalties of part-writing speak against crossing and parallels as soon as the notes that would make
them are known. What still offends afterwards is hidden again and redrawn, a few rounds of blocked Gibbs sampling. Cells
that came in known go out unchanged, whatever happens.
"""

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
from engine.music.limits import Effort, Limits
from engine.music.tokens import FIRST_PITCH, HOLD_ID, LOW, MASK_ID, REST_ID, TRIPLET_ID, VOCABULARY

NEVER = -1e4


class NetworkFiller:
    """A generator and a critic ready to be asked; one object serves one thread at a time."""

    def __init__(self, generator: Generator, critic: Critic) -> None:
        self.generator, self.critic = generator.eval(), critic.eval()

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
        """Fill MASK_ID cells of (batch, lanes, cells); returns full ids and the critic's mean score of each."""
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
        """Draw the hidden cells group by group; a group that has none costs nothing."""
        bar = (16, 12, 12)[int(conditions.labels[0, 2])]
        for lane, cells in grid_groups(ids.shape[1], ids.shape[2], bar):
            now = (ids[:, lane] == MASK_ID) & cells
            if not now.any():
                continue
            logits = self.generator(ids, conditions, lane) + allowed[:, lane] - penalties(ids, lane, limits)
            drawn = _draw(logits / effort.temperature, effort.top, dice)
            ids = ids.clone()
            ids[:, lane] = torch.where(now, drawn, ids[:, lane])
        return ids


def grid_groups(lanes: int, cells: int, bar: int) -> list[tuple[int, Tensor]]:
    """The order of decoding as (lane, cells): coarse to fine in time, and the outer voices before the inner.

    Cells of one group stand far apart and in one lane, so drawing them at once loses little; drawn in the order of
    confidence instead, held notes would always go first and thin the music out.
    """
    place = torch.arange(cells)
    within = place % bar
    half = {16: 8, 12: 6 if lanes == 1 else 4}[bar]
    level = torch.full((cells,), 4)
    level[within % 2 == 0] = 3
    level[within % (half // 2 if half != 4 else 4) == 0] = 2
    level[within % half == 0] = 1
    level[within == 0] = 0
    if lanes == 1:
        odd = (place // PATCH) % 2
        return [(0, (level == step) & (odd == side)) for step in range(5) for side in (0, 1)]
    # Bars and half bars together: each step costs a pass, and half a bar is far apart for a singer.
    coarse = level.clamp(min=1)
    return [(lane, coarse == step) for step in range(1, 5) for lane in (3, 0, 2, 1) if lane < lanes]


def _draw(logits: Tensor, top: float, dice: torch.Generator) -> Tensor:
    """One id for each cell from the nucleus of its distribution (Holtzman 2020)."""
    ordered, index = logits.log_softmax(-1).sort(-1, descending=True)
    mass = ordered.exp().cumsum(-1) - ordered.exp()
    ordered = ordered.masked_fill(mass > top, NEVER)
    noise = -torch.empty(ordered.shape).exponential_(generator=dice).log()
    best = (ordered + noise).argmax(-1, keepdim=True)
    return index.gather(-1, best)[..., 0]


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
        add[:, :, 3::4, TRIPLET_ID] = 0.0
    add[..., REST_ID] -= limits.rests
    add[..., HOLD_ID] += limits.hold
    add[:, :, 0, HOLD_ID] = NEVER
    return add


def penalties(ids: Tensor, lane: int, limits: Limits) -> Tensor:
    """What part-writing has against each pitch in each cell of a lane, in nats: (batch, cells, VOCABULARY).

    Crossing is judged against what sounds in the cell. Parallels are judged between each voice's last known pitch
    before the cell and the pitches in it, and again towards the next known one, since either may be drawn last.
    """
    pitch = torch.arange(PITCHES)
    against = torch.zeros(*ids[:, lane].shape, PITCHES)
    weights = torch.tensor(limits.intervals)
    for look in (before, after):
        neighbour, gap = look(ids[:, lane])
        size = (pitch - neighbour[..., None]).abs().clamp(max=len(weights) - 1)
        # Farther away than a beat there will be notes in between, so the interval is not one yet.
        near = (neighbour < SILENT) & (gap % 7 <= 2)
        against = against + weights[size] * near[..., None]
    others = [other for other in range(ids.shape[1]) if other != lane]
    if others:
        sounds = heard(ids)
        there = sounds[:, others, :, None]
        above = torch.tensor([other < lane for other in others])[None, :, None, None]
        wrong = torch.where(above, pitch > there, pitch < there) & (there < SILENT)
        against = against + limits.crossing * wrong.any(1)
        against = against + limits.parallel * _parallel(ids, lane, others)
        against = against + limits.parallel * _parallel(ids.flip(-1), lane, others).flip(1)
    return F.pad(against, (FIRST_PITCH, 0))


def _parallel(ids: Tensor, lane: int, others: list[int]) -> Tensor:
    """How many voices each pitch would run with in fifths or octaves from what was known before: (batch, cells, p)."""
    known = torch.where(ids == MASK_ID, HOLD_ID, ids)
    was = F.pad(heard(known)[..., :-1], (1, 0), value=SILENT)
    own, theirs = was[:, lane : lane + 1], was[:, others]
    there = heard(ids)[:, others]
    gap = (own - theirs) % 12
    live = (own < SILENT) & (theirs < SILENT) & (there < SILENT) & (there != theirs) & ((gap == 0) | (gap == 7))
    pitch = torch.arange(PITCHES)
    same = ((pitch - there[..., None]) % 12 == gap[..., None]) & (pitch != own[..., None])
    return (same & live[..., None]).sum(1)


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


def load_filler(path: Path) -> tuple[NetworkFiller, NDArray[np.float64]]:
    """The shipped weights (fp16 safetensors, written by `train.export`) as a filler, and the chord moves beside them.

    Raises NoWeights with one sentence when the file is missing, damaged, or of another shape.
    """
    if not path.is_file():
        raise NoWeights(f"The music weights {path.name} are missing; `ghostnote learn music` makes them.")
    generator, critic = Generator(), Critic()
    try:
        tensors = load_file(path)
        for name, module in (("generator", generator), ("critic", critic)):
            mine = {k[len(name) + 1 :]: v.float() for k, v in tensors.items() if k.startswith(name + "/")}
            module.load_state_dict(mine)
        moves = tensors["chord_moves"].double().numpy()
    except (SafetensorError, RuntimeError, KeyError) as error:
        raise NoWeights(f"The music weights {path.name} are damaged or belong to another version.") from error
    return NetworkFiller(generator, critic), moves
