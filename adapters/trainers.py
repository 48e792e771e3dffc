"""TRL's DPO and KTO trainers, fitted to one shared processor (T).

The losses, the loop and the schedule are TRL's. Ours are: log-probabilities with the prompt read once and no padding
(`branches`), a weight for each example, and checkpoints of the adapter alone (`checkpoints`).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import TrainerCallback
from trl.trainer.dpo_trainer import DataCollatorForPreference, DPOTrainer
from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference, KTOTrainer

from adapters.branches import Branching
from adapters.checkpoints import Sparing

Report = Callable[[int, int, float], None]


class Watching(TrainerCallback):
    """Tells steps done, steps in all and the latest loss."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """See transformers."""
        if logs and "loss" in logs:
            self._report(state.global_step, state.max_steps, float(logs["loss"]))


class _Weighing(Sparing):
    """What both trainers do otherwise than TRL's; stands before TRL's class."""

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        """The rows are tokens already, and completions end where the person stopped reading: no end token is added."""
        return dataset

    def _precompute_ref_logps(self, dataset: Any, *_: Any) -> Any:
        """The rows bring the reference's log-probabilities with them."""
        return dataset

    def _compute_loss(self, model: nn.Module, inputs: dict[str, Tensor], return_outputs: bool) -> Tensor:
        """TRL's, over branches, times the examples' weights; a step is made of batches of one."""
        weight = inputs.pop("weight")
        loss: Tensor = super()._compute_loss(Branching(model), inputs, False)  # type: ignore[misc]
        return loss * weight.mean()


class PairTrainer(_Weighing, DPOTrainer):
    """Direct preference optimization (arXiv:2305.18290) of pairs."""


class ThumbTrainer(_Weighing, KTOTrainer):
    """Kahneman-Tversky optimization (arXiv:2402.01306) of lone thumbs."""


class PairCollator(DataCollatorForPreference):
    """TRL's, with the weights."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """See TRL."""
        return {**super().torch_call(examples), "weight": torch.tensor([one["weight"] for one in examples])}


class ThumbCollator(DataCollatorForUnpairedPreference):
    """TRL's, with the weights."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """See TRL."""
        return {**super().torch_call(examples), "weight": torch.tensor([one["weight"] for one in examples])}
