"""`ghostnote export`: what people taught, as files that TRL and anybody's own script can read."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from adapters.dataset import REASONS, Dataset
from adapters.manifest import RegistryError
from adapters.registry import Scope
from deploy import settings as config
from deploy.ending import ended
from deploy.settings import SettingsError

export_app = typer.Typer(no_args_is_help=True, help="What people taught, as files.")
_piped = not sys.stdout.isatty()
out = Console(highlight=False, soft_wrap=True, width=240 if _piped else None)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@export_app.callback()
def _export() -> None:
    """Export."""


@export_app.command()
def preferences(
    output: Annotated[Path, typer.Option("-o", "--output", help="the folder for the files")] = Path("preferences"),
    scope: Annotated[
        str, typer.Option("--scope", help="global, form:NAME, channel:PLATFORM:CHAT[/THREAD] or person:PLATFORM:ID")
    ] = "global",
    base: Annotated[str, typer.Option("--base", help="only texts of this base model")] = "",
) -> None:
    """What may be learnt from, as JSON lines in TRL's columns: pairs for DPO, single thumbs for KTO."""
    from deploy.preferences import gathered  # noqa: PLC0415
    from deploy.problems import DATABASE_PROBLEMS, database_words  # noqa: PLC0415

    try:
        settings, where = config.load(), Scope.read(scope)
    except (SettingsError, RegistryError) as wrong:
        raise ended(str(wrong), 2) from None
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        found = asyncio.run(gathered(settings, where, base))
    except DATABASE_PROBLEMS as problem:
        raise ended(database_words(problem), 1) from None
    if not found.examples:
        raise ended(nothing(found), 1)
    try:
        written = found.examples.write(output)
    except OSError as problem:
        raise ended(f"{output} cannot be written: {problem.strerror or problem}", 1) from None
    out.print(f"{counted(found)} in {' and '.join(map(str, written))}", markup=False)
    if found.left:
        out.print(f"Left out: {left(found)}.", markup=False)
    if len(found.weights) == 1 and where.kind != "person":
        err.print("All of it is one person's taste; a voice that learns from it will be theirs alone.")


def counted(found: Dataset) -> str:
    """How much there is, in words."""
    examples, people = found.examples, len(found.weights)
    return (
        f"{_number(len(examples.pairs), 'pair')} and {_number(len(examples.thumbs), 'single thumb')} from "
        f"{_number(found.votes, 'opinion')} of {_number(people, 'person', 'people')} on "
        f"{_number(len(examples.conversations), 'piece')}"
    )


def nothing(found: Dataset) -> str:
    """Why there is nothing."""
    if not found.left:
        return "There is nothing to learn from yet: nobody has voted, picked or edited anything there"
    hint = ". Who wants to be learnt from says /consent on" if "no_consent" in found.left else ""
    return f"There is nothing that may be learnt from; left out: {left(found)}{hint}"


def left(found: Dataset) -> str:
    """What was left out and why, most first."""
    most_first = sorted(found.left.items(), key=lambda item: -item[1])
    return "; ".join(f"{number} {REASONS[reason]}" for reason, number in most_first)


def _number(count: int, what: str, many: str = "") -> str:
    return f"{count} {what if count == 1 else many or what + 's'}"
