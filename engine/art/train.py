"""Train the two networks behind pictures: palettes people liked, and how light lies in photographs (T).

Both are conditional GANs with a hinge loss and a projection of the condition (T. Miyato and M. Koyama, 2018). The
palette's condition is its mood as `colour.mood_of` measures it. The field's generator is a network of coordinates
(K. Stanley's CPPN, 2007) whose layers the noise scales and shifts, so that what it learnt at 24 x 40 points can be
drawn at any size; its condition is how light and how busy a picture is. Minutes on a CPU: `ghostnote learn looks`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu
from torch.nn.utils.parametrizations import spectral_norm

from engine.art import colour

Array = NDArray[np.float64]
Report = Callable[[str, float, Mapping[str, float]], None]

COLOURS, NOISE, STYLE = 5, 8, 16
WIDE, HIGH = 24, 40
CROPS = 5000
EXPOSURE = (0.5, 0.07), (0.17, 0.022)
"""What crops measure, and how far they spread: mean tone, mean step between neighbours."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One run of either network: `steps` of `batch`, learning rates of generator and critic."""

    steps: int
    batch: int
    rate: float
    critic_rate: float
    seed: int = 1


PALETTES = Settings(12000, 128, 2e-4, 4e-4)
FIELDS = Settings(6000, 24, 5e-4, 4e-4)


