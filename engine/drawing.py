"""The branches of a piece as a picture: one line of text a stretch of passages, the stem at the left. Pillow alone.

Where no font has their letters, words are left out, and the numbers, which `/switch` wants, stay.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence

from PIL import Image, ImageDraw

from engine.branching import Limb
from engine.lettering import font, written
from engine.shades import png

WIDTH, ROW, STEP, LEFT, SIZE = 900, 36, 26, 30, 18
MOST = 160  # rows: more would be no picture of anything
_PAPER, _INK, _PALE, _LIVE = (250, 249, 246), (52, 49, 45), (176, 171, 162), (178, 74, 48)


def draw_branches(limbs: Sequence[Limb]) -> bytes:
    """A PNG: what leads to the live end in red, each branch with its number where it ends."""
    shown = limbs[:MOST]
    image = Image.new("RGB", (WIDTH, ROW * (len(shown) + (len(limbs) > MOST) + 1)), _PAPER)
    pen = ImageDraw.Draw(image)
    for row, limb in enumerate(shown):
        _line(pen, shown, row)
        x, y = _place(limb, row)
        colour = _LIVE if limb.live else _PALE
        pen.ellipse((x - 7, y - 7, x + 7, y + 7), fill=colour if limb.number else _PAPER, outline=colour, width=3)
        name = f"{limb.number}. " if limb.number else ""
        pen.text((x + 18, y - 12), _written(name, limb), fill=_LIVE if limb.ends_live else _INK, font=font(SIZE))
    if len(limbs) > MOST:
        pen.text((LEFT, ROW * (MOST + 0.5)), f"+{len(limbs) - MOST}", fill=_INK, font=font(SIZE))
    return png(image, _PAPER, _INK, _PALE, _LIVE)


def _line(pen: ImageDraw.ImageDraw, shown: Sequence[Limb], row: int) -> None:
    """From what a stretch grows from to where it stands."""
    limb = shown[row]
    from_aside = limb.aside - limb.parts
    above = next((at for at in reversed(range(row)) if shown[at].aside == from_aside), None)
    if above is None:
        return
    (x, y), (up_x, up_y) = _place(limb, row), _place(shown[above], above)
    colour, width = (_LIVE, 4) if limb.live else (_PALE, 3)
    pen.line((up_x, up_y + 8, up_x, y if limb.parts else y - 8), fill=colour, width=width)
    if limb.parts:
        pen.line((up_x, y, x - 8, y), fill=colour, width=width)


def _place(limb: Limb, row: int) -> tuple[int, int]:
    return LEFT + STEP * limb.aside, ROW * row + ROW


def _written(name: str, limb: Limb) -> str:
    words = written(" ".join(limb.opening.split())[:120])
    count = f"  ({limb.passages})" if limb.passages > 1 else ""
    room = WIDTH - LEFT - STEP * limb.aside - 40
    fitting = bisect_right(range(1, len(words) + 1), room, key=lambda end: _width(f"{name}{words[:end]}…{count}"))
    words = words[:fitting]
    cut = "…" if len(words) < len(" ".join(limb.opening.split())) and words else ""
    return f"{name}{words}{cut}{count}"


def _width(text: str) -> int:
    return math.ceil(font(SIZE).getlength(text))
