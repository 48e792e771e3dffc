"""The picture of `ghostnote eval text`, drawn with matplotlib (an extra: it is not needed to serve anybody)."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt


def matrix(bits: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """Write a picture of voice against style: per cent of the base's bits a character, darker is better."""
    mpl.use("Agg")
    base = bits["base"]
    voices, styles = [voice for voice in bits if voice != "base"], list(base)
    values = [[100 * (bits[voice][style] / base[style] - 1) for style in styles] for voice in voices]
    figure, axes = plt.subplots(figsize=(1.4 * len(styles) + 1.5, 0.8 * len(voices) + 1.5))
    shown = axes.imshow(values, cmap="RdYlGn_r", vmin=-20, vmax=20)
    axes.set_xticks(range(len(styles)), styles)
    axes.set_yticks(range(len(voices)), voices)
    axes.set_xlabel("held-out passages of")
    axes.set_ylabel("voice")
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            axes.text(column, row, f"{value:+.1f} %", ha="center", va="center")
    figure.colorbar(shown, label="bits a character against the base, %")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)
