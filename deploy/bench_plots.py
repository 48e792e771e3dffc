"""The picture of `ghostnote bench crowd`, drawn with matplotlib (an extra: it is not needed to serve anybody)."""

import statistics
from pathlib import Path
from typing import Any

WITHOUT = ("static", "continuous", "sequential", "ctranslate2")


def draw(results: dict[str, Any], path: Path) -> None:
    """Tokens a second and memory over the number of chats, with the peers where they were measured. ImportError."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # an extra
    from matplotlib.figure import Figure  # noqa: PLC0415

    counts = results["settings"]["curve"]
    middle = {what: statistics.median(values) for what, values in results["runs"].items()}
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    speed, memory = figure.subplots(1, 2)
    speed.plot(counts, [middle[f"{count} chats"] for count in counts], "o-", label="Ghostnote")
    for number, name in enumerate(WITHOUT, 1):
        there = [(count, middle[f"{name}, {count}"]) for count in counts if f"{name}, {count}" in middle]
        if there:
            speed.plot(*zip(*there, strict=True), "x", color=f"C{number}", markersize=8, label=name)
    speed.set(xscale="log", xticks=counts, xticklabels=counts, xlabel="chats", ylabel="tokens/s, all together")
    speed.set_ylim(bottom=0)
    speed.legend(frameon=False)
    before = results["machine"]["memory"]
    memory.plot(counts, [(middle[f"{count} chats, memory"] - before) / 1e6 for count in counts], "o-")
    memory.set(xscale="log", xticks=counts, xticklabels=counts, xlabel="chats", ylabel="MB beside the model")
    memory.set_ylim(bottom=0)
    for axes in (speed, memory):
        axes.minorticks_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
