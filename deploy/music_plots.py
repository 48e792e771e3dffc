"""The pictures of `ghostnote eval music`, drawn with matplotlib (an extra: it is not needed to serve anybody)."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from engine.music.corpus import Piece
from engine.music.evaluate import held_out
from engine.music.metrics import duration_histogram, interval_histogram, onset_histogram, shuffled
from engine.music.phrase import Phrase

Made = Mapping[str, Sequence[Phrase]]
WIDTH = 0.8


def draw(folder: Path, made: Made, held: Sequence[Piece]) -> list[Path]:
    """Write the pictures into a folder, and say which: intervals and durations of chorales, rhythms of tunes."""
    mpl.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    four, tunes = held_out(held)
    chorales = {"held-out": four, "made": made["chorale"], "cross-entropy only": made["cross-entropy only"],
                "one-shot": made["one-shot"], "voices shuffled": shuffled(four)}  # fmt: skip
    reels = [p for p in tunes if p.metre.name == "4/4"]
    folk = {"held-out": reels, "made": [p for p in made["folk"] if p.metre.name == "4/4"],
            "cross-entropy only": [p for p in made["folk, cross-entropy only"] if p.metre.name == "4/4"]}  # fmt: skip
    return [
        _bars(folder / "music-chorale-intervals.png", "Four voices: moves by semitones",
              {name: interval_histogram(some) for name, some in chorales.items()}, range(-12, 13)),
        _bars(folder / "music-chorale-durations.png", "Four voices: lengths in twelfths of a quarter",
              {name: duration_histogram(some) for name, some in chorales.items()}, (3, 6, 9, 12, 18, 24, 36, 48)),
        _bars(folder / "music-folk-intervals.png", "Tunes in four: moves by semitones",
              {name: interval_histogram(some) for name, some in folk.items()}, range(-12, 13)),
        _bars(folder / "music-folk-onsets.png", "Tunes in four: where in the bar notes begin, in twelfths of a quarter",
              {name: onset_histogram(some) for name, some in folk.items()},
              sorted(t + b for b in range(0, 48, 12) for t in (0, 3, 4, 6, 8, 9))),
    ]  # fmt: skip


def _bars(path: Path, title: str, rows: Mapping[str, Counter[Hashable]], keys: Sequence[int]) -> Path:
    figure: Any
    figure, axes = plt.subplots(figsize=(10, 3.2), layout="constrained")
    for number, (name, counts) in enumerate(rows.items()):
        shares = [100 * counts[key] / max(counts.total(), 1) for key in keys]
        places = [i + WIDTH * ((number + 0.5) / len(rows) - 0.5) for i in range(len(keys))]
        axes.bar(places, shares, WIDTH / len(rows), label=name)
    axes.set(title=title, xticks=range(len(keys)), xticklabels=[str(key) for key in keys], ylabel="%")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=90)
    plt.close(figure)
    return path
