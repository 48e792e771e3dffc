"""Where everything of one step stands: the tokens of all requests in one row, and what each may look at (T).

First come the rows that write, slab by slab in the order of their slots, then the prompts that are read. All tensors
that the layers share are made here, once a step.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.text.memory import BLOCK, Memory, Row, Slab, rounded
from engine.text.network import Part
from engine.text.products import Company, Mix

Piece = tuple[int, int, int, Tensor]
"""A block of a prompt: where it begins in the step, its tokens, how far they may look, and which of that each may."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Rows of one slab, one token each, from `begin`; `packed`: they are its first ones, in order."""

    slab: Slab
    begin: int
    rows: int
    packed: bool
    slots: Tensor
    every: Tensor
    at: Tensor
    reach: int
    mask: Tensor


@dataclass(frozen=True, slots=True)
class Reading:
    """Tokens of one prompt, which begin at `begin` in the step and at `at` in the prompt."""

    memory: Memory
    begin: int
    tokens: int
    at: int
    blocks: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """One step. `ids`, `at` (positions) are (tokens,); `last` says where the wanted scores are, part by part."""

    ids: Tensor
    at: Tensor
    last: Tensor
    mix: Mix | None
    standing: tuple[Standing, ...]
    reading: tuple[Reading, ...]


def laid_out(parts: Sequence[Part], groups: int, company: Company, device: torch.device) -> Layout:
    """The layout of a step; `groups` queries share a key, `company` are the voices that stand side by side."""
    rows = [(row, part.voice, token) for part in parts if not part.reads for row, token in _written(part)]
    rows.sort(key=lambda one: (one[0].slab.capacity, one[0].slot))
    place = {id(row): number for number, (row, _, _) in enumerate(rows)}
    standing = _standing([row for row, _, _ in rows], device)
    ids, at = [token for _, _, token in rows], [row.filled for row, _, _ in rows]
    spoken = [(voice, 1) for _, voice, _ in rows]
    reading, last = [], []
    for part in parts:
        if part.reads:
            reading.append(_reading(part, len(ids), groups, device))
            begin = part.memory.filled
            at += range(begin, begin + len(part.ids))
            ids += part.ids
            spoken.append((part.voice, len(part.ids)))
            last += [len(ids) - 1] * part.scored
        else:
            last += [place[id(row)] for row in part.memory.rows]
    numbers = torch.tensor([ids, at], device=device)
    return Layout(
        numbers[0],
        numbers[1],
        torch.tensor(last, dtype=torch.long, device=device),
        company.mixed(spoken, device),
        standing,
        tuple(reading),
    )


def _written(part: Part) -> Sequence[tuple[Row, int]]:
    return list(zip(part.memory.rows, part.ids, strict=True))


def _standing(rows: Sequence[Row], device: torch.device) -> tuple[Standing, ...]:
    """Rows in order, slab by slab."""
    found, begin = [], 0
    while begin < len(rows):
        slab = rows[begin].slab
        mine = [row for row in rows[begin:] if row.slab is slab]
        slots, at = torch.tensor([[row.slot for row in mine], [row.filled for row in mine]], device=device)[..., None]
        reach = rounded(max(row.filled for row in mine) + 1)
        found.append(
            Standing(
                slab,
                begin,
                len(mine),
                [row.slot for row in mine] == list(range(len(mine))),
                slots,
                torch.arange(slab.tensor.shape[3], device=device)[None],
                at,
                reach,
                seen_mask((torch.arange(reach, device=device) <= at)[:, None, None], slab.tensor.dtype),
            )
        )
        begin += len(mine)
    return tuple(found)


def _reading(part: Part, begin: int, groups: int, device: torch.device) -> Reading:
    """A prompt's next tokens, cut where its blocks end, wherever the step began."""
    at, end = part.memory.filled, part.memory.filled + len(part.ids)
    cuts = [at, *range(at // BLOCK * BLOCK + BLOCK, end, BLOCK), end]
    blocks = []
    for one, other in itertools.pairwise(cuts):
        reach = rounded(other)
        seen = torch.arange(reach, device=device) <= torch.arange(one, other, device=device)[:, None]
        blocks.append(
            (begin + one - at, other - one, reach, seen_mask(seen, part.memory.table.dtype).repeat(groups, 1))
        )
    return Reading(part.memory, begin, len(part.ids), at, tuple(blocks))


def seen_mask(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """What is added to the scores of what may (not) be seen; made of booleans it would be made anew in every layer."""
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, -torch.inf)
