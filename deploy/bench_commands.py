"""`ghostnote bench crowd` and `bench adapters`: the serving path, measured; how every benchmark shows what it found.

Torch and the rest are imported by the command that needs them.
"""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from adapters import disk
from deploy import settings as config
from deploy.bench_rounds import Keep, Kept, Results
from deploy.ending import ended
from deploy.settings import Settings, SettingsError

out = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Report = Callable[[int, int], None]
Runs = Annotated[int, typer.Option(min=1, help="interleaved rounds; medians are shown")]
Tokens = Annotated[int, typer.Option(min=4, max=512, help="new tokens a reply")]
Save = Annotated[Path | None, typer.Option("--json", help="write the numbers there, after every round")]


def _drawable(path: Path | None) -> Path | None:
    """Refused before an hour of measuring, not after it."""
    if path and path.suffix not in (".png", ".svg"):
        raise typer.BadParameter(f"{path} is no name of a picture; let it end in .png or .svg")
    if path and find_spec("matplotlib") is None:
        raise typer.BadParameter("there is no picture without the extra `learn`")
    return path


Plot = Annotated[Path | None, typer.Option(callback=_drawable, help="draw the numbers there, as PNG or SVG")]


def bench_crowd(  # options
    runs: Runs = 5,
    tokens: Tokens = 64,
    chats: Annotated[int, typer.Option(min=2, max=64, help="how many are compared with the field")] = 16,
    most: Annotated[int, typer.Option(min=1, max=64, help="up to how many the curve goes")] = 64,
    peers: Annotated[bool, typer.Option(help="measure the field as well")] = True,
    save: Save = None,
    plot: Plot = None,
) -> None:
    """Many chats at once against transformers and CTranslate2, voices, drafts, second turns, 1 to 64 chats."""
    from deploy import bench_crowd as work  # noqa: PLC0415

    plan = work.Plan(runs, tokens, chats, tuple(2**n for n in range(7) if 2**n <= most), work.Plan().peers * peers)
    results = _measured(save, plot, lambda folder, settings, report, keep: work.crowd(
        folder, settings.text_model, settings.device, plan, report, keep))  # fmt: skip
    for sentence in results["left_out"]:
        err.print(sentence, markup=False)


def bench_adapters(runs: Runs = 5, tokens: Tokens = 32, save: Save = None, plot: Plot = None) -> None:
    """What 0, 1, 2, 4, 8 and 16 voices cost in a step of 16 chats."""
    from deploy import bench_adapters as work  # noqa: PLC0415

    _measured(save, plot, lambda folder, settings, report, keep: work.adapters(
        folder, settings.text_model, settings.device, runs, tokens, report, keep))  # fmt: skip


def show(results: Results, kept: Kept, plot: Path | None) -> None:
    """The table, and what was wished beside it; ends the program with a sentence if that cannot be had."""
    from deploy import bench, bench_plots  # noqa: PLC0415

    out.print(bench.table(results))
    kept.settle()
    try:
        if plot:
            bench_plots.draw(results, plot)
    except OSError as refused:
        raise ended(f"{plot} cannot be written: {disk.reason(refused)}", 1) from None


def _measured(save: Path | None, plot: Path | None, work: Callable[[Path, Settings, Report, Keep], Results]) -> Results:
    """Do the work, keep what comes of its rounds, and show the end."""
    from deploy import models  # noqa: PLC0415

    kept = Kept(save)
    try:
        settings = config.load()
        folder = models.ensure(settings.text_model, settings.home)
    except SettingsError as wrong:
        raise ended(str(wrong), 2) from None
    except models.ModelError as missing:
        raise ended(str(missing), 1) from None
    with Progress(TextColumn("measuring"), BarColumn(), TimeElapsedColumn(), console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        results = work(folder, settings, lambda done, of: bar.update(task, completed=done, total=of), kept)
    show(results, kept, plot)
    return results
