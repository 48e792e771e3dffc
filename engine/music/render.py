"""MIDI to something one can hear and see: OGG/Opus audio, and a piano-roll picture.

Sound comes from `midirenderer` with a General MIDI soundfont that is used where it lies: Debian's, or the small one
inside pretty_midi. Both are someone else's work under their own licences, so neither is ever copied or shipped. Without
either, pretty_midi's sine waves still make a preview. Every preview is about equally loud, rings out after its last
note and ends in silence; of a very long file it has the beginning.
"""

import colorsys
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from itertools import accumulate
from pathlib import Path

import midirenderer
import mido  # type: ignore[import-untyped] # ships no types
import numpy as np
import pretty_midi  # type: ignore[import-untyped] # ships no types
import soundfile  # type: ignore[import-untyped] # ships no types
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engine.music.arrange import Part
from engine.music.phrase import CELL, Metre

RATE = 48_000  # Opus knows no 44.1 kHz
PEAK = 0.891  # -1 dBFS: louder clips in lossy decoders
LOUDNESS = 0.135  # root mean square of what sounds, about -17 dBFS: music beside speech in a chat
LONGEST = 180  # seconds of a preview
_RING, _FADE = 2.5, 0.6  # seconds after the last event, and of these at most so many to fade
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
    """The file as mono OGG ("opus" or "vorbis") at 48 kHz, peaks at -1 dBFS at most, faded out at the end."""
    samples = _mastered(_resampled(*_synthesised(_prepared(midi))))
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
            x, y = int(left + start * across / CELL), height - (pitch - low + 1) * down
            pen.rounded_rectangle((x, y + 1, x + max(3, int(length * across / CELL) - 2), y + down - 1), 2, fill=colour)
    for part in drums:
        for note in part.notes:
            x, y = int(left + note.start * across / CELL), height + 8 + note.pitch % 4 * 6
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


def _prepared(midi: bytes) -> bytes:
    """The file with time to ring out at its end, or cut off where the preview ends."""
    file = mido.MidiFile(file=BytesIO(midi), clip=True)
    tempi = sorted((at, m.tempo) for t in file.tracks for at, m in _timed(t) if m.type == "set_tempo")
    end = max(at for track in file.tracks for at, _ in _timed(track))
    last = min(end + _ticks_of(_RING, tempi[-1][1] if tempi else 500_000, file), _tick_at(LONGEST, tempi, file))
    for track in file.tracks:
        rows = [(at, m) for at, m in _timed(track) if at < last and m.type != "end_of_track"]
        rows.append((last, mido.MetaMessage("end_of_track")))
        before = [0, *(at for at, _ in rows)]
        track[:] = [m.copy(time=at - was) for (at, m), was in zip(rows, before, strict=False)]
    out = BytesIO()
    file.save(file=out)
    return out.getvalue()


def _timed(track: mido.MidiTrack) -> list[tuple[int, mido.Message]]:
    """Each message with the tick at which it stands."""
    return list(zip(accumulate(message.time for message in track), track, strict=True))


def _ticks_of(seconds: float, tempo: int, file: mido.MidiFile) -> int:
    return int(mido.second2tick(seconds, file.ticks_per_beat, tempo))


def _tick_at(seconds: float, tempi: Sequence[tuple[int, int]], file: mido.MidiFile) -> int:
    """The tick that sounds so many seconds after the beginning."""
    at, tempo, left = 0, 500_000, seconds
    for change, new in tempi:
        lasts = float(mido.tick2second(change - at, file.ticks_per_beat, tempo))
        if lasts >= left:
            break
        left, at, tempo = left - lasts, change, new
    return at + _ticks_of(left, tempo, file)


def _mastered(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """As loud as other previews with its peaks rounded off, silence at the end cut, and faded to nothing."""
    peak = float(np.abs(samples).max()) if samples.size else 0.0
    if peak <= 0:
        return samples
    # What is quieter than a fiftieth of the peak counts as silence, so that rests do not make a piece loud.
    heard = samples[np.abs(samples) > 0.02 * peak]
    samples = _limited(samples * (LOUDNESS / float(np.sqrt((heard**2).mean()))))
    loud = np.flatnonzero(np.abs(samples) > 0.003)
    samples = samples[: int(loud[-1]) + RATE // 20] if loud.size else samples
    rise, fall = min(len(samples), RATE // 200), min(len(samples), int(_FADE * RATE))
    samples[:rise] *= np.linspace(0.0, 1.0, rise)
    samples[len(samples) - fall :] *= np.cos(np.linspace(0.0, np.pi / 2, fall)) ** 2
    return samples


def _limited(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Peaks above half of the range bent towards -1 dBFS, which they never reach; below, nothing changes."""
    knee = 0.5
    size = np.abs(samples)
    bent = knee + (PEAK - knee) * np.tanh((size - knee) / (PEAK - knee))
    limited: NDArray[np.float64] = np.where(size > knee, np.sign(samples) * bent, samples)
    return limited


def _resampled(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Linear interpolation to 48 kHz: inaudible for a preview, and no library is needed for it."""
    if rate == RATE or not samples.size:
        return samples
    count = round(len(samples) * RATE / rate)
    stretched: NDArray[np.float64] = np.interp(np.arange(count) * (rate / RATE), np.arange(len(samples)), samples)
    return stretched
