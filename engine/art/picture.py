"""A sketch as a PNG: a cover, or a palette as five stripes with what each is called in code. Pure but for Pillow."""

import io

from PIL import Image, ImageDraw

from engine.art.colour import contrast
from engine.art.cover import paint
from engine.art.sketch import Sketch
from engine.lettering import font

STRIPE, TALL, SIZE = 220, 480, 34
_INKS = ("#16161a", "#f7f6f2")


def png(sketch: Sketch) -> bytes:
    """The picture of a sketch as a PNG in 256 colours of its own."""
    image = paint(sketch) if sketch.kind == "cover" else _swatches(sketch.colours)
    out = io.BytesIO()
    image.quantize(256, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _swatches(colours: tuple[str, ...]) -> Image.Image:
    image = Image.new("RGB", (STRIPE * len(colours), TALL))
    pen = ImageDraw.Draw(image)
    for number, colour in enumerate(colours):
        pen.rectangle((STRIPE * number, 0, STRIPE * (number + 1) - 1, TALL), fill=colour)
        ink = max(_INKS, key=lambda ink: contrast(ink, colour))
        pen.text((STRIPE * (number + 0.5), TALL - 50), colour, fill=ink, font=font(SIZE), anchor="mm")
    return image
