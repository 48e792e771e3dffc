"""Prompts to be written for once more, and whoever writes for them; pure.

The sampler that serves people lives above this package, so what a voice writes comes from a callable.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.examples import Examples, Pair, Thumb


@dataclass(frozen=True)
class Ask:
    """One prompt to write for, as the model sees it, and where it comes from."""

    prompt: str
    form: str
    conversation: str


Write = Callable[[Sequence[Ask], Path | None, int], list[list[str]]]
"""So many texts for each prompt, by the adapter in a folder (None: the bare base); cleaned as people would read them,
but with the space or newline they begin with."""


def prompts(examples: Examples, most: int) -> list[Ask]:
    """Up to `most` different prompts, in an order that gives every conversation its turn."""
    by: dict[str, dict[str, Ask]] = {}
    votes: list[Pair | Thumb] = [*examples.pairs, *examples.thumbs]
    for one in votes:
        by.setdefault(one.conversation, {}).setdefault(one.prompt, Ask(one.prompt, one.form, one.conversation))
    queues = [list(by[name].values()) for name in sorted(by)]
    turns = [queue[at] for at in range(max(map(len, queues), default=0)) for queue in queues if at < len(queue)]
    return turns[:most]
