"""`ghostnote learn style` and `ghostnote eval text`: making a voice, and saying how good the voices are.

Torch and the rest are imported by the command that needs them. What the owner can mend is one sentence on stderr:
status 2 for a wrong argument, 1 for anything else.
"""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from bot.wording import error as sentence
from deploy import settings as config
from deploy.ending import ended
from deploy.models import ModelError
from deploy.music_commands import _bar, eval_app, learn_app, out
from deploy.settings import Settings, SettingsError
from engine.errors import EngineError

__all__ = ["eval_app", "learn_app"]


@learn_app.command(name="style")
def learn_style(  # noqa: PLR0913, PLR0917  one argument an option
    name: Annotated[str, typer.Argument(help="the style: story, poem, haiku, lyrics, limerick, or one of your own")],
    corpus: Annotated[Path | None, typer.Option(help="rows to learn; corpora/NAME.jsonl if not given")] = None,
    base: Annotated[str, typer.Option(help="embedded, a Hub name such as gpt2, or a folder; else the one in use")] = "",
    method: Annotated[str, typer.Option(help="lora, adalora, or full (a model of its own)")] = "lora",
    steps: Annotated[int, typer.Option(min=1)] = 400,
    batch: Annotated[int, typer.Option(min=1, help="rows a step")] = 4,
    width: Annotated[int, typer.Option(min=16, help="tokens a row")] = 256,
    rank: Annotated[int, typer.Option(min=1, max=256)] = 4,
    rate: Annotated[float, typer.Option(min=0.0, help="learning rate; 0 takes the method's own")] = 0.0,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    run: Annotated[Path | None, typer.Option(help="where the run keeps its state; run again to go on")] = None,
    into: Annotated[Path | None, typer.Option("--out", help="write the result there, not into the registry")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="let it speak for the form NAME at once")] = False,
    parent: Annotated[str, typer.Option(help="NAME@VERSION of an adapter to go on from")] = "",
    tensorboard: Annotated[Path | None, typer.Option(help="write scalars for TensorBoard there")] = None,
    report: Annotated[str, typer.Option(help="wandb: report to Weights & Biases as well")] = "",
    compiled: Annotated[bool, typer.Option(help="compile the blocks; for short runs it does not pay")] = True,
) -> None:
    """Train a voice for one style by supervised fine-tuning; resumes where a run was stopped."""
    settings = _settings()
    if report not in ("", "wandb"):
        raise ended(f"there is no report to {report}; there is wandb", 2)
    try:
        from adapters.rows import Plan  # noqa: PLC0415
        from deploy import learn_style as work  # noqa: PLC0415
    except ImportError as missing:
        raise ended(f"{missing.name} is not installed; say pip install 'ghostnote[learn]'", 1) from None
    plan = Plan(
        method=method,
        rank=rank,
        alpha=4.0 * rank,
        rate=rate or work.RATES.get(method, 1e-3),
        steps=steps,
        warmup=max(1, min(10, steps // 10)),
        batch=batch,
        width=width,
        seed=seed,
        threads=threads,
        device=_device(settings),
        compiled=int(compiled),
    )
    wish = work.Wish(
        name, corpus or Path("corpora") / f"{name}.jsonl", base or settings.text_model, settings.home,
        run or settings.home / "runs" / f"{name}-{method}", into, publish, parent, tensorboard, report == "wandb",
    )  # fmt: skip
    try:
        with _bar() as bar:
            task = bar.add_task(name, total=steps)
            done = work.learn(
                wish,
                plan,
                lambda step, of, loss: bar.update(
                    task, completed=step, total=of, description=f"{name}: step {step}, loss {loss:.3f}"
                ),
            )
    except (work.StyleError, OSError) as wrong:
        raise ended(str(wrong), 1) from None
    _told(wish, done)


def _told(wish: Any, done: Any) -> None:
    """The measures as a table, and what to do with the voice."""
    table = Table("split", "bits a character", "the base", "perplexity", "the base", box=None, pad_edge=False)
    for split in ("train", "valid", "test"):
        if f"{split}_bits" in done.measures:
            columns = (f"{split}_{kind}{of}" for kind in ("bits", "perplexity") for of in ("", "_base"))
            table.add_row(split, *(f"{done.measures[column]:.3f}" for column in columns))
    out.print(table)
    if not done.reference:
        out.print(f"Written to {done.folder}.", markup=False)
    elif wish.publish:
        out.print(f"{done.reference} speaks for form:{wish.name} from the next message on.", markup=False)
    else:
        out.print(
            f"{done.reference} is here; `ghostnote adapters publish {done.reference} --scope form:{wish.name}` lets it "
            "speak.",
            markup=False,
        )


@eval_app.command(name="text")
def eval_text(
    most: Annotated[int, typer.Option(min=1, help="held-out passages of each style")] = 60,
    samples: Annotated[int, typer.Option(min=0, help="pieces drawn to see whether their form is kept; 0: none")] = 64,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    save: Annotated[Path | None, typer.Option("--json", help="write the numbers there")] = None,
    plots: Annotated[Path | None, typer.Option(help="draw pictures into this folder")] = None,
) -> None:
    """Every voice on every style, against the base; and how often haiku and limericks keep their form."""
    settings = _settings()
    from deploy import evaluate_text as work  # noqa: PLC0415

    try:
        with _bar() as bar:
            task = bar.add_task("voices", total=None)

            def report(what: str, done: int, of: int) -> None:
                bar.update(task, description=what, completed=done, total=of)

            results = work.measure(settings, most, samples, seed, threads, report)
            if plots:
                work.draw(results, plots)
    except (ModelError, OSError, ImportError, EngineError, work.NothingToMeasure) as wrong:
        raise ended(sentence(wrong, "en") if isinstance(wrong, EngineError) else str(wrong), 1) from None
    _shown(results, work.tables(results), save)


@eval_app.command(name="mood")
def eval_mood(
    pieces: Annotated[int, typer.Option(min=1, help="pieces in each mood")] = 12,
    length: Annotated[int, typer.Option(min=1, help="passages a piece")] = 3,
    form: Annotated[str, typer.Option(help="story, poem or another form")] = "story",
    threads: Annotated[int, typer.Option(min=1)] = 1,
    save: Annotated[Path | None, typer.Option("--json", help="write the numbers and some texts there")] = None,
) -> None:
    """Whether the mood that is asked for is the mood that is measured, against pieces without one."""
    settings = _settings()
    from deploy import evaluate_mood as work  # noqa: PLC0415

    try:
        with _bar() as bar:
            task = bar.add_task("pieces", total=None)
            results = work.measure(
                settings, form, pieces, length, threads, lambda done, of: bar.update(task, completed=done, total=of)
            )
    except (ModelError, OSError, ImportError, EngineError) as wrong:
        raise ended(sentence(wrong, "en") if isinstance(wrong, EngineError) else str(wrong), 1) from None
    _shown(results, work.tables(results), save)


def _shown(results: dict[str, Any], tables: list[Table], save: Path | None) -> None:
    """Tables, then what was promised and whether it holds."""
    for table in tables:
        out.print(table)
    for verdict in results["verdicts"]:
        out.print(f"[{'green' if verdict['kept'] else 'red'}]{escape(verdict['says'])}[/]")
    if save:
        save.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


@eval_app.command(name="forms")
def eval_forms(
    forms: Annotated[
        list[str] | None, typer.Argument(help="haiku, sonnet …; all that have rules if none is named")
    ] = None,
    pieces: Annotated[int, typer.Option(min=2, help="pieces of each form")] = 200,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    together: Annotated[int, typer.Option(min=1, help="written at once; more than one spoils the times")] = 1,
    show: Annotated[int, typer.Option(min=0, help="so many pieces of each form are printed")] = 5,
    save: Annotated[Path | None, typer.Option("--json", help="write the numbers and all pieces there")] = None,
) -> None:
    """How many pieces of each form hold its rules, beside plain prompting of the same model."""
    settings = _settings()
    from deploy import evaluate_forms as work  # noqa: PLC0415

    if unknown := set(forms or ()) - set(work.FORMS):
        raise ended(f"{sorted(unknown)[0]} has no rule to count; there are {', '.join(work.FORMS)}", 2)
    try:
        with _bar() as bar:
            task = bar.add_task("forms", total=None)

            def report(what: str, done: int, of: int) -> None:
                bar.update(task, description=what, completed=done, total=of)

            plan = work.Plan(forms or work.FORMS, pieces, seed, together)
            results = asyncio.run(work.measure(settings, plan, report))
    except (ModelError, OSError, EngineError) as wrong:
        raise ended(str(wrong), 1) from None
    if save:
        save.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    for name, found in results.items():
        for piece in found["ours"]["pieces"][:show]:
            out.print(f"{name}: {piece['wish']}\n{piece['text']}\n", markup=False)
    out.print(work.table(results))


def _settings() -> Settings:
    try:
        return config.load()
    except SettingsError as wrong:
        raise ended(str(wrong), 2) from None


def _device(settings: Settings) -> str:
    import torch  # noqa: PLC0415

    return "cuda" if settings.device != "cpu" and torch.cuda.is_available() else "cpu"
