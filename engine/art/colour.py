"""Colours as numbers: sRGB, OKLab, contrast, and the mood of a palette on the scale that words and music have. Pure.

A palette is an array (colours, 3). OKLab (B. Ottosson, 2020) is where equal distances look equal: lightness from 0 to
1, green to red, blue to yellow.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.text.mood import Mood

Array = NDArray[np.float64]

_TO_CONES = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip
_TYPICAL, _SPREAD = np.array([0.670, 0.092]), np.array([0.108, 0.036])
"""Mean lightness and chroma of palettes that people liked (`card.md`), and how far these differ."""


def lab_of(palette: Sequence[str]) -> Array:
    """Hex colours as OKLab."""
    rgb = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in palette], float) / 255
    return np.asarray(np.cbrt(_linear(rgb) @ _TO_CONES.T) @ _TO_LAB.T)


def rgb_of(lab: Array) -> Array:
    """OKLab as sRGB from 0 to 1; what a screen cannot show loses chroma until it can."""
    flat = np.array(lab, float).reshape(-1, 3)
    flat[:, 0] = flat[:, 0].clip(0, 1)
    low, high = np.zeros(len(flat)), np.ones(len(flat))
    for _ in range(12):  # bisection: how much of the chroma fits
        half = (low + high) / 2
        fits = _shown(flat, half)
        low, high = np.where(fits, half, low), np.where(fits, high, half)
    keep = np.where(_shown(flat, np.ones(len(flat))), 1.0, low)
    return np.asarray(_curved(_light(flat, keep)).clip(0, 1).reshape(np.shape(lab)))


def clipped(lab: Array) -> Array:
    """The same, quickly, for many colours that a screen can show but for rounding."""
    flat = lab.reshape(-1, 3)
    return np.asarray(_curved(_light(flat, np.ones(len(flat)))).clip(0, 1).reshape(lab.shape))


def hex_of(lab: Array) -> tuple[str, ...]:
    """OKLab colours as hex, such as "#1b2a41"."""
    return tuple("#" + "".join(f"{round(part * 255):02x}" for part in colour) for colour in rgb_of(lab))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two hex colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mood_of(lab: Array) -> Mood:
    """The mood of a palette: valence and energy from -1 to 1, 0 for what is usual.

    Pleasure rises with brightness and a little with saturation, arousal with saturation and darkness
    (P. Valdez and A. Mehrabian, Effects of color on emotions, 1994).
    """
    found = np.array([lab[:, 0].mean(), np.hypot(lab[:, 1], lab[:, 2]).mean()])
    bright, rich = (found - _TYPICAL) / _SPREAD
    return Mood(math.tanh(0.69 * bright + 0.22 * rich), math.tanh(-0.31 * bright + 0.60 * rich))


def spread(lab: Array) -> float:
    """How far the two colours that are most alike lie apart in OKLab; below 0.05 they look the same."""
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    return float(apart[np.triu_indices(len(lab), 1)].min())


def _luminance(colour: str) -> float:
    rgb = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)]], float) / 255
    return float(_linear(rgb)[0] @ (0.2126, 0.7152, 0.0722))


def _linear(rgb: Array) -> Array:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _curved(light: Array) -> Array:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def _light(lab: Array, keep: Array) -> Array:
    cones = (lab * np.stack((np.ones_like(keep), keep, keep), 1)) @ np.linalg.inv(_TO_LAB).T
    return np.asarray(cones**3 @ np.linalg.inv(_TO_CONES).T)


def _shown(lab: Array, keep: Array) -> NDArray[np.bool_]:
    light = _light(lab, keep)
    return np.asarray(((light > -1e-4) & (light < 1 + 1e-4)).all(1))
