"""What a CUDA graph does, on a CPU: the operations of a step, done again on the very tensors they were done on."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.text.gpt import Gpt
from engine.text.lean import LeanNetwork
from engine.text.recorded import Recorded, Run

# What a GPU refuses while it records: numbers that come from Python's memory, and those that Python waits for.
REFUSED = {torch.ops.aten.lift_fresh.default, torch.ops.aten._local_scalar_dense.default}


class Tape(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes every operation."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.done = list[tuple[Callable[..., Any], Any, Any, list[Tensor]]]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See torch."""
        if func in REFUSED:
            raise RuntimeError(f"{func} is not permitted while a stream is capturing")
        out = func(*args, **kwargs or {})
        self.done.append((func, args, kwargs or {}, _tensors(out)))
        return out


def _tensors(out: Any) -> list[Tensor]:
    return [one for one in tree_leaves(out) if isinstance(one, Tensor)]


def record(run: Run) -> Run:
    """The step, recorded: nothing of Python's runs again."""
    tape = Tape()
    with tape:
        scores = run()

    def again() -> Tensor:
        for func, args, kwargs, before in tape.done:
            for old, new in zip(before, _tensors(func(*args, **kwargs)), strict=True):
                if not new.is_mkldnn and old.data_ptr() != new.data_ptr():
                    old.copy_(new)
        return scores

    return again


def recording(gpt: Gpt, how: Callable[[Run], Run] = record) -> Recorded:
    """Let this model record its steps, as it would on a GPU."""
    network = gpt._network
    assert isinstance(network, LeanNetwork)
    network.recorded = Recorded(network._through, network.company, how)
    return network.recorded
