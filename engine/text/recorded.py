"""The step of rows that write, on a GPU: recorded once for every shape it has, then sent off whole (T).

A small model's step is hundreds of kernels of a few microseconds each, and Python takes longer to ask for them than a
GPU to do them. What is recorded finds everything where it lay (CUDA graphs): so it takes whole slabs, whether their
rows are in use or not, each looking as far as its slab goes, and what differs from step to step is copied into one
tensor before. A shape is recorded when it comes for the second time; what is kept of shapes that can no longer come
(a slab has moved, other voices stand side by side) is let go. Everything but the recording itself runs on a CPU too.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from engine.text.layout import Layout, Standing, seen_mask
from engine.text.memory import Row, Slab
from engine.text.network import Part
from engine.text.products import Company, Mix

log = logging.getLogger(__name__)
MOST = 32  # shapes
Run = Callable[[], Tensor]


@dataclass(eq=False, slots=True)
class Shape:
    """Slabs as they lie, and voices that stand side by side; `given` (3, rows): tokens, positions, whose voice."""

    slabs: tuple[Slab, ...]
    tables: tuple[Tensor, ...]
    voices: tuple[str, ...]
    given: Tensor
    run: Run
    times: int = 0

    @property
    def lies(self) -> bool:
        """Whether no slab has moved."""
        return all(slab.tensor is table for slab, table in zip(self.slabs, self.tables, strict=True))


class Recorded:
    """Steps of writing rows; `through` takes a layout to the scores, `record` a step to the same step recorded."""

    def __init__(self, through: Callable[[Layout], Tensor], company: Company, record: Callable[[Run], Run]) -> None:
        self._through, self._company = through, company
        self._record: Callable[[Run], Run] | None = record
        self.shapes: list[Shape] = []  # the one used last at the end

    def __call__(self, parts: Sequence[Part]) -> Tensor:
        """Scores of what these parts write, row by row as they come; all of them write."""
        rows = [
            (row, part.voice, token) for part in parts for row, token in zip(part.memory.rows, part.ids, strict=True)
        ]
        whose = self._company.whose([(voice, 1) for _, voice, _ in rows])
        slabs = tuple(sorted({row.slab for row, _, _ in rows}, key=lambda slab: slab.capacity))
        shape = self._shape(slabs, self._company.voices if whose else ())
        places = _places([row for row, _, _ in rows], slabs)
        given = torch.zeros(shape.given.shape, dtype=torch.long)
        given[1] = torch.tensor([at for slab in slabs for at in slab.reached])  # where who waits will write anyway
        given[2] = -1
        given[:, places] = torch.tensor(
            [[token for _, _, token in rows], [row.filled for row, _, _ in rows], whose or [-1] * len(rows)]
        )
        shape.given.copy_(given)
        if shape.times == 1 and self._record:
            shape.run = self._recorded(shape.run, self._record)
        shape.times += 1
        return shape.run()[torch.tensor(places, device=shape.given.device)]

    def _shape(self, slabs: tuple[Slab, ...], voices: tuple[str, ...]) -> Shape:
        # By identity: voices that left and came back side by side have their matrices elsewhere now.
        self.shapes = [
            one for one in self.shapes if one.lies and (not one.voices or one.voices is self._company.voices)
        ]
        found = next((one for one in self.shapes if one.slabs == slabs and one.voices is voices), None)
        if found:
            self.shapes.remove(found)
        else:
            found = self._made(slabs, voices)
        self.shapes = [*self.shapes[1 - MOST :], found]
        return found

    def _made(self, slabs: tuple[Slab, ...], voices: tuple[str, ...]) -> Shape:
        device = slabs[0].tensor.device
        sizes = [slab.tensor.shape[2] for slab in slabs]
        given = torch.zeros(3, sum(sizes), dtype=torch.long, device=device)
        every = torch.arange(len(given[0]), device=device)
        begins = [0, *accumulate(sizes)]
        slots = [torch.arange(size, device=device)[:, None] for size in sizes]
        heads = torch.arange(slabs[0].tensor.shape[3], device=device)[None]
        reaches = [torch.arange(slab.capacity, device=device) for slab in slabs]

        def run() -> Tensor:
            ids, positions, whose = given
            standing = []
            for slab, begin, size, slot, reach in zip(slabs, begins, sizes, slots, reaches, strict=False):
                at = positions[begin : begin + size, None]
                mask = seen_mask((reach <= at)[:, None, None], slab.tensor.dtype)
                standing.append(Standing(slab, begin, size, True, slot, heads, at, slab.capacity, mask))
            return self._through(
                Layout(ids, positions, every, Mix(voices, whose) if voices else None, (*standing,), ())
            )

        return Shape(slabs, tuple(slab.tensor for slab in slabs), voices, given, run)

    def _recorded(self, run: Run, record: Callable[[Run], Run]) -> Run:
        try:
            return record(run)
        except RuntimeError as refused:
            log.warning("the GPU records no steps, they go on one kernel after the other: %s", refused)
            self._record = None
            return run


def _places(rows: Sequence[Row], slabs: Sequence[Slab]) -> list[int]:
    """Where each row is among all of these slabs."""
    begins = accumulate((slab.tensor.shape[2] for slab in slabs), initial=0)
    begin = dict(zip(slabs, begins, strict=False))
    return [begin[row.slab] + row.slot for row in rows]


class Graphs:
    """Records on a GPU. One pool of memory for all graphs: a step's scores are used up before the next step."""

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, run: Run) -> Run:
        """RuntimeError if the device cannot record it. Libraries have made their room: the step ran before, once."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            scores = run()

        def again() -> Tensor:
            graph.replay()
            return scores

        return again
