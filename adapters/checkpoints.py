"""Checkpoints of a transformers trainer that hold what is trained and nothing else, as safetensors (T).

transformers pickles optimizer, schedule and random state, and would write the whole frozen base beside a few hundred
thousand weights. Nothing here is ever unpickled, so weights and moments go into one safetensors file, and the trainer's
own state, written last, says that it is whole.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

STATE = "state.safetensors"
TRAINER = "trainer_state.json"
_MOMENTS = ("exp_avg", "exp_avg_sq")


class Sparing:
    """What a trainer saves and loads; stands before transformers' class among the bases."""

    args: Any
    state: Any
    model: Any
    optimizer: Any
    lr_scheduler: Any

    def _send_telemetry(self) -> None:
        """Nothing leaves this machine."""

    def extra(self) -> dict[str, Tensor]:
        """More tensors to keep; a method that has a memory of its own overrides it."""
        return {}

    def restore(self, kept: dict[str, Tensor]) -> None:
        """Take back what `extra` gave."""

    def _trained(self) -> list[nn.Parameter]:
        return [weight for weight in self.model.parameters() if weight.requires_grad]

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Weights and moments, then the state that says they are whole; older ones go."""
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        folder.mkdir(parents=True, exist_ok=True)
        kept = {f"extra.{name}": tensor.contiguous() for name, tensor in self.extra().items()}
        for at, weight in enumerate(self._trained()):
            kept[f"{at}.weight"] = weight.detach().contiguous()
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
        with safe_open(Path(resume_from_checkpoint) / STATE, framework="pt") as file:
            for at, weight in enumerate(self._trained()):
                weight.data.copy_(file.get_tensor(f"{at}.weight"))
            extra = [name for name in file.keys() if name.startswith("extra.")]  # noqa: SIM118 it is no dict
            self.restore({name.removeprefix("extra."): file.get_tensor(name) for name in extra})

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        with safe_open(Path(checkpoint) / STATE, framework="pt") as file:
            schedule = json.loads(file.metadata()["schedule"])
            for at, weight in enumerate(self._trained()):
                moments = {moment: file.get_tensor(f"{at}.{moment}").to(weight.device) for moment in _MOMENTS}
                self.optimizer.state[weight] = {"step": torch.tensor(float(self.state.global_step)), **moments}
        self.lr_scheduler.load_state_dict({**schedule, "lr_lambdas": [None] * len(self.optimizer.param_groups)})
        for group, rate in zip(self.optimizer.param_groups, schedule["_last_lr"], strict=True):
            group["lr"] = rate

    def _load_rng_state(self, checkpoint: str | None) -> None:
        """Nothing is drawn while training; the order of the rows hangs on the seed alone."""


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
