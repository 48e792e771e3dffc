"""The commands that learn, measure and time music, and learn looks: `ghostnote learn music`, `learn looks`,
`eval music`, `bench music`.

They stand beside `deploy/cli` because they share a progress bar and are for owners only. Torch and the rest are
imported by the command that needs them.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from bot.wording import error as sentence
from deploy.bench_commands import Plot, show
from deploy.bench_rounds import Kept
from engine.errors import EngineError

learn_app = typer.Typer(no_args_is_help=True, help="Learn: voices from what people like, weights from scratch.")
eval_app = typer.Typer(no_args_is_help=True, help="How good it is, measured.")
out = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@learn_app.command(name="music")
def learn_music(
    folder: Annotated[Path, typer.Option(help="where the run keeps its state; run again to go on")] = Path(
        "runs/music"
    ),
    into: Annotated[Path, typer.Option("--out", help="the folder for the finished files")] = Path("runs/music/weights"),
    minutes: Annotated[float, typer.Option(min=0.1, help="how long to train, all runs together")] = 180.0,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    control: Annotated[str, typer.Option(help="cross-entropy or one-shot: a control of the table instead")] = "",
    tensorboard: Annotated[Path | None, typer.Option(help="write scalars for TensorBoard there")] = None,
) -> None:
    """Train the music GAN from music21's public-domain scores; resumes where a run was stopped."""
    from deploy import learn_music as work  # noqa: PLC0415

    if control not in ("", "cross-entropy", "one-shot"):
        raise typer.BadParameter("a control is cross-entropy or one-shot")
    with _problems(), _bar() as bar:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: float, words: str) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=1.0)
            bar.update(tasks[stage], completed=done, description=f"{stage}: {words}")

        chosen = work.settings(folder, minutes, seed, control)  # type: ignore[arg-type]
        last = work.learn(chosen, into, control, tensorboard, report)  # type: ignore[arg-type]
    losses = ", ".join(f"{name} {value:g}" for name, value in last.items())
    out.print(f"Written to {into}. {losses}")


@learn_app.command(name="looks")
def learn_looks(
    into: Annotated[Path, typer.Option("--out", help="the folder for the finished files")] = Path("runs/looks"),
    cache: Annotated[Path, typer.Option(help="where downloads are kept")] = Path("corpora/.cache"),
) -> None:
    """Train the two small GANs behind /palette and /cover, from palettes and photographs in npm packages."""
    from deploy import learn_looks as work  # noqa: PLC0415
    from deploy.corpora.sources import MissingSource, read  # noqa: PLC0415

    with _problems(), _bar() as bar:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: float, losses: Mapping[str, float]) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=1.0)
            words = ", ".join(f"{name} {value:.2f}" for name, value in losses.items())
            bar.update(tasks[stage], completed=done, description=f"{stage}: {words}")

        try:
            found = work.learn(into, lambda source: read(source, None, cache), report)
        except MissingSource as missing:
            err.print(f"{missing}.")
            raise typer.Exit(1) from None
    out.print(f"Written to {into}. {', '.join(f'{name} {value:.3f}' for name, value in found.items())}")


@eval_app.command(name="music")
def eval_music(
    samples: Annotated[
        int, typer.Option(min=2, help="of chorales and of tunes, with every seed; a fifth of the rest")
    ] = 200,
    seeds: Annotated[int, typer.Option(min=1, help="how many: 1, 2, 3 ...")] = 3,
    jobs: Annotated[int, typer.Option(min=1, help="processes")] = 2,
    save: Annotated[Path | None, typer.Option("--json", help="write the numbers there")] = None,
    plots: Annotated[Path | None, typer.Option(help="draw pictures into this folder")] = None,
) -> None:
    """The table of docs/music.md: what the weights make, against held-out music and controls."""
    from deploy import evaluate_music as work  # noqa: PLC0415

    with _problems(), _bar() as bar:
        task = bar.add_task("samples", total=None)
        results = work.measure(
            samples, range(1, seeds + 1), jobs, lambda done, of: bar.update(task, completed=done, total=of), plots
        )
    for table in work.tables(results):
        out.print(table)
    _save(results, save)


def bench_music(
    runs: Annotated[int, typer.Option(min=1, help="rounds in which the requests take turns")] = 7,
    threads: Annotated[int, typer.Option(min=1, help="of the network; the product uses one")] = 1,
    save: Annotated[Path | None, typer.Option(help="write the numbers there, as JSON, after every round")] = None,
    plot: Plot = None,
) -> None:
    """Eight bars with four candidates: the notes, and the notes with sound and picture."""
    from deploy import bench_music as work  # noqa: PLC0415

    kept = Kept(save)
    with _problems(), _bar() as bar:
        task = bar.add_task("pieces", total=None)
        results = work.music(runs, threads, lambda done, of: bar.update(task, completed=done, total=of), kept)
    show(results, kept, plot)


def _save(results: dict[str, Any], path: Path | None) -> None:
    if path:
        path.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True)


@contextmanager
def _problems() -> Iterator[None]:
    """What the owner can mend is one sentence on stderr and status 1."""
    try:
        yield
    except EngineError as problem:
        err.print(sentence(problem, "en"))
        raise typer.Exit(1) from None
    except (OSError, ImportError) as problem:
        err.print(f"This cannot be done here: {problem}.")
        raise typer.Exit(1) from None
