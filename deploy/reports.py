"""The reports of past learning runs put into rows and drawn over time."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters.runs import Run


def row(run: Run) -> tuple[str, ...]:
    """One run as the cells of a table."""
    verdict = run["verdict"]
    tried = "wins" in verdict
    return (
        str(run["at"])[:16],
        str(run["scope"]),
        "promoted" if verdict["promoted"] else "rejected",
        str(run["votes"]),
        f"{verdict['wins']['mean']:.0%} (at least {max(verdict['wins']['low'], 0):.0%})" if tried else "not tried",
        f"{verdict['accuracy']['mean']:.0%}" if tried else "",
        f"{max(verdict['perplexity_neutral'], verdict['perplexity_liked']) - 1:+.1%}" if tried else "",
        str(run["speaks"] or run["base"]),
    )


def draw(runs: Sequence[Run], target: Path) -> None:
    """Blind wins of every candidate that was tried, over time, with their bounds, a colour for each scope.

    ImportError, OSError.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # an extra
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, scope in enumerate(sorted({str(run["scope"]) for run in runs})):
        mine = [run for run in runs if run["scope"] == scope and "wins" in run["verdict"]]
        for run in mine:
            wins, promoted = run["verdict"]["wins"], run["verdict"]["promoted"]
            moment: Any = datetime.fromisoformat(run["at"])  # matplotlib takes dates, its types do not know
            bars = [[wins["mean"] - wins["low"]], [wins["high"] - wins["mean"]]]
            axes.errorbar([moment], [wins["mean"]], yerr=bars, fmt="o" if promoted else "x",
                          color=f"C{number}", capsize=3, label=scope if run is mine[0] else None)  # fmt: skip
            if promoted:
                axes.annotate(str(run["speaks"]), (moment, wins["mean"]), textcoords="offset points",
                              xytext=(6, 6), fontsize=8)  # fmt: skip
    axes.axhline(0.5, color="grey", linewidth=0.8)
    axes.set(ylim=(0, 1), ylabel="preferred, blind, to the voice before", title="● promoted   × rejected")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", fontsize=8)
    figure.autofmt_xdate()
    figure.savefig(target, dpi=120)
