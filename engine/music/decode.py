"""T. Fill hidden cells with the generator, step by step, the surest first, and pick the best of several tries.

In every step the network is asked about all hidden cells, each is drawn, and the surest few are kept (MaskGIT's
schedule). Masks keep voices in their range and key; penalties of part-writing speak against crossing and parallels as
soon as the notes that would make them are known. What still offends afterwards is hidden again and redrawn, a few
rounds of blocked Gibbs sampling. Cells that came in known go out unchanged, whatever happens.
"""


from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.music.context import PITCHES, SILENT, heard
from engine.music.gan import Conditions, Critic, Generator
from engine.music.tokens import FIRST_PITCH, HOLD_ID, LOW, MASK_ID, REST_ID, TRIPLET_ID, VOCABULARY

NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be written: (low, high) pitch of each lane, a weight for each of the 12 pitch classes (0 free, negative
    against), and whether triplets and rests may occur."""

    ranges: tuple[tuple[int, int], ...]
    classes: tuple[float, ...] = (0.0,) * 12
    triplets: bool = False
    rests: float = 0.0
    crossing: float = 8.0
    parallel: float = 5.0
    leap: float = 0.0
    hold: float = 0.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try: decoding steps, rounds of repair and their steps, and how far to trust the network's best."""

    steps: int = 16
    repairs: int = 2
    repair_steps: int = 4
    temperature: float = 0.9
    noise: float = 1.0
    top: float = 0.95
    order: float = 0.0
    extra: tuple[str, ...] = field(default=())


class Filler:
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
        groups = grid_groups(rows.shape[1], rows.shape[2], (16, 12, 12)[int(labels[0, 2])])
        rows = self._decode(rows, conditions, allowed, limits, effort, groups, dice)
        for _ in range(effort.repairs if rows.shape[1] > 1 else 0):
            again = offending(rows) & hidden
            if not again.any():
                break
            rows = self._decode(
                torch.where(again, MASK_ID, rows), conditions, allowed, limits, effort, groups, dice
            )
        score = self.critic(F.one_hot(rows, VOCABULARY).float(), conditions).mean(-1)
        return rows.numpy(), score.double().numpy()

    def _decode(
        self, ids: Tensor, conditions: Conditions, allowed: Tensor, limits: Limits, effort: Effort, groups: Tensor,
        dice: torch.Generator,
    ) -> Tensor:  # fmt: skip
        """Draw the hidden cells group by group; a group that has none costs nothing."""
        for group in range(int(groups.max()) + 1):
            now = (ids == MASK_ID) & (groups == group)
            if not now.any():
                continue
            logits = self.generator(ids, conditions) + allowed
            if ids.shape[1] > 1:
                logits = logits - penalties(ids, limits)
            drawn = _draw(logits / effort.temperature, effort.top, dice)[0]
            ids = torch.where(now, drawn, ids)
        return ids


def grid_groups(lanes: int, cells: int, bar: int) -> Tensor:
    """The order of decoding, (lanes, cells): group 0 first. Coarse to fine in time; the outer voices before the inner.

    Cells of one group stand far apart, so drawing them at once loses little.
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
        odd = (place // 4) % 2
        return (level * 2 + odd)[None, :]
    turn = torch.tensor([1, 3, 2, 0])[:lanes]
    return level[None, :] * 4 + turn[:, None]


def _draw(logits: Tensor, top: float, dice: torch.Generator) -> tuple[Tensor, Tensor]:
    """One id for each cell from the nucleus of its distribution (Holtzman 2020), and its log-probability."""
    ordered, index = logits.log_softmax(-1).sort(-1, descending=True)
    mass = ordered.exp().cumsum(-1) - ordered.exp()
    ordered = ordered.masked_fill(mass > top, NEVER)
    noise = -torch.empty(ordered.shape).exponential_(generator=dice).log()
    best = (ordered + noise).argmax(-1, keepdim=True)
    return index.gather(-1, best)[..., 0], ordered.gather(-1, best)[..., 0]


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


def penalties(ids: Tensor, limits: Limits) -> Tensor:
    """What part-writing has against each pitch in each cell, given what is known, in nats."""
    batch, lanes, cells = ids.shape
    sounds = heard(ids)
    known = sounds < SILENT
    was, was_known = F.pad(sounds[..., :-1], (1, 0), value=SILENT), F.pad(known[..., :-1], (1, 0))
    pitch = torch.arange(PITCHES)
    against = torch.zeros(batch, lanes, cells, PITCHES)
    for lane in range(lanes):
        for other in range(lanes):
            if other == lane:
                continue
            there = sounds[:, other, :, None]
            wrong = (pitch < there) if other > lane else (pitch > there)
            against[:, lane] += limits.crossing * (wrong & known[:, other, :, None])
            gap = (was[:, lane] - was[:, other])[..., None] % 12
            moved = was_known[:, lane] & was_known[:, other] & known[:, other] & (sounds[:, other] != was[:, other])
            same = ((pitch - there) % 12 == gap) & ((gap == 0) | (gap == 7)) & (pitch != was[:, lane, :, None])
            against[:, lane] += limits.parallel * (same & moved[..., None])
    if limits.leap:
        size = (pitch - was[..., None]).abs()
        against += limits.leap * ((size > 4) & was_known[..., None])
    return F.pad(against, (FIRST_PITCH, 0))


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
    patches = bad.unflatten(-1, (-1, 4)).any(-1)
    # The note before takes part in the fault as well, so the beat to the left is redrawn with it.
    patches = patches | F.pad(patches[..., 1:], (0, 1))
    return patches.repeat_interleave(4, -1)


