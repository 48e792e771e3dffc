"""Letters on pictures: the fonts that a machine has, looked for once, and lines that fit.

Words that no font here can write are left out, which is better than rows of boxes.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Hand = Literal["plain", "title"]

_FONTS: Mapping[Hand, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "plain": (("NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "wqy-microhei.ttc"), ("DejaVuSans.ttf",)),
    "title": (
        ("NotoSerifCJK-Bold.ttc", "NotoSansCJK-Bold.ttc", "NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf",
         "wqy-microhei.ttc"),
        ("DejaVuSerif-Bold.ttf", "LiberationSerif-Bold.ttf", "DejaVuSans.ttf"),
    ),
}  # fmt: skip
"""For each hand the fonts with Chinese, and those with most letters but without."""
_SHELVES = (Path("/usr/share/fonts"), Path("/Library/Fonts"), Path("/System/Library/Fonts"))
_IDEOGRAPHS = "⺀"  # from here on a sign is a word, or nearly
_LEADING = 1.25


@cache
def font(size: int, hand: Hand = "plain") -> Font:
    """The font with most letters, in pixels; where none is installed, Pillow's own."""
    path = _found(hand, wide=False)
    return ImageFont.truetype(str(path), size) if path else ImageFont.load_default(size)


def written(words: str) -> str:
    """The words, "" if no font can write them."""
    wide = any(sign >= _IDEOGRAPHS for sign in words)
    return words if words.isascii() or _found("plain", wide=wide) else ""


def step(face: Font) -> int:
    """From line to line, in pixels."""
    box = face.getbbox("Ågpy")
    return round((box[3] - box[1]) * _LEADING)


def fitted(text: str, wide: int, high: int, sizes: tuple[int, ...]) -> tuple[tuple[str, ...], Font]:
    """A title in lines that fit into so many pixels, in the largest of the sizes that does; cut in the last one."""
    words = written(" ".join(text.split()))
    for size in sizes:
        face = font(size, "title")
        lines = _lines(words, face, wide)
        if len(lines) * step(face) <= high and all(face.getlength(line) <= wide for line in lines):
            return lines, face
    most = max(1, high // step(face))
    kept = [line if face.getlength(line) <= wide else _cut(line, face, wide) for line in lines[:most]]
    if len(lines) > most:
        kept[-1] = _cut(kept[-1], face, wide)
    return tuple(kept), face


def _lines(text: str, face: Font, wide: int) -> tuple[str, ...]:
    """Broken between words, and between Chinese characters."""
    lines = [""]
    for part in _parts(text):
        if lines[-1] and face.getlength((lines[-1] + part).rstrip()) > wide:
            lines.append("")
        lines[-1] += part
    return tuple(line.strip() for line in lines if line.strip())


def _parts(text: str) -> list[str]:
    parts = [""]
    for sign in text:
        if parts[-1].endswith(" ") or sign >= _IDEOGRAPHS or parts[-1][-1:] >= _IDEOGRAPHS:
            parts.append("")
        parts[-1] += sign
    return parts


def _cut(line: str, face: Font, wide: int) -> str:
    while line and face.getlength(f"{line}…") > wide:
        line = line[:-1].rstrip()
    return f"{line}…"


@cache
def _found(hand: Hand, *, wide: bool) -> Path | None:
    everything, most = _FONTS[hand]
    files = _files()
    return next((files[name] for name in (*everything, *(() if wide else most)) if name in files), None)


@cache
def _files() -> Mapping[str, Path]:
    return {path.name: path for shelf in _SHELVES if shelf.is_dir() for path in shelf.rglob("*.[to]t[fc]")}
