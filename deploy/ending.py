"""How a command ends that could not do its work: one sentence on stderr, and an exit status."""

import typer
from rich.console import Console

_err = Console(stderr=True, highlight=False, soft_wrap=True)


def ended(problem: object, status: int) -> typer.Exit:
    """Say the problem as one sentence; the exit to raise. Status 2 is for arguments and settings, 1 for the rest."""
    words = str(problem).rstrip(".")
    _err.print(f"{words[:1].upper()}{words[1:]}.", markup=False)
    return typer.Exit(status)
