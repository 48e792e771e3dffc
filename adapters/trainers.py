"""TRL's DPO and KTO trainers, fitted to one shared processor (T).

The losses, the loop and the schedule are TRL's. Ours are: log-probabilities with the prompt read once and no padding
(`branches`), a weight for each example, and checkpoints of the adapter alone, as safetensors, because nothing here is
ever unpickled. Nothing is reported to anybody.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import TrainerCallback
from trl.trainer.dpo_trainer import DataCollatorForPreference, DPOTrainer
from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference, KTOTrainer

from adapters.branches import Branching

STATE = "state.safetensors"
TRAINER = "trainer_state.json"
_MOMENTS = ("exp_avg", "exp_avg_sq")

Report = Callable[[int, int, float], None]


class Watching(TrainerCallback):
    """Tells steps done, steps in all and the latest loss."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """See transformers."""
        if logs and "loss" in logs:
            self._report(state.global_step, state.max_steps, float(logs["loss"]))


class _Sparing:
    """What both trainers do otherwise than TRL's; stands before TRL's class."""

    args: Any
    state: Any
    model: Any
    optimizer: Any
    lr_scheduler: Any

    def _send_telemetry(self) -> None:
        """Nothing leaves this machine."""

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

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Weights and moments, then the state that says they are whole; older ones go."""
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        folder.mkdir(parents=True, exist_ok=True)
        weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        kept = {f"{at}.weight": weight.detach().contiguous() for at, weight in enumerate(weights)}
        for at, weight in enumerate(weights):
            kept |= {f"{at}.{moment}": self.optimizer.state[weight][moment] for moment in _MOMENTS}
        schedule = {name: value for name, value in self.lr_scheduler.state_dict().items() if name != "lr_lambdas"}
        save_file(kept, folder / STATE, {"schedule": json.dumps(schedule)})
        self.state.save_to_json(str(folder / TRAINER))
        for older in Path(self.args.output_dir).glob("checkpoint-*"):
            if older != folder:
                for file in older.iterdir():
                    file.unlink()
                older.rmdir()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        with safe_open(Path(resume_from_checkpoint) / STATE, framework="pt") as file:
            for at, weight in enumerate(weights):
                weight.data.copy_(file.get_tensor(f"{at}.weight"))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        with safe_open(Path(checkpoint) / STATE, framework="pt") as file:
            schedule = json.loads(file.metadata()["schedule"])
            for at, weight in enumerate(weights):
                moments = {moment: file.get_tensor(f"{at}.{moment}").to(weight.device) for moment in _MOMENTS}
                self.optimizer.state[weight] = {"step": torch.tensor(float(self.state.global_step)), **moments}
        self.lr_scheduler.load_state_dict({**schedule, "lr_lambdas": [None] * len(self.optimizer.param_groups)})
        for group, rate in zip(self.optimizer.param_groups, schedule["_last_lr"], strict=True):
            group["lr"] = rate

    def _load_rng_state(self, checkpoint: str | None) -> None:
        """Nothing is drawn while training; the order of the examples hangs on the seed alone."""


class PairTrainer(_Sparing, DPOTrainer):
    """Direct preference optimization (arXiv:2305.18290) of pairs."""


class ThumbTrainer(_Sparing, KTOTrainer):
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


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint under `folder` that was written to its end."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    return next((path for path in found if _whole(path)), None)


def _whole(folder: Path) -> bool:
    try:
        json.loads((folder / TRAINER).read_text(encoding="utf-8"))
        with safe_open(folder / STATE, framework="pt") as file:
            return "schedule" in (file.metadata() or {})
    except (OSError, ValueError, SafetensorError):
        return False
