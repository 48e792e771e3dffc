"""The `ghostnote` command: everything the owner of a machine does with it.

Commands only parse, call and print; heavy libraries are imported by the command that needs them, so that `ghostnote
settings` answers at once. A problem the owner can mend is one sentence on stderr: exit status 2 for a wrong setting or
argument, 1 for anything else.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.wording import language_of
from deploy import (
    adapter_commands,
    bench_commands,
    export_commands,
    learn_commands,
    music_commands,
    style_commands,
)
from deploy import settings as config
from deploy.bench_commands import Plot, show
from deploy.bench_rounds import Kept
from deploy.logs import redact
from deploy.settings import Settings, SettingsError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Ghostnote, a co-writer that lives in chat.",
)
models_app = typer.Typer(no_args_is_help=True, help="Base models.")
db_app = typer.Typer(no_args_is_help=True, help="The database.")
bench_app = typer.Typer(no_args_is_help=True, help="How fast it is, as ratios measured in one run.")
app.add_typer(models_app, name="models")
app.add_typer(db_app, name="db")
app.add_typer(bench_app, name="bench")
app.add_typer(adapter_commands.adapters_app, name="adapters")
app.add_typer(export_commands.export_app, name="export")
app.add_typer(music_commands.learn_app, name="learn")
app.add_typer(style_commands.eval_app, name="eval")
bench_app.command(name="crowd")(bench_commands.bench_crowd)
bench_app.command(name="adapters")(bench_commands.bench_adapters)
bench_app.command(name="music")(music_commands.bench_music)
bench_app.command(name="learn")(learn_commands.bench_learn)

SPIN = "1000"
"""How often a thread of OpenMP looks whether there is more to do before it lets others have its core, 70 µs here.

Left alone it looks for 20 ms: with two threads on two cores and any other program, every product of a step waits for
that, and a step of the embedded model takes 1.3 s instead of 0.06. It is read once, when torch is imported.
"""

_piped = not sys.stdout.isatty()  # lines are broken for a terminal, never for another program
out = Console(highlight=False, soft_wrap=_piped, width=240 if _piped else None)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def main() -> None:
    """Entry point of the console script."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN)
    try:
        app()
    except BrokenPipeError:  # `ghostnote settings | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


@app.command()
def run() -> None:
    """Serve the studio, and Telegram if its token is set, until control-C."""
    from deploy import serve  # noqa: PLC0415

    settings = _settings()
    _prepare(settings)
    _wait(lambda: serve.run(settings))


@app.command()
def chat() -> None:
    """Write in this terminal; reads a pipe as well."""
    from bot import terminal_app  # noqa: PLC0415
    from deploy import serve  # noqa: PLC0415

    settings = _settings(quiet=True)
    _prepare(settings)

    async def talk() -> None:
        async with serve.house(settings) as house:
            await terminal_app.chat(house.conversation, sys.stdin, out, _language())

    _wait(talk)


@app.command()
def write(
    form: Annotated[str, typer.Argument(help="story, poem, sonnet, haiku …, or a form of your own")],
    text: Annotated[list[str], typer.Argument(help="what to begin with")],
    seed: Annotated[int | None, typer.Option(help="the same seed writes the same text")] = None,
) -> None:
    """Write one text and print it, without a chat and without a database."""
    from deploy import once  # noqa: PLC0415

    settings = _settings(quiet=True)
    _prepare(settings)
    _wait(lambda: once.write(settings, form, " ".join(text), seed, _language(), out, err))


@app.command()
def music(
    text: Annotated[list[str], typer.Argument(help="such as: 8 bars melancholy waltz in D minor, 90 bpm, piano")],
    output: Annotated[Path, typer.Option("-o", "--output", help="the .mid file")] = Path("ghostnote.mid"),
    seed: Annotated[int | None, typer.Option(help="the same seed makes the same piece")] = None,
) -> None:
    """Compose one piece: MIDI, sound and a piano roll."""
    from deploy import tune  # noqa: PLC0415

    _settings(quiet=True)

    async def work() -> None:
        await asyncio.to_thread(tune.compose, " ".join(text), seed, output, _language(), out)

    _wait(work)


@app.command(name="import")
def bring(
    files: Annotated[list[Path], typer.Argument(help="json of /export, md or txt", exists=True, dir_okay=False)],
) -> None:
    """Bring pieces into the studio from files."""
    from deploy import bringing  # noqa: PLC0415

    settings = _settings(quiet=True)
    _wait(lambda: bringing.bring(settings, files, _language(), out))


