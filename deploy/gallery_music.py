"""`python -m deploy.gallery_music`: writes docs/gallery/music, ten pieces exactly as the composer gives them (T).

Ten more are made and listened to only: what can be heard by counting (loudness, clipping, silence, where the spectrum
lies) stands in a table for all twenty. Who runs it with the same weights gets the same notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile  # type: ignore[import-untyped]
import torch

from bot import wording
from engine.music import perform
from engine.music.composer import Composer
from engine.music.metrics import ends_at_home, motif_repetition
from engine.music.orders import Order
from engine.music.phrase import notes_of
from engine.music.score import Score
from engine.music.wishes import read_wish

TARGET = Path("docs/gallery/music")
KEPT = 10
FIRST_SEED = 100
WISHES = (
    ("waltz", "8 bars melancholy waltz in D minor, 90 bpm, piano and strings"),
    ("reel", "16 bars reel in G, 104 bpm, fiddle, guitar and bass"),
    ("chorale", "chorale in F major, 8 bars, 72 bpm, organ"),
    ("chorale", "chorale in G minor, 8 bars, 66 bpm, violin, viola, cello and bassoon"),
    ("jig", "jig in A major, 16 bars, 165 bpm, whistle, guitar"),
    ("ballad", "tender ballad in Eb major, 8 bars, 66 bpm, piano"),
    ("march", "march in Bb major, 16 bars, 112 bpm, trumpet, brass, tuba, drums"),
    ("pop", "pop in C major, 8 bars, 116 bpm"),
    ("electronic", "electronic in F minor, 16 bars, 124 bpm"),
    ("folk", "8小节 民谣 E小调 四三拍 每分钟100拍 长笛和竖琴"),
    ("hornpipe", "8 bars hornpipe in D major, accordion and guitar"),
    ("strathspey", "8 bars strathspey in A mixolydian"),
    ("chorale", "12 bars chorale in D major, choir"),
    ("waltz", "joyful waltz in C major, 16 bars"),
    ("reel", "32 bars reel in E minor"),
    ("ballad", "dark ballad in B minor, 12 bars, cello and piano"),
    ("pop", "heroic pop in A major, 16 bars"),
    ("jig", "8 bars jig in G major, 2 variants"),
    ("march", "march in F major, 2/4, 8 bars"),
    ("folk", "calm folk tune in D dorian, 16 bars, flute and harp"),
)
HEAD = """# Ten typical pieces, and twenty listened to

Written by `python -m deploy.gallery_music`: the first answer to each wish, not the best of many. Beside each MIDI file
lie its sound and its piano roll; the last ten were made and listened to only.

Columns: notes a bar of the melody; the share of its four-note motifs that return; whether it ends on the tonic; then of
the sound: peak and mean loudness in dB below full scale, samples at full scale (clipping), the longest silence in
seconds before the last note has faded, and the frequency below which half of the power lies.

| piece | understood as | form | seed | notes | motifs % | home | peak | loudness | clipped | silence | half below, Hz |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """What counting can hear in a recording; decibels are below full scale, silence is in seconds."""

    peak: float
    loudness: float
    clipped: int
    silence: float
    middle: float


def listen(ogg: bytes) -> Heard:
    """Decode a recording and measure it."""
    samples, rate = soundfile.read(BytesIO(ogg), dtype="float32")
    mono = samples if samples.ndim == 1 else samples.mean(1)
    frame = rate // 20
    frames = mono[: len(mono) // frame * frame].reshape(-1, frame)
    loud = np.sqrt((frames**2).mean(1)) > 1e-3  # -60 dB
    power = (np.abs(np.fft.rfft(mono)) ** 2).cumsum()
    middle = int(np.searchsorted(power, power[-1] / 2)) * rate / len(mono)
    return Heard(
        _decibels(float(np.abs(mono).max())),
        _decibels(float(np.sqrt((mono**2).mean()))),
        int((np.abs(mono) >= 1.0).sum()),
        _longest_gap(loud) * frame / rate,
        float(middle),
    )


def _decibels(value: float) -> float:
    return 20 * float(np.log10(max(value, 1e-9)))


def _longest_gap(loud: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """The longest run of quiet frames between the first loud one and the last."""
    at = np.flatnonzero(loud)
    return int(np.diff(at).max()) - 1 if len(at) > 1 else len(loud)


def row(name: str, words: str, score: Score, heard: Heard) -> str:
    """One line of the table."""
    phrase = score.phrase
    notes = len(notes_of(phrase.lanes[0])) / phrase.bars
    cells = (
        name, wording.describe(read_wish(words), "en"), score.form, str(score.seed), f"{notes:.1f}",
        f"{motif_repetition(phrase):.0f}", "yes" if ends_at_home(phrase) else "no", f"{heard.peak:.1f}",
        f"{heard.loudness:.1f}", str(heard.clipped), f"{heard.silence:.2f}", f"{heard.middle:.0f}",
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |\n"


def write(folder: Path, wishes: Sequence[tuple[str, str]] = WISHES, kept: int = KEPT) -> str:
    """Make the pieces, keep the first ones as files, and write the page; returns its text. Takes a minute."""
    torch.set_num_threads(1)
    composer = Composer.load()
    folder.mkdir(parents=True, exist_ok=True)
    page = HEAD
    for number, (style, words) in enumerate(wishes):
        score, midi = perform.perform(composer, Order("compose", words=words), None, None, FIRST_SEED + number, 1)[0]
        files = {"mid": midi, "ogg": perform.RENDER["ogg"](score, midi), "png": perform.RENDER["png"](score, midi)}
        name = f"{number + 1:02}-{style}"
        if number < kept:
            for kind, content in files.items():
                (folder / f"{name}.{kind}").write_bytes(content)
        page += row(f"`{name}`" if number < kept else style, words, score, listen(files["ogg"]))
    (folder / "README.md").write_text(page, "utf-8")
    return page


if __name__ == "__main__":
    write(TARGET)