class Palettes(nn.Module):
    """Noise and mood (batch, 8) and (batch, 2) to colours in OKLab (batch, 5, 3), darkest first."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(NOISE + 2, 128)
        self.second = nn.Linear(128, 128)
        self.last = nn.Linear(128, COLOURS * 3)

    def forward(self, noise: Tensor, mood: Tensor) -> Tensor:
        """See the class."""
        hidden = leaky_relu(self.first(torch.cat((noise, mood), 1)), 0.2)
        hidden = leaky_relu(self.second(hidden), 0.2)
        colours = self.last(hidden).view(-1, COLOURS, 3)
        lab = torch.cat((torch.sigmoid(colours[..., :1]), 0.35 * torch.tanh(colours[..., 1:])), 2)
        order = lab[..., 0].argsort(1)
        return lab.gather(1, order[..., None].expand_as(lab))


class PaletteCritic(nn.Module):
    """How real palettes look beside a mood; it sees the steps between colours, where harmony lies."""

    def __init__(self) -> None:
        super().__init__()
        self.first = spectral_norm(nn.Linear(COLOURS * 3 + COLOURS * (COLOURS - 1) // 2 * 3, 256))
        self.second = spectral_norm(nn.Linear(256, 128))
        self.last = spectral_norm(nn.Linear(128, 1))
        self.mood = nn.Linear(2, 128, bias=False)
        one, two = np.triu_indices(COLOURS, 1)
        self.one, self.two = one.tolist(), two.tolist()

    def forward(self, lab: Tensor, mood: Tensor) -> Tensor:
        """(batch,) scores of (batch, 5, 3) colours for (batch, 2) moods."""
        scaled = (lab - torch.tensor([0.65, 0.0, 0.0])) / torch.tensor([0.2, 0.1, 0.1])
        steps = (scaled[:, self.one] - scaled[:, self.two]).flatten(1)
        hidden = leaky_relu(self.first(torch.cat((scaled.flatten(1), steps), 1)), 0.2)
        hidden = leaky_relu(self.second(hidden), 0.2)
        score: Tensor = self.last(hidden)[:, 0] + (self.mood(mood) * hidden).sum(1) / 8
        return score


class Fields(nn.Module):
    """Noise (batch, 16), a condition (batch, 2) and points (points, 2), to tones (batch, points) from 0 to 1."""

    def __init__(self, waves: int = 32, hidden: int = 48) -> None:
        super().__init__()
        self.waves = nn.Linear(2, waves)
        nn.init.normal_(self.waves.weight, std=3.0)
        nn.init.uniform_(self.waves.bias, -3.14, 3.14)
        self.layers = nn.ModuleList(nn.Linear(size, hidden) for size in (waves, hidden, hidden))
        self.style = nn.Linear(STYLE + 2, 64)
        self.films = nn.Linear(64, 2 * hidden * 3)
        self.last = nn.Linear(hidden, 1)
        self.hidden = hidden

    def forward(self, noise: Tensor, condition: Tensor, points: Tensor) -> Tensor:
        """See the class."""
        style = leaky_relu(self.style(torch.cat((noise, condition), 1)), 0.2)
        films = self.films(style).view(-1, 3, 2, 1, self.hidden)
        found = torch.sin(self.waves(points))[None]
        for number, layer in enumerate(self.layers):
            scale, shift = films[:, number, 0], films[:, number, 1]
            found = torch.sin(layer(found) * (1 + scale) * 2 + shift)
        return torch.sigmoid(3 * self.last(found)[..., 0])


class FieldCritic(nn.Module):
    """How much of a photograph tones (batch, 1, 40, 24) have, beside how light and busy they should be."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (1, 32, 64, 128)
        self.layers = nn.ModuleList(spectral_norm(nn.Conv2d(one, two, 4, 2, 1)) for one, two in pairwise(sizes))
        self.last = spectral_norm(nn.Linear(128 * (HIGH // 8) * (WIDE // 8), 1))
        self.condition = nn.Linear(2, 128, bias=False)

    def forward(self, tones: Tensor, condition: Tensor) -> Tensor:
        """(batch,) scores."""
        hidden = 2 * tones - 1
        for layer in self.layers:
            hidden = leaky_relu(layer(hidden), 0.2)
        pooled = hidden.mean((2, 3))
        score: Tensor = self.last(hidden.flatten(1))[:, 0] + (self.condition(condition) * pooled).sum(1) / 8
        return score


def train_palettes(liked: Sequence[Sequence[str]], plan: Settings, report: Report) -> dict[str, Tensor]:
    """The weights of `Palettes`, averaged (EMA), from lists of five hex colours."""
    torch.manual_seed(plan.seed)
    chance = np.random.default_rng(plan.seed)
    real = np.array([colour.lab_of(palette) for palette in liked])

    def batch() -> tuple[Tensor, Tensor]:
        lab = _varied(real[chance.integers(len(real), size=plan.batch)], chance)
        return _tensor(lab), _tensor(np.array([colour.mood_of(one) for one in lab]))

    def draw(network: nn.Module, condition: Tensor) -> Tensor:
        made: Tensor = network(torch.randn(len(condition), NOISE), condition)
        return made

    return _contest("palettes", Palettes(), PaletteCritic(), batch, draw, plan, report)


def train_fields(pictures: Sequence[Array], plan: Settings, report: Report) -> dict[str, Tensor]:
    """The weights of `Fields`, averaged (EMA), from pictures of one channel, (height, width) from 0 to 1."""
    torch.manual_seed(plan.seed)
    chance = np.random.default_rng(plan.seed)
    points = grid(WIDE, HIGH)
    crops = np.stack([crop(pictures, chance) for _ in range(CROPS)])
    exposures = np.stack([exposure(one) for one in crops])

    def batch() -> tuple[Tensor, Tensor]:
        rows = chance.integers(len(crops), size=plan.batch)
        return _tensor(crops[rows])[:, None], _tensor(exposures[rows])

    def draw(network: nn.Module, condition: Tensor) -> Tensor:
        nudged = points + 0.04 * torch.randn(1, 2)  # not always the same points
        made: Tensor = network(torch.randn(len(condition), STYLE), condition, nudged)
        return made.view(-1, 1, HIGH, WIDE)

    return _contest("fields", Fields(), FieldCritic(), batch, draw, plan, report)


def grid(wide: int, high: int) -> Tensor:
    """Points of a picture, row by row: x and y from -1 to 1, and y longer, as covers are."""
    x, y = torch.linspace(-1, 1, wide), torch.linspace(-1, 1, high) * HIGH / WIDE
    return torch.stack((x[None].expand(high, wide), y[:, None].expand(high, wide)), 2).reshape(-1, 2)


def exposure(tones: Array) -> Array:
    """How light and how busy tones (high, wide) are, about -2 to 2 each, 0 for what is usual."""
    steps = (np.abs(np.diff(tones, axis=0)).mean() + np.abs(np.diff(tones, axis=1)).mean()) / 2
    return np.asarray((np.array([tones.mean(), steps]) - EXPOSURE[0]) / EXPOSURE[1])


def crop(pictures: Sequence[Array], chance: np.random.Generator) -> Array:
    """A piece of one of the pictures, (40, 24): somewhere, of some size, mirrored, turned, lit in some other way."""
    picture = pictures[int(chance.integers(len(pictures)))]
    if chance.random() < 0.3:
        picture = picture.T
    size = chance.uniform(0.45, 1.0)
    high = min(picture.shape[0], picture.shape[1] * HIGH / WIDE) * size
    wide = high * WIDE / HIGH
    top, left = chance.uniform(0, picture.shape[0] - high), chance.uniform(0, picture.shape[1] - wide)
    part = picture[int(top) : int(top + high), int(left) : int(left + wide)]
    part = part[:, ::-1] if chance.random() < 0.5 else part
    part = 1 - part if chance.random() < 0.3 else part
    part = part[::-1] if chance.random() < 0.15 else part
    small = torch.nn.functional.adaptive_avg_pool2d(torch.tensor(part.copy())[None, None], (HIGH, WIDE))[0, 0].numpy()
    low, top_ = np.quantile(small, (0.02, 0.98))
    return np.asarray(((small - low) / max(top_ - low, 0.05)).clip(0, 1) ** chance.uniform(0.7, 1.5))


def _varied(lab: Array, chance: np.random.Generator) -> Array:
    """Palettes a little lighter or darker, richer or paler, turned around the circle of hues; darkest first."""
    turn, rich = chance.normal(0, 0.15, len(lab)), chance.normal(1, 0.08, (len(lab), 1, 1))
    a, b = lab[..., 1:2], lab[..., 2:]
    cos, sin = np.cos(turn)[:, None, None], np.sin(turn)[:, None, None]
    light = (lab[..., :1] + chance.normal(0, 0.015, (len(lab), 1, 1))).clip(0, 1)
    found = np.concatenate((light, rich * (a * cos - b * sin), rich * (a * sin + b * cos)), 2)
    return np.take_along_axis(found, found[..., :1].argsort(1), 1)


def _tensor(values: Array) -> Tensor:
    return torch.tensor(np.ascontiguousarray(values), dtype=torch.float32)


def _contest(
    name: str, maker: nn.Module, critic: nn.Module,
    batch: Callable[[], tuple[Tensor, Tensor]], draw: Callable[[nn.Module, Tensor], Tensor],
    plan: Settings, report: Report,
) -> dict[str, Tensor]:  # fmt: skip
    """Train the maker against the critic in turns; the maker's weights, averaged over its last thousand steps."""
    making = torch.optim.Adam(maker.parameters(), plan.rate, betas=(0.0, 0.99))
    judging = torch.optim.Adam(critic.parameters(), plan.critic_rate, betas=(0.0, 0.99))
    average = {key: value.detach().clone() for key, value in maker.state_dict().items()}
    for step in range(plan.steps):
        real, condition = batch()
        with torch.no_grad():
            made = draw(maker, condition)
        loss = relu(1 - critic(real, condition)).mean() + relu(1 + critic(made, condition)).mean()
        judging.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        judging.step()
        _, condition = batch()
        against = -critic(draw(maker, condition), condition).mean()
        making.zero_grad()
        against.backward()
        making.step()
        keep = min(0.999, (step + 1) / (step + 10))
        with torch.no_grad():
            for key, value in maker.state_dict().items():
                average[key].lerp_(value, 1 - keep)
        if step % 50 == 49:
            report(name, (step + 1) / plan.steps, {"critic": loss.item(), "maker": against.item()})
    return average
