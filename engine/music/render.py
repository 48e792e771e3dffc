"""MIDI to something one can hear and see: OGG/Opus audio, and a piano-roll picture.

Sound comes from `midirenderer` with a General MIDI soundfont that is used where it lies: Debian's, or the small one
inside pretty_midi. Both are someone else's work under their own licences, so neither is ever copied or shipped. Without
either, pretty_midi's sine waves still make a preview.
"""

import colorsys
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import midirenderer
import numpy as np
import pretty_midi  # type: ignore[import-untyped] # ships no types
import soundfile  # type: ignore[import-untyped] # ships no types
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engine.music.arrange import Part
from engine.music.phrase import CELL, Metre

RATE = 48_000  # Opus knows no 44.1 kHz
PEAK = 0.891  # -1 dBFS: louder clips in lossy decoders
_DEBIAN = ("FluidR3_GM.sf2", "default-GM.sf2", "TimGM6mb.sf2")
_PAPER, _BAR, _BEAT, _TEXT = (250, 249, 246), (196, 192, 184), (228, 225, 218), (90, 86, 80)


def find_soundfont() -> Path | None:
    """A General MIDI soundfont installed on this machine, or None."""
    shared = Path("/usr/share/sounds/sf2")
    places = [shared / name for name in _DEBIAN]
    spec = find_spec("pretty_midi")
    if spec is not None and spec.origin is not None:
        places.append(Path(spec.origin).parent / "TimGM6mb.sf2")
    return next((place for place in places if place.is_file()), None)


def render_audio(midi: bytes, kind: str = "opus") -> bytes:
    """The file as mono OGG ("opus" or "vorbis") at 48 kHz, peak at -1 dBFS, with its last notes faded out."""
    samples = _resampled(*_synthesised(midi))
    peak = float(np.abs(samples).max()) if samples.size else 0.0
    if peak > 0:
        samples = samples * (PEAK / peak)
    out = BytesIO()
    soundfile.write(out, samples, RATE, format="OGG", subtype=kind.upper())
    return out.getvalue()


def draw_roll(parts: Sequence[Part], metre: Metre, bars: int, title: str = "") -> bytes:
    """A PNG of all parts, time to the right and pitch upwards, one colour a part; drums on a strip below."""
    pitched = [part for part in parts if not part.drums and part.notes]
    pitches = [note.pitch for part in pitched for note in part.notes] or [60]
    low, high = min(pitches) - 2, max(pitches) + 2
    across, down, left, top = max(3, 1400 // max(bars * metre.bar, 1)), 8, 44, 44
    width, height = left + bars * metre.bar * across + 16, top + (high - low + 1) * down
    drums = [part for part in parts if part.drums]
    image = Image.new("RGB", (width, height + (40 if drums else 12)), _PAPER)
    pen = ImageDraw.Draw(image)
    for cell in range(0, bars * metre.bar + 1, metre.pulse):
        x, is_bar = left + cell * across, cell % metre.bar == 0
        pen.line((x, top, x, height), fill=_BAR if is_bar else _BEAT, width=2 if is_bar else 1)
        if is_bar and cell < bars * metre.bar:
            pen.text((x + 3, top - 14), str(cell // metre.bar + 1), fill=_TEXT)
    for pitch in range(-(-low // 12) * 12, high + 1, 12):
        pen.text((8, height - (pitch - low + 1) * down - 3), f"C{pitch // 12 - 1}", fill=_TEXT)
        pen.line((left, height - (pitch - low) * down, width - 16, height - (pitch - low) * down), fill=_BEAT)
    for index, part in reversed(list(enumerate(pitched))):
        colour = _colour(index, len(pitched))
        for start, length, pitch, _ in part.notes:
            x, y = left + start * across // CELL, height - (pitch - low + 1) * down
            pen.rounded_rectangle((x, y + 1, x + max(3, length * across // CELL - 2), y + down - 1), 2, fill=colour)
    for part in drums:
        for note in part.notes:
            x, y = left + note.start * across // CELL, height + 8 + note.pitch % 4 * 6
            pen.rectangle((x, y, x + 3, y + 4), fill=_TEXT)
    _legend(pen, pitched, title)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _legend(pen: ImageDraw.ImageDraw, parts: Sequence[Part], title: str) -> None:
    x = 44
    for index, part in enumerate(parts):
        pen.rectangle((x, 10, x + 9, 19), fill=_colour(index, len(parts)))
        pen.text((x + 14, 9), part.name, fill=_TEXT)
        x += 30 + round(pen.textlength(part.name))
    # The built-in font has Latin letters only; other titles are left to the caption beside the picture.
    if title.isascii():
        pen.text((x + 10, 9), title, fill=_TEXT)


def _colour(index: int, count: int) -> tuple[int, int, int]:
    red, green, blue = colorsys.hls_to_rgb((0.58 + index / max(count, 1)) % 1.0, 0.46, 0.55)
    return round(red * 255), round(green * 255), round(blue * 255)


@lru_cache(maxsize=1)
def _soundfont() -> bytes | None:
    path = find_soundfont()
    return path.read_bytes() if path else None


def _synthesised(midi: bytes) -> tuple[NDArray[np.float64], int]:
    """Mono samples and their rate."""
    font = _soundfont()
    if font is None:
        plain = pretty_midi.PrettyMIDI(BytesIO(midi))
        waves: NDArray[np.float64] = plain.synthesize(fs=24_000)
        return waves, 24_000
    samples, rate = soundfile.read(BytesIO(midirenderer.render_wave_from(font, midi)), always_2d=True)
    mono: NDArray[np.float64] = samples.mean(axis=1)
    return mono, int(rate)


def _resampled(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Linear interpolation to 48 kHz: inaudible for a preview, and no library is needed for it."""
    if rate == RATE or not samples.size:
        return samples
    count = round(len(samples) * RATE / rate)
    stretched: NDArray[np.float64] = np.interp(np.arange(count) * (rate / RATE), np.arange(len(samples)), samples)
    return stretched
