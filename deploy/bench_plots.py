"""The pictures of `ghostnote bench`, drawn with matplotlib (an extra: it is not needed to serve anybody)."""

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deploy.bench_rounds import Results

WITHOUT = ("static", "continuous", "sequential", "ctranslate2")


def draw(results: Results, path: Path) -> None:
    """What was measured as a picture. ImportError without matplotlib, OSError, ValueError for a name of no picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # an extra
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(10, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    _KINDS.get(results["bench"], _limits)(results, figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def _crowd(results: Results, figure: Any) -> None:
    """Tokens a second and memory over the number of chats, with the peers where they were measured."""
    counts = results["settings"]["curve"]
    middle = {what: statistics.median(values) for what, values in results["runs"].items()}
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


def _adapters(results: Results, figure: Any) -> None:
    """Milliseconds a step over the number of voices, every round a dot."""
    rounds = {int(count): [1e3 * seconds for seconds in some] for count, some in results["runs"].items()}
    axes, names = figure.subplots(), [str(count) for count in rounds]
    axes.plot(names, [statistics.median(some) for some in rounds.values()], "o-")
    for name, some in zip(names, rounds.values(), strict=True):
        axes.plot([name] * len(some), some, ".", color="0.7", zorder=0)
    axes.set(xlabel="voices", ylabel=f"ms a step of {results['settings']['chats']} chats")
    axes.set_ylim(bottom=0)


def _limits(results: Results, figure: Any) -> None:
    """How many times better than required each judged number is; the line is what is required."""
    lines = [line for line in results["lines"] if line["wanted"]][::-1]
    better = [_better(line) for line in lines]
    axes = figure.subplots()
    axes.barh([line["what"] for line in lines], better, color=["C0" if line["met"] else "C3" for line in lines])
    for at, (line, times) in enumerate(zip(lines, better, strict=True)):
        axes.annotate(f" {line['value']:.3g} ({line['wanted']})", (times, at), va="center")
    axes.axvline(1, color="0.3", linestyle=":")
    axes.set(xlabel="times better than required", xlim=(0, 1.35 * max([1.0, *better])))


def _better(line: Mapping[str, Any]) -> float:
    sign, _, limit = line["wanted"].partition(" ")
    value = max(float(line["value"]), 1e-9)
    return value / float(limit) if sign == ">=" else float(limit) / value


_KINDS: Mapping[str, Callable[[Results, Any], None]] = {"crowd": _crowd, "adapters": _adapters}
