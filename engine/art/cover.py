"""Paint a cover: the network's tones, seen as a style sees them, in the colours of a palette. Pure but for Pillow.

The network knows how light lies in photographs, at any point of the plane. A style is a way to look at that plane:
through facets, in tiles, folded; the tones it finds there become the palette's colours, from dark to light.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engine import lettering
from engine.art import nets
from engine.art.colour import clipped, contrast, lab_of
from engine.art.sketch import Sketch

Array = NDArray[np.float64]

WIDTH, HEIGHT = 960, 1600  # as online bookshops want covers
_HALF = 2  # smooth styles are reckoned in half the size
_AT_ONCE = 65_536  # points


@dataclass(frozen=True, slots=True)
class _Plane:
    """The tones of one picture, at any points (y, x) of the plane; `chance` is what the style draws from."""

    sketch: Sketch
    noise: nets.Numbers
    chance: np.random.Generator

    def tones(self, x: Array, y: Array) -> Array:
        """Tones from 0 to 1 at points of any shape."""
        points = np.stack((x.ravel(), y.ravel()), 1).astype(np.float32)
        condition = np.array([self.sketch.light, self.sketch.busy], np.float32)
        parts = np.array_split(points, max(1, len(points) // _AT_ONCE))
        tones = [nets.field(nets.weights("fields"), self.noise, condition, part) for part in parts]
        return np.concatenate(tones).reshape(x.shape).astype(float)


Paint = Callable[[_Plane, Array], Array]
"""A plane and a palette in OKLab to a picture in OKLab (high, wide, 3), of any size."""


def paint(sketch: Sketch) -> Image.Image:
    """The picture of a sketch, 960 x 1600."""
    chance = np.random.default_rng(sketch.seed)
    plane = _Plane(sketch, chance.standard_normal(16).astype(np.float32), chance)
    lab = STYLES[sketch.style](plane, lab_of(sketch.colours))
    image = Image.fromarray((clipped(lab) * 255).round().astype(np.uint8), "RGB")
    image = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS) if image.size != (WIDTH, HEIGHT) else image
    if sketch.text:
        _letter(image, sketch)
    return image


# ── styles ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _abstract(plane: _Plane, palette: Array) -> Array:
    """Bands of colour with soft shores."""
    x, y = _mesh(_HALF)
    return _coloured(_even(plane.tones(0.8 * x, 0.8 * y)), palette, 0.25)


def _minimal(plane: _Plane, palette: Array) -> Array:
    """Few large shapes in three colours: the darkest, the lightest, and of the others the one that was named, or the
    richest.
    """
    x, y = _mesh(_HALF)
    rich = 1 + int(np.hypot(palette[1:-1, 1], palette[1:-1, 2]).argmax())
    between = plane.sketch.lead or rich
    return _coloured(_even(plane.tones(0.35 * x, 0.35 * y)), palette[[0, between, -1]], 0.02)


def _watercolour(plane: _Plane, palette: Array) -> Array:
    """Colours that run into each other, and paper."""
    x, y = _mesh(_HALF)
    x, y = x + 0.12 * np.sin(5 * y + 2 * np.sin(3 * x)), y + 0.12 * np.sin(4 * x + 2 * np.cos(3 * y))
    tones = _even(plane.tones(0.7 * x, 0.7 * y))
    wash = _coloured(tones, palette, 1.0)
    edges = np.hypot(*np.gradient(np.floor(tones * 6)))[..., None]
    wash[..., :1] -= 0.05 * edges.clip(0, 1)
    paper = plane.chance.normal(0, 1, (tones.shape[0] // 4, tones.shape[1] // 4))
    grain = np.asarray(Image.fromarray(paper.astype(np.float32)).resize(tones.shape[::-1], Image.Resampling.BICUBIC))
    wash[..., 0] += 0.008 * grain
    return wash


def _stripes(plane: _Plane, palette: Array) -> Array:
    """Stripes of many widths, each in about the colour of the plane in its middle, bent a little."""
    x, y = _mesh(1)
    angle = plane.chance.uniform(-0.6, 0.6) + (np.pi / 2 if plane.chance.random() < 0.5 else 0)
    along = np.cos(angle) * x + np.sin(angle) * y + 0.04 * np.sin(3 * (np.sin(angle) * x - np.cos(angle) * y))
    edges = np.sort(plane.chance.uniform(-2.2, 2.2, 34))
    stripe = np.searchsorted(edges, along)
    middles = np.concatenate((edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]))
    tones = _even(plane.tones(np.cos(angle) * middles, np.sin(angle) * middles))
    tones = (tones + plane.chance.normal(0, 0.2, tones.shape)).clip(0, 1)
    return np.asarray(palette[_index(tones, len(palette))][stripe])


def _kaleidoscope(plane: _Plane, palette: Array) -> Array:
    """The plane folded around a point."""
    x, y = _mesh(_HALF)
    y = y + plane.chance.uniform(-0.4, 0.4)
    folds = int(plane.chance.integers(3, 7))
    turn, away = np.arctan2(y, x), np.hypot(x, y)
    wedge = np.pi / folds
    folded = np.abs((turn % (2 * wedge)) - wedge)
    return _coloured(_even(plane.tones(away * np.cos(folded), away * np.sin(folded))), palette, 0.12)


def _cubist(plane: _Plane, palette: Array) -> Array:
    """The same thing seen from many sides: facets, each of which turns and shifts the plane, and shades it."""
    x, y = _mesh(_HALF)
    chance = plane.chance
    many = int(chance.integers(16, 26))
    at = np.stack((chance.uniform(-1.1, 1.1, many), chance.uniform(-1.8, 1.8, many)), 1)
    lean = chance.uniform(0.5, 1.6, (many, 2))  # facets are longer one way
    far = np.stack([np.abs(x - px) * lx + np.abs(y - py + 0.5 * (x - px)) * ly
                    for (px, py), (lx, ly) in zip(at, lean, strict=True)])  # fmt: skip
    facet = far.argmin(0)
    turn, shift = chance.uniform(-0.7, 0.7, many)[facet], chance.normal(0, 0.35, (many, 2))[facet]
    dx, dy = x - at[facet, 0], y - at[facet, 1]
    seen_x = np.cos(turn) * dx - np.sin(turn) * dy + at[facet, 0] + shift[..., 0]
    seen_y = np.sin(turn) * dx + np.cos(turn) * dy + at[facet, 1] + shift[..., 1]
    picture = _coloured(_even(plane.tones(0.4 * seen_x, 0.4 * seen_y)), palette, 0.05)
    slope = chance.uniform(-np.pi, np.pi, many)[facet]
    picture[..., 0] += 0.12 * np.tanh(1.5 * (np.cos(slope) * dx + np.sin(slope) * dy))
    return picture


def _mosaic(plane: _Plane, palette: Array) -> Array:
    """Small tiles, no two alike, with joints of the darkest colour between them."""
    x, y = _mesh(1)
    wide, high = 18, 30
    step = 2 / wide
    row, column = np.meshgrid(np.arange(-1, high + 1), np.arange(-1, wide + 1), indexing="ij")
    jitter = plane.chance.uniform(-0.38, 0.38, (2, *row.shape))
    at_x = (column + 0.5 + jitter[0]) * step - 1
    at_y = (row + 0.5 + jitter[1]) * step - nets.TALL
    tones = _even(plane.tones(at_x, at_y))
    shade = plane.chance.normal(0, 0.018, row.shape)
    here_column = ((x + 1) / step).astype(int).clip(0, wide - 1)
    here_row = ((y + nets.TALL) / step).astype(int).clip(0, high - 1)
    best, second = np.full(x.shape, np.inf), np.full(x.shape, np.inf)
    tile = np.zeros(x.shape, int)
    for up in (-1, 0, 1):
        for left in (-1, 0, 1):
            index = (here_row + up + 1) * row.shape[1] + here_column + left + 1
            far = np.hypot(x - at_x.ravel()[index], y - at_y.ravel()[index])
            closer = far < best
            second = np.where(closer, best, np.minimum(second, far))
            tile, best = np.where(closer, index, tile), np.where(closer, far, best)
    picture = palette[_index(tones.ravel(), len(palette))][tile]
    picture[..., 0] += shade.ravel()[tile]
    joint = (second - best < 0.012)[..., None]
    return np.where(joint, palette[0] * (0.75, 1, 1), picture)


def _geometric(plane: _Plane, palette: Array) -> Array:
    """Squares of quarter circles, halves and discs, in two colours each, as a school once taught it."""
    wide, high = int(plane.chance.integers(3, 6)), 0
    high = round(wide * nets.TALL)
    row, column = np.meshgrid(np.arange(high), np.arange(wide), indexing="ij")
    tones = _even(plane.tones(2 * (column + 0.5) / wide - 1, (2 * (row + 0.5) / high - 1) * nets.TALL))
    ground = _index(tones, len(palette))
    step = plane.chance.integers(1, len(palette), ground.shape)
    figure, shape = (ground + step) % len(palette), plane.chance.integers(0, 7, ground.shape)
    turned = plane.chance.integers(0, 4, ground.shape)
    picture = np.empty((HEIGHT, WIDTH, 3))
    tops, lefts = np.linspace(0, HEIGHT, high + 1).astype(int), np.linspace(0, WIDTH, wide + 1).astype(int)
    for y in range(high):
        for x in range(wide):
            size = tops[y + 1] - tops[y], lefts[x + 1] - lefts[x]
            part = np.rot90(_SHAPES[shape[y, x]](max(size)), turned[y, x])[: size[0], : size[1], None]
            tile = part * palette[figure[y, x]] + (1 - part) * palette[ground[y, x]]
            picture[tops[y] : tops[y + 1], lefts[x] : lefts[x + 1]] = tile
    return picture


def _figure(inside: Callable[[Array, Array], Array]) -> Callable[[int], Array]:
    """A shape in a square as how much of each pixel it covers; `inside` is positive within, in units of the side."""

    def drawn(size: int) -> Array:
        middle = (np.arange(size) + 0.5) / size
        return np.asarray((inside(middle[None], middle[:, None]) * size + 0.5).clip(0, 1) * np.ones((size, size)))

    return drawn


_SHAPES = (
    _figure(lambda x, y: 1 - np.hypot(x, y)),
    _figure(lambda x, y: 0.5 - np.hypot(x - 0.5, y - 0.5)),
    _figure(lambda x, y: x - y),
    _figure(lambda x, y: np.minimum(0.5 - np.hypot(x - 0.5, y), 1.0)),
    _figure(lambda x, y: np.minimum(1 - np.hypot(x, y), np.hypot(x, y) - 0.5)),
    _figure(lambda x, y: 0.5 - x + 0 * y),
    _figure(lambda x, y: 0 * x + 0 * y - 1),
)

STYLES: Mapping[str, Paint] = {
    "abstract": _abstract, "cubist": _cubist, "geometric": _geometric, "mosaic": _mosaic, "stripes": _stripes,
    "minimal": _minimal, "watercolour": _watercolour, "kaleidoscope": _kaleidoscope,
}  # fmt: skip


# ── what they share ─────────────────────────────────────────────────────────────────────────────────────────────────


def _mesh(part: int) -> tuple[Array, Array]:
    """x and y of every pixel of a picture `part` times smaller."""
    x = np.linspace(-1, 1, WIDTH // part)
    y = np.linspace(-nets.TALL, nets.TALL, HEIGHT // part)
    return np.broadcast_to(x, (len(y), len(x))), np.broadcast_to(y[:, None], (len(y), len(x)))


def _even(tones: Array) -> Array:
    """Tones between themselves and their ranks, so that every colour of a palette is seen."""
    ranks = np.searchsorted(np.sort(tones, axis=None), tones) / max(tones.size - 1, 1)
    return 0.35 * tones + 0.65 * ranks


def _index(tones: Array, colours: int) -> NDArray[np.int_]:
    return np.asarray((tones * colours).astype(int).clip(0, colours - 1))


def _coloured(tones: Array, palette: Array, soft: float) -> Array:
    """Tones as colours: bands, and between two of them a passage over `soft` of a band."""
    place = (tones * len(palette) - 0.5).clip(0, len(palette) - 1.001)
    low = place.astype(int)
    share = ((place - low - 0.5) / max(soft, 0.02) + 0.5).clip(0, 1)[..., None]
    share = share * share * (3 - 2 * share)
    return np.asarray(palette[low] * (1 - share) + palette[low + 1] * share)


def _letter(image: Image.Image, sketch: Sketch) -> None:
    """The title on a plate in the palette's darkest or lightest colour, where the picture is calmest."""
    dark, light = sketch.colours[0], sketch.colours[-1]
    lines, font = lettering.fitted(sketch.text, WIDTH - 240, 320, sizes=(84, 72, 60, 50, 42, 34))
    if not lines:
        return
    height = lettering.step(font) * len(lines) + 110
    top = _calmest(image, height)
    pen = ImageDraw.Draw(image)
    paper, ink = (dark, light) if sketch.seed % 2 else (light, dark)
    if contrast(paper, ink) < 3:
        paper, ink = "#16161a", "#f7f6f2"
    pen.rectangle((70, top, WIDTH - 70, top + height), fill=paper)
    pen.rectangle((84, top + 14, WIDTH - 84, top + height - 14), outline=ink, width=2)
    for number, line in enumerate(lines):
        pen.text((WIDTH / 2, top + 55 + lettering.step(font) * (number + 0.5)), line, fill=ink, font=font, anchor="mm")


def _calmest(image: Image.Image, height: int) -> int:
    """Where a plate of that height hides least: high up or low down, never in the middle."""
    grey = np.asarray(image.convert("L").resize((24, 40)), float)
    rows = max(1, round(height / HEIGHT * 40))
    places = (4, 36 - rows)
    best = min(places, key=lambda top: float(grey[top : top + rows].std()))
    return best * HEIGHT // 40
