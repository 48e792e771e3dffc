"""T. What stands around each cell, computed from the ids: the pitch that sounds, the neighbours in the same voice.

A plain network has to learn from data that the fourth cell's HOLD still means the first cell's pitch. These few tensor
operations tell it, which is most of why so small a network can learn steps and voice-leading from so little music.
Everything is (batch, lanes, cells) and nothing here has weights.
"""

import torch
from torch import Tensor

from engine.music.tokens import FIRST_PITCH, HOLD_ID, MASK_ID, REST_ID, TRIPLET_ID, VOCABULARY

PITCHES = VOCABULARY - FIRST_PITCH
SILENT, UNCLEAR = PITCHES, PITCHES + 1  # beside the pitches: a rest sounds; not known
GAPS = 14  # seven distances, times whether everything in between is known


def kinds(ids: Tensor) -> Tensor:
    """0 rest, 1 hold, 2 triplet, 3 onset, 4 unknown."""
    return torch.where(ids == MASK_ID, 4, ids.clamp(max=FIRST_PITCH))


def heard(ids: Tensor) -> Tensor:
    """The index of the pitch that sounds in each cell, or SILENT, or UNCLEAR."""
    sets = (ids != HOLD_ID) & (ids != TRIPLET_ID)
    at = _last_true(sets)
    setter = torch.where(at >= 0, ids.gather(-1, at.clamp(min=0)), REST_ID)
    pitch = (setter - FIRST_PITCH).clamp(min=0)
    return torch.where(setter == MASK_ID, UNCLEAR, torch.where(setter < FIRST_PITCH, SILENT, pitch))


def before(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Per cell the last known onset's pitch index strictly before it (SILENT if none), and the kind of gap to it."""
    shifted = torch.nn.functional.pad(ids[..., :-1], (1, 0), value=REST_ID)
    at = _last_true((shifted >= FIRST_PITCH) & (shifted != MASK_ID))
    unknown = _last_true(shifted == MASK_ID)
    place = torch.arange(ids.shape[-1]).expand_as(at)
    distance = torch.bucketize(place - at, torch.tensor([1, 2, 4, 8, 16]))
    gap = torch.where(at < 0, 6, distance) + 7 * (unknown > at).long()
    pitch = torch.where(at < 0, SILENT, (shifted.gather(-1, at.clamp(min=0)) - FIRST_PITCH).clamp(min=0))
    return pitch, gap


def after(ids: Tensor) -> tuple[Tensor, Tensor]:
    """The same towards the end: the next known onset strictly after each cell."""
    pitch, gap = before(ids.flip(-1))
    return pitch.flip(-1), gap.flip(-1)


def sustain(onsets: Tensor, holds: Tensor) -> Tensor:
    """The differentiable piano roll: s[t] = onset[t] + hold[t] * s[t-1], by a scan in log2(cells) steps.

    `onsets` is (batch, lanes, cells, pitches), `holds` (batch, lanes, cells, 1) with values from 0 to 1.
    """
    roll, keep, reach = onsets, holds, 1
    while reach < onsets.shape[2]:
        moved = torch.nn.functional.pad(roll[:, :, :-reach], (0, 0, reach, 0))
        kept = torch.nn.functional.pad(keep[:, :, :-reach], (0, 0, reach, 0))
        roll, keep = roll + keep * moved, keep * kept
        reach *= 2
    return roll


def _last_true(flags: Tensor) -> Tensor:
    """Per cell the index of the last true flag up to and with it, -1 if none."""
    place = torch.arange(flags.shape[-1]).expand(flags.shape)
    return torch.where(flags, place, -1).cummax(-1).values
