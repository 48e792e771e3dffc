"""Many LoRA voices on one base model (T).

Every linear layer that some voice changes is wrapped once; which voice speaks is one shared word, so requests with
different voices can take turns step by step at no cost. Voices come as PEFT folders, safetensors only.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

NAME = re.compile(r"(?:base_model\.model\.)?(?P<layer>.+)\.lora_(?P<part>[AB])(?:\.default)?\.weight")


class VoiceError(Exception):
    """An adapter folder that cannot speak on this base; the message is one sentence."""


@dataclass(slots=True)
class _Now:
    """Who is speaking; shared by all wrapped layers."""

    voice: str = ""


@dataclass(slots=True)
class Voices:
    """The voices of one model. Only the thread that runs the model may load, drop and speak."""

    model: nn.Module
    names: set[str] = field(default_factory=set)
    _now: _Now = field(default_factory=_Now)

    def load(self, name: str, folder: Path) -> None:
        """Add (or replace) the voice in PEFT's `folder`; VoiceError if it is not plain LoRA for this base."""
        pairs = read_peft(folder)
        layers = {layer: _find(self.model, layer) for layer in pairs}
        for layer, (down, up, _) in pairs.items():
            if (down.shape[1], up.shape[0]) != _shape(layers[layer]):
                raise VoiceError(f"{folder} was made for another base model (layer {layer} has another size).")
        self.drop(name)
        for layer, (down, up, scale) in pairs.items():
            wrapped = self._wrap(layer, layers[layer])
            weight = wrapped.base.weight
            wrapped.pairs[name] = (down.to(weight).contiguous(), (up * scale).to(weight).contiguous())
        self.names.add(name)

    def drop(self, name: str) -> None:
        """Forget a voice, if it is there."""
        self.names.discard(name)
        for module in self.model.modules():
            if isinstance(module, VoicedLayer):
                module.pairs.pop(name, None)

    @contextmanager
    def speaking(self, name: str) -> Iterator[None]:
        """In this block the model speaks with voice `name`; "" is the base alone."""
        self._now.voice = name
        try:
            yield
        finally:
            self._now.voice = ""

    def _wrap(self, layer: str, module: nn.Module) -> "VoicedLayer":
        if isinstance(module, VoicedLayer):
            return module
        parent, _, leaf = layer.rpartition(".")
        wrapped = VoicedLayer(module, self._now)
        setattr(self.model.get_submodule(parent), leaf, wrapped)
        return wrapped


class VoicedLayer(nn.Module):
    """A linear layer, plus up(down(x)) of the voice that is speaking."""

    def __init__(self, base: Any, now: _Now) -> None:
        super().__init__()
        self.base = base
        self.now = now
        self.pairs: dict[str, tuple[Tensor, Tensor]] = {}

    def forward(self, x: Tensor) -> Tensor:
        """The layer's own output shape and type."""
        out: Tensor = self.base(x)
        pair = self.pairs.get(self.now.voice)
        if pair is None:
            return out
        return out + nn.functional.linear(nn.functional.linear(x, pair[0]), pair[1])


def read_peft(folder: Path) -> dict[str, tuple[Tensor, Tensor, float]]:
    """Layer name -> (A of shape (rank, in), B of shape (out, rank), scale) of a PEFT LoRA folder, as float32.

    Raises VoiceError for anything else, DoRA, biases and trained embeddings included: they would be lost silently.
    """
    try:
        config = json.loads((folder / "adapter_config.json").read_text())
        tensors = load_file(folder / "adapter_model.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise VoiceError(f"{folder} holds no LoRA adapter that can be read ({error}).") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA" or config.get("use_dora"):
        raise VoiceError(f"{folder} is not a plain LoRA adapter.")
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        match = NAME.fullmatch(name)
        if match is None or tensor.dim() != 2:
            raise VoiceError(f"{folder} changes more than linear layers ({name}); that is not supported.")
        found.setdefault(match["layer"], {})[match["part"]] = tensor.float()
    if not found or any(set(parts) != {"A", "B"} for parts in found.values()):
        raise VoiceError(f"{folder} is not complete.")
    return {layer: (parts["A"], parts["B"], _scale(config, layer, parts["A"])) for layer, parts in found.items()}


def _scale(config: dict[str, Any], layer: str, down: Tensor) -> float:
    """PEFT's scaling: alpha / r (or / sqrt r), with per-layer patterns; the rank is that of the matrix itself."""
    patterns = config.get("alpha_pattern") or {}
    alpha = next((a for p, a in patterns.items() if re.fullmatch(rf"(.*\.)?({p})", layer)), config.get("lora_alpha", 8))
    rank = down.shape[0]
    return float(alpha) / (rank**0.5 if config.get("use_rslora") else rank)


def _find(model: nn.Module, layer: str) -> nn.Module:
    try:
        return model.get_submodule(layer)
    except AttributeError as error:
        raise VoiceError(f"This adapter is for another base model: there is no layer {layer}.") from error


def _shape(module: nn.Module) -> tuple[int, int]:
    """(in, out) of a linear layer; GPT-2's Conv1D keeps its weight the other way round."""
    base = module.base if isinstance(module, VoicedLayer) else module
    if isinstance(base, Conv1D):
        return base.weight.shape[0], base.weight.shape[1]
    if isinstance(base, nn.Linear):
        return base.in_features, base.out_features
    raise VoiceError(f"A {type(base).__name__} layer cannot carry a LoRA voice.")
