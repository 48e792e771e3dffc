"""LoRA adapters on disk, as PEFT writes them: the only reader and writer, for training, judging and serving alike (T).

What cannot be honoured is refused rather than dropped: a voice that has lost its biases is another voice.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from adapters.manifest import FILES, MOST_BYTES, PICKLES, BadAdapter

CONFIG, WEIGHTS = FILES
PREFIX = "base_model.model."
FINGERPRINT = "ghostnote_base"
_NAME = re.compile(r"(?:base_model\.model\.)?(?P<layer>.+)\.lora_(?P<part>[AB])(?:\.default)?\.weight")

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Adapter:
    """Weights as read from disk, float32: for each module A of (rank, in), B of (out, rank), and delta = scale · B A.

    `base` is the name its maker gave the base, `fingerprint` what `lora.fingerprint` said of it ("" if unknown).
    """

    base: str
    fingerprint: str
    matrices: dict[str, Pair]
    scales: dict[str, float]

    def pairs(self) -> dict[str, Pair]:
        """The matrices with the scale already in B."""
        return {name: (a, b * self.scales[name]) for name, (a, b) in self.matrices.items()}


def read(folder: Path) -> Adapter:
    """The adapter in `folder`; BadAdapter if a file is missing, corrupt, pickled, huge or no plain LoRA."""
    config, tensors, mark = _content(folder)
    if config.get("peft_type") != "LORA" or config.get("use_dora"):
        raise BadAdapter(f"{folder} is not a plain LoRA adapter")
    matrices = _matrices(folder, tensors)
    try:
        scales = {name: _scale(config, name, a.shape[0]) for name, (a, _) in matrices.items()}
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError, re.error) as unfit:
        raise BadAdapter(f"{folder} lacks a rank or an alpha that can be used") from unfit
    return Adapter(str(config.get("base_model_name_or_path", "")), mark, matrices, scales)


def write(folder: Path, tensors: dict[str, Tensor], config: dict[str, Any], fingerprint: str) -> None:
    """PEFT's two files; the same adapter always gives the same bytes, so that its hash says what it is.

    safetensors writes its metadata in an order that changes from call to call; here it is put in order. OSError for a
    full disk.
    """
    packed = save(tensors, {"format": "pt", FINGERPRINT: fingerprint})
    length = int.from_bytes(packed[:8], "little")
    header = json.loads(packed[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    ordered = json.dumps(header, separators=(",", ":")).encode().ljust(length)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(packed[:8] + ordered + packed[8 + length :])
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def _content(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor], str]:
    """Configuration, tensors and the base's fingerprint."""
    weights = folder / WEIGHTS
    try:
        if not weights.exists() and (pickled := next((f for f in folder.glob("*") if f.suffix in PICKLES), None)):
            raise BadAdapter(f"{pickled} is pickled, which is never loaded; save the adapter as {WEIGHTS}")
        if weights.stat().st_size > MOST_BYTES:
            raise BadAdapter(f"{weights} is larger than {MOST_BYTES >> 20} MB, too large for a LoRA adapter")
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        with safe_open(weights, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 it is no dict
            mark = (file.metadata() or {}).get(FINGERPRINT, "")
    except FileNotFoundError as missing:
        raise BadAdapter(f"{folder} has no {Path(str(missing.filename)).name}, so it is no adapter") from missing
    except (SafetensorError, ValueError, OSError, RecursionError) as broken:
        raise BadAdapter(f"the files in {folder} are damaged or not safetensors, so they were not loaded") from broken
    if not isinstance(config, dict):
        raise BadAdapter(f"{folder} is not a plain LoRA adapter")
    return config, tensors, mark


def _matrices(folder: Path, tensors: dict[str, Tensor]) -> dict[str, Pair]:
    """Module name -> (A, B); BadAdapter for anything that is no half of such a pair."""
    found: dict[str, dict[str, Tensor]] = {}
    for name in sorted(tensors):
        match, tensor = _NAME.fullmatch(name), tensors[name]
        if match is None or tensor.dim() != 2:
            raise BadAdapter(f"{folder} changes more than linear layers ({name}), which is not supported")
        if not tensor.is_floating_point() or not tensor.isfinite().all():
            raise BadAdapter(f"{folder} holds numbers that are not finite, so it was not loaded")
        found.setdefault(match["layer"], {})[match["part"]] = tensor.float()
    if not found:
        raise BadAdapter(f"{folder} changes nothing: it has no matrices")
    if any(set(parts) != {"A", "B"} or parts["A"].shape[0] != parts["B"].shape[1] for parts in found.values()):
        raise BadAdapter(f"{folder} lacks half of a matrix pair, or its halves do not fit")
    return {layer: (parts["A"], parts["B"]) for layer, parts in found.items()}


def _scale(config: dict[str, Any], layer: str, rank: int) -> float:
    """PEFT's scaling: alpha / r (or / sqrt r), with per-layer patterns; the rank is that of the matrix itself."""
    patterns = config.get("alpha_pattern") or {}
    alpha = next((a for p, a in patterns.items() if re.fullmatch(rf"(.*\.)?({p})", layer)), config["lora_alpha"])
    return float(alpha) / (rank**0.5 if config.get("use_rslora") else rank)
