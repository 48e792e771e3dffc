"""The two trained networks as they run: a few small products of matrices, so numpy does them, on any machine. Pure.

Their weights are a 150 kB file each, made by `ghostnote learn looks` (`engine/art/train`, card.md); the numbers are the
same as the trainer's modules give, which a test compares.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from engine.music.errors import NoWeights

Numbers = NDArray[np.float32]
Weights = Mapping[str, Numbers]

FOLDER = Path(__file__).parent
_SIZES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "palettes": {"first": (128, 10), "second": (128, 128), "last": (15, 128)},
    "fields": {
        "waves": (32, 2), "layers.0": (48, 32), "layers.1": (48, 48), "layers.2": (48, 48),
        "style": (64, 18), "films": (288, 64), "last": (1, 48),
    },
}  # fmt: skip
_SHAPES = {
    name: {
        f"{layer}.{part}": size[: 2 - (part == "bias")] for layer, size in sizes.items() for part in ("weight", "bias")
    }
    for name, sizes in _SIZES.items()
}
LAYERS = 3  # of the network of coordinates
TALL = 5 / 3  # height over width of what it learnt from


def palettes(weights: Weights, noise: Numbers, mood: Numbers) -> Numbers:
    """Noise (batch, 8) and moods (batch, 2) to palettes in OKLab (batch, 5, 3), darkest colour first."""
    hidden = _leaky(_linear(weights, "first", np.concatenate((noise, mood), 1)))
    hidden = _leaky(_linear(weights, "second", hidden))
    colours = _linear(weights, "last", hidden).reshape(len(noise), -1, 3)
    lab = np.concatenate((_sigmoid(colours[..., :1]), 0.35 * np.tanh(colours[..., 1:])), 2)
    return np.asarray(np.take_along_axis(lab, lab[..., :1].argsort(1), 1))


def field(weights: Weights, noise: Numbers, condition: Numbers, points: Numbers) -> Numbers:
    """One picture's noise (16,) and condition (2,) and points (points, 2), to tones (points,) from 0 to 1.

    x goes from -1 to 1, y as far beyond as a picture is taller than wide.
    """
    style = _leaky(_linear(weights, "style", np.concatenate((noise, condition))[None]))
    hidden = weights["layers.0.weight"].shape[0]
    films = _linear(weights, "films", style).reshape(LAYERS, 2, hidden)
    found = np.sin(_linear(weights, "waves", points))
    for number, (scale, shift) in enumerate(films):
        found = np.sin(_linear(weights, f"layers.{number}", found) * ((1 + scale) * 2) + shift)
    return _sigmoid(3 * _linear(weights, "last", found)[:, 0])


@cache
def weights(name: str) -> Weights:
    """The weights of "palettes" or "fields" that ship. Raises NoWeights."""
    return load(FOLDER / f"{name}.safetensors")


def load(file: Path) -> Weights:
    """The weights in a file that has the name of its network. Raises NoWeights if it is missing, or another's."""
    if not file.is_file():
        raise NoWeights(why="looks_missing", file=file.name)
    try:
        found = load_file(file)
    except (SafetensorError, OSError) as error:
        raise NoWeights(why="looks_damaged", file=file.name) from error
    if {name: value.shape for name, value in found.items()} != _SHAPES[file.stem]:
        raise NoWeights(why="looks_damaged", file=file.name)
    return found


def _linear(weights: Weights, name: str, values: Numbers) -> Numbers:
    found: Numbers = values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return found


def _leaky(values: Numbers) -> Numbers:
    return np.where(values > 0, values, np.float32(0.2) * values)


def _sigmoid(values: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-values)), np.float32)
