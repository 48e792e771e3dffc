"""Drawings of a few colours as small PNGs: every pixel is a shade between the paper and one of the inks.

A palette that is known beforehand costs a twentieth of one that is looked for, and the file is a tenth of one in full
colour; the drawings of this house are made of lines and letters, which have no other colours.
"""

from collections.abc import Iterable
from functools import cache
from io import BytesIO

from PIL import Image

Colour = tuple[int, int, int]
STEPS = 16


def png(image: Image.Image, paper: Colour, *inks: Colour) -> bytes:
    """The image, in at most 16 inks, as a PNG; what is of another colour gets the nearest there is."""
    out = BytesIO()
    image.quantize(palette=_palette(paper, inks), dither=Image.Dither.NONE).save(out, "PNG")
    return out.getvalue()


@cache
def _palette(paper: Colour, inks: tuple[Colour, ...]) -> Image.Image:
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for ink in inks for step in range(STEPS) for part in _mixed(paper, ink, step)])
    return palette


def _mixed(paper: Colour, ink: Colour, step: int) -> Iterable[int]:
    return (round(a + (b - a) * step / (STEPS - 1)) for a, b in zip(paper, ink, strict=True))
