"""`ghostnote learn preferences`, `learn taste` and `learn report`: from votes to a voice, and how it has gone so far.

One sentence on stderr for whatever keeps it from learning: status 2 for an argument or setting that cannot be, 1 for
anything else. A candidate that was refused is a result, not a problem: status 0.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from adapters.manifest import RegistryError
from adapters.registry import Scope
from adapters.runs import Runs
from deploy import settings as config
from deploy.bench_commands import Plot, show
from deploy.bench_rounds import Kept
from deploy.ending import ended
from deploy.music_commands import learn_app
from deploy.settings import Settings, SettingsError

NICE = 10
STAGES = {
    "rehearsing": "writing more to choose from",
    "pairs": "learning from pairs",
    "thumbs": "learning from single thumbs",
    "judging": "judging it against the live voice",
}
_piped = not sys.stdout.isatty()
out = Console(highlight=False, soft_wrap=True, width=240 if _piped else None)
err = Console(stderr=True, highlight=False, soft_wrap=True)


Scopes = Annotated[
    list[str] | None,
    typer.Option("--scope", help="as in `adapters`; may stand again; else GHOSTNOTE_LEARN_SCOPES"),
]
IfDue = Annotated[bool, typer.Option("--if-due", help="only if enough is new; for a timer")]


def _asked(scopes: list[str] | None) -> tuple[Settings, list[Scope]]:
    """The settings, and for whom to learn."""
    try:
        settings = config.load()
        return settings, [Scope.read(one.strip()) for one in scopes or settings.learn_scopes.split(",") if one.strip()]
    except (SettingsError, RegistryError) as wrong:
        raise ended(str(wrong), 2) from None


@learn_app.command()
def taste(scope: Scopes = None, if_due: IfDue = False) -> None:
    """Learn from votes on music which of several candidates people would rather hear."""
    from deploy.learn_taste import TasteError, learn, waits  # noqa: PLC0415
    from deploy.problems import DATABASE_PROBLEMS, database_words  # noqa: PLC0415

    settings, scopes = _asked(scope)

    async def learnt(where: Scope) -> str:
        return (if_due and await waits(settings, where)) or (await learn(settings, where)).words

    failed = False
    for where in scopes:
        try:
            out.print(f"{where.key}: {asyncio.run(learnt(where))}", markup=False)
        except (TasteError, *DATABASE_PROBLEMS) as problem:
            _complain(where, problem if isinstance(problem, TasteError) else database_words(problem))
            failed = True
    raise typer.Exit(1 if failed else 0)


def _complain(scope: Scope, problem: object) -> None:
    err.print(f"{scope.key}: {str(problem).rstrip('.')}.", markup=False)


@learn_app.command()
def preferences(scope: Scopes = None, if_due: IfDue = False) -> None:
    """Learn from votes, picks, retries and edits; what wins blind goes live, anything else is reported."""
    settings, scopes = _asked(scope)
    if settings.text_model == "echo":
        raise ended("the echo model only repeats and cannot learn; set GHOSTNOTE_TEXT_MODEL", 1)
    os.nice(NICE)
    os.environ.setdefault("OMP_NUM_THREADS", str(settings.learn_threads))  # numpy's products read it once
    failed = False
    for one in scopes:
        failed |= not _learn(settings, one, if_due=if_due)
    raise typer.Exit(1 if failed else 0)


def _learn(settings: Settings, scope: Scope, *, if_due: bool) -> bool:
    """One scope; whether it came to an end."""
    from deploy import learn, preferences  # noqa: PLC0415
    from deploy.problems import DATABASE_PROBLEMS, database_words  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        steps: dict[str, TaskID] = {}

        def report(stage: str, step: int, of: int, loss: float) -> None:
            if stage not in steps:
                steps[stage] = bar.add_task(STAGES.get(stage, stage), total=None)
            bar.update(steps[stage], completed=step, total=of, description=f"{STAGES.get(stage, stage)}, {loss:.3f}")

        async def gather() -> Any:
            return await preferences.gathered(settings, scope, settings.text_model)

        try:
            done = asyncio.run(learn.learn(settings, scope, gather, report, if_due=if_due))
        except (learn.LearnError, *DATABASE_PROBLEMS) as problem:
            bar.stop()
            _complain(scope, problem if isinstance(problem, learn.LearnError) else database_words(problem))
            return False
    out.print(f"{done.scope}: {done.words}", markup=False)
    if done.ended == "promoted":
        out.print(f"{done.speaks} speaks there from the next message on.", markup=False)
    return True


@learn_app.command(name="report")
def show_report(
    as_json: Annotated[bool, typer.Option("--json", help="everything, for programs")] = False,
    plot: Annotated[Path | None, typer.Option(help="draw the versions over time into this PNG")] = None,
    last: Annotated[int, typer.Option(min=1, help="how many runs")] = 10,
) -> None:
    """How the last learning runs went: what was tried, on how many votes, and why it was promoted or not."""
    from deploy import reports  # noqa: PLC0415

    try:
        settings = config.load()
    except SettingsError as wrong:
        raise ended(str(wrong), 2) from None
    runs = Runs(settings.learning / "reports").all()
    if not runs:
        raise ended("nothing was learnt yet: `ghostnote learn preferences` does it now", 1)
    if plot:
        try:
            reports.draw(runs, plot)
        except ImportError:
            raise ended("the plot needs matplotlib; say pip install 'ghostnote[learn]'", 1) from None
        except (OSError, ValueError) as refused:
            raise ended(f"{plot} cannot be written: {refused}", 1) from None
    if as_json:
        sys.stdout.write(json.dumps(runs[-last:], indent=1) + "\n")
        return
    table = Table(
        "when (UTC)", "for", "verdict", "votes", "wins", "agrees", "perplexity", "speaks", box=None, pad_edge=False
    )
    for run in runs[-last:]:
        table.add_row(*map(escape, reports.row(run)))
    out.print(table)
    out.print(runs[-1]["verdict"]["words"], markup=False)


def bench_learn(
    runs: Annotated[int, typer.Option(min=1, help="interleaved steps of each; medians are shown")] = 5,
    save: Annotated[Path | None, typer.Option(help="write the numbers there, as JSON, after every round")] = None,
    plot: Plot = None,
) -> None:
    """A step of preference training against a plain TRL script on the same pairs."""
    from deploy import models  # noqa: PLC0415

    kept = Kept(save)
    try:
        from deploy import bench_learn as measure  # noqa: PLC0415

        settings = config.load()
        folder = models.ensure(settings.text_model, settings.home)
    except SettingsError as wrong:
        raise ended(str(wrong), 2) from None
    except (models.ModelError, ImportError) as missing:
        raise ended(str(missing), 1) from None
    with Progress(TextColumn("measuring"), BarColumn(), TimeElapsedColumn(), console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        results = measure.learn(folder, settings.text_model, runs, settings.learn_threads,
                                lambda done, of: bar.update(task, completed=done, total=of), kept)  # fmt: skip
    show(results, kept, plot)