@app.command()
def replay(recipes: Annotated[list[str], typer.Argument(help="ids from the ledger of an exported file")]) -> None:
    """Write passages again from their recipes; status 1 if one does not come out as it was written."""
    from deploy import replay as again  # noqa: PLC0415

    settings = _settings(quiet=True)
    _prepare(settings)
    same: list[bool] = []

    async def work() -> None:
        same.append(await again.replay(settings, recipes, _language(), out))

    _wait(work)
    raise typer.Exit(0 if all(same) else 1)


@app.command()
def doctor() -> None:
    """What works, what is missing, and what to do about it."""
    from deploy import doctor as examine  # noqa: PLC0415

    settings = _settings(quiet=True)
    findings = asyncio.run(examine.findings(settings))
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        table.add_row(finding.mark, finding.what, finding.found, finding.todo)
    out.print(table)
    raise typer.Exit(1 if any(finding.broken for finding in findings) else 0)


@app.command(name="settings")
def show_settings(as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False) -> None:
    """Every setting with its value, default and meaning."""
    rows = config.describe(_settings(quiet=True))
    if as_json:
        print(json.dumps([dict(zip(("name", "value", "default", "meaning"), row, strict=True)) for row in rows]))  # noqa: T201
        return
    table = Table("setting", "value", "default", "meaning", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    out.print(table)


@models_app.command()
def pull(name: Annotated[str, typer.Argument(help="embedded, a Hugging Face name, or a folder")]) -> None:
    """Fetch, verify and prepare a base model."""
    settings = _settings(quiet=True)
    out.print(f"{name} is ready in {_model(name, settings)}")


@db_app.command()
def upgrade() -> None:
    """Bring the database to this version's schema (a start does so by itself)."""
    from storage.db import open_database  # noqa: PLC0415

    settings = _settings(quiet=True)
    settings.home.mkdir(parents=True, exist_ok=True)

    async def migrate() -> None:
        async with open_database(settings.database):
            out.print("The database is up to date.")

    _wait(migrate)


@bench_app.command(name="chat")
def bench_chat(
    runs: Annotated[int, typer.Option(min=1, help="interleaved runs of each; medians are shown")] = 5,
    tokens: Annotated[int, typer.Option(min=8, max=512, help="new tokens a reply")] = 64,
    save: Annotated[Path | None, typer.Option(help="write the numbers there, as JSON, after every round")] = None,
    plot: Plot = None,
) -> None:
    """One chat against transformers.generate, our own overhead, and the event loop while four chats generate."""
    settings, kept = _settings(quiet=True), Kept(save)
    folder = _model(settings.text_model, settings)
    from deploy import bench  # noqa: PLC0415

    show(bench.chat(folder, settings.text_model, settings.device, runs=runs, tokens=tokens, keep=kept), kept, plot)


@bench_app.command(name="piece")
def bench_piece(runs: Annotated[int, typer.Option(min=1, help="of each command; the median is judged")] = 3) -> None:
    """Every command in a piece of 400 passages, 60 entries of lore and 12 branches, without the generator's time."""
    from deploy import bench_piece as bench  # noqa: PLC0415

    _settings(quiet=True)
    out.print(bench.table(asyncio.run(bench.measure(runs))))


def _settings(*, quiet: bool = False) -> Settings:
    """The settings, with logging set up; a wrong one ends the program with status 2."""
    try:
        settings = config.load()
    except SettingsError as error:
        err.print(str(error))
        raise typer.Exit(2) from None
    level = logging.ERROR if quiet else settings.log_level.upper()
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    redact([settings.token, settings.telegram_token, settings.telegram_webhook_secret])
    for stray in config.unknown():
        err.print(f"{stray} is not a setting of this version and is ignored.")
    return settings


def _prepare(settings: Settings) -> None:
    """Fetch the model before anything starts, so that the wait has a progress bar."""
    if settings.text_model != "echo":
        _model(settings.text_model, settings)


def _model(name: str, settings: Settings) -> Path:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # noqa: PLC0415

    from deploy import models  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        steps: dict[str, Any] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in steps:
                steps[stage] = bar.add_task(f"{name}: {stage}", total=None)
            bar.update(steps[stage], completed=done, total=total or None)

        try:
            settings.home.mkdir(parents=True, exist_ok=True)
            return models.ensure(name, settings.home, progress)
        except (models.ModelError, OSError) as error:
            bar.stop()
            err.print(str(error))
            raise typer.Exit(1) from None


def _wait(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run to the end; problems of the machine end it with one sentence and status 1."""
    from deploy.problems import PROBLEMS, words  # noqa: PLC0415

    try:
        asyncio.run(work())
    except PROBLEMS as problem:
        err.print(words(problem, _language()))
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _language() -> str:
    return language_of(os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG"))
