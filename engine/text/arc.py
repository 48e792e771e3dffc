"""The arc of a piece: how its mood moves from passage to passage, as a line of signs and as a picture.

Two lines, since a mood has two sides: how glad (warm colour) and how lively (cold colour). The picture needs only
Pillow, whose own font has Latin letters; what it cannot write is left out, and the words beside it say it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from engine.shades import png
from engine.text.mood import Mood, nearest

SIGNS = "▁▂▃▄▅▆▇█"
WIDEST = 60
WIDTH, HEIGHT, SIDE, TOP, FOOT = 960, 420, 64, 56, 92
LABELLED = 10
_PAPER, _INK, _FAINT = (250, 248, 243), (40, 38, 34), (214, 208, 196)
_GLAD, _LIVELY = (196, 88, 48), (42, 106, 150)
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Moment:
    """One passage: its number, what it is called in the picture, and its mood (None: not measured)."""

    number: int
    name: str
    felt: Mood | None


def sparkline(values: Sequence[float | None]) -> str:
    """A sign for each value from -1 to 1, a dot where there is none; of many, neighbours share one."""
    step = -(-len(values) // WIDEST)
    groups = [[one for one in values[at : at + step] if one is not None] for at in range(0, len(values), step or 1)]
    return "".join(_sign(sum(group) / len(group)) if group else "·" for group in groups)


def _sign(value: float) -> str:
    return SIGNS[min(len(SIGNS) - 1, int((value + 1) / 2 * len(SIGNS)))]


def draw(title: str, moments: Sequence[Moment], glad: str, lively: str) -> bytes:
    """The arc as a PNG of 960 x 420; `glad` and `lively` name the two lines."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    brush = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(20), ImageFont.load_default(13)
    brush.text((SIDE, 16), _drawable(title)[:60], fill=_INK, font=large)
    for level, sign in ((1.0, "+"), (0.0, "0"), (-1.0, "−")):
        y = _height(level)
        brush.line((SIDE, y, WIDTH - SIDE, y), fill=_FAINT, width=2 if level == 0 else 1)
        brush.text((SIDE - 22, y - 8), sign.replace("−", "-"), fill=_INK, font=small)
    spots = {moment.number: _across(place, len(moments)) for place, moment in enumerate(moments)}
    for side, colour in ((0, _GLAD), (1, _LIVELY)):
        points = [(spots[one.number], _height(one.felt[side])) for one in moments if one.felt]
        if len(points) > 1:
            brush.line(points, fill=colour, width=3, joint="curve")
        for x, y in points:
            brush.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour)
    _label(brush, moments, spots, small)
    _legend(brush, (_drawable(glad), _drawable(lively)), small)
    return png(image, _PAPER, _INK, _FAINT, _GLAD, _LIVELY)


def _label(brush: ImageDraw.ImageDraw, moments: Sequence[Moment], spots: dict[int, float], font: Font) -> None:
    """Number, mood and first words under each passage, or under every nth where they are many."""
    every = max(1, -(-len(moments) // LABELLED))
    room = (WIDTH - 2 * SIDE) / max(1, min(len(moments), LABELLED)) - 6
    for moment in moments[::every]:
        words = _drawable(moment.name)
        near = nearest(moment.felt) if moment.felt else ""
        for line, text in enumerate((str(moment.number), near, words)):
            shown = _fit(brush, text, room, font)
            x = spots[moment.number] - brush.textlength(shown, font) / 2
            brush.text((x, HEIGHT - FOOT + 14 + 18 * line), shown, fill=_INK, font=font)


def _legend(brush: ImageDraw.ImageDraw, names: tuple[str, str], font: Font) -> None:
    x = float(WIDTH - SIDE)
    for name, colour in zip(reversed(names), (_LIVELY, _GLAD), strict=True):
        x -= brush.textlength(name, font) + 26
        brush.ellipse((x, 22, x + 9, 31), fill=colour)
        brush.text((x + 14, 18), name, fill=_INK, font=font)


def _fit(brush: ImageDraw.ImageDraw, text: str, room: float, font: Font) -> str:
    while text and brush.textlength(text, font) > room:
        text = text[:-1]
    return text.rstrip()


def _across(place: int, count: int) -> float:
    inner = WIDTH - 2 * SIDE - 60
    return SIDE + 30 + (inner / 2 if count == 1 else inner * place / (count - 1))


def _height(value: float) -> float:
    return TOP + (1 - value) / 2 * (HEIGHT - TOP - FOOT)


def _drawable(text: str) -> str:
    """What Pillow's own font has letters for, in one line."""
    plain = " ".join(text.split()).translate(
        {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2014: "-", 0x2026: "..."}
    )
    return plain if plain.isascii() or all(ord(letter) < 0x180 for letter in plain) else ""
