"""How far a candidate may go: its whole step away from the live voice, or as much of it as leaves it fluent (T).

Training knows what people like, not when to stop. Between the live voice and the candidate every point is an adapter
too; the farthest one that keeps perplexity within the judge's bound is judged, and nearer ones if it won but broke
something else (a backtracking line search).
"""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import Tensor

from adapters import bases, files
from adapters.examples import Examples, Thumb
from adapters.judge import NEUTRAL, Trial, read
from adapters.manifest import BadAdapter
from adapters.prefer import Plan
from adapters.verdict import MOST_PERPLEXITY

SHARES = (1.0, 0.8, 0.6, 0.45, 0.3)


def steps(trial: Trial, plan: Plan, neutral: Sequence[str] = ()) -> Iterator[tuple[Path, float]]:
    """Adapters that are fluent, the farthest first, in folders beside the candidate's, and their share of its step.

    The candidate comes first if it is fluent itself, and alone if not even the smallest share is. BadAdapter as
    `lora.load`.
    """
    model, tokenizer = bases.load(trial.base, plan.device)
    passages = neutral or NEUTRAL.read_text(encoding="utf-8").strip().split("\n\n\n")
    liked = _liked(trial.held)
    live = read(model, tokenizer, trial.live, liked, passages, plan)
    any_fluent = False
    for share in SHARES:
        folder = trial.candidate
        if share < 1:
            folder = trial.candidate.with_name(f"{trial.candidate.name}-{share:g}")
            between(trial.live, trial.candidate, share, folder)
        new = read(model, tokenizer, folder, liked, passages, plan)
        if math.exp(max(new.neutral - live.neutral, new.liked - live.liked)) <= MOST_PERPLEXITY:
            any_fluent = True
            yield folder, share
    if not any_fluent:
        yield trial.candidate, 1.0


def between(live: Path | None, candidate: Path, share: float, target: Path) -> None:
    """Write the adapter that lies `share` of the way from the live one (None: the bare base) to the candidate.

    BadAdapter for a candidate that did not begin from that live one.
    """
    new = files.read(candidate)
    old = files.read(live).matrices if live else {}
    tensors = dict[str, Tensor]()
    for name, (a, b) in new.matrices.items():
        # Of a step from the bare base only B is scaled: there A began as noise, whose origin nobody kept.
        before = old.get(name, (a, b * 0))
        if before[0].shape != a.shape:
            raise BadAdapter("the live voice has changed since the candidate was made from it")
        for part, was, now in zip("AB", before, (a, b), strict=True):
            tensors[f"{files.PREFIX}{name}.lora_{part}.weight"] = (was + share * (now - was)).half().contiguous()
    config = json.loads((candidate / files.CONFIG).read_text(encoding="utf-8"))
    files.write(target, tensors, config, new.fingerprint)


def _liked(held: Examples) -> Examples:
    """The texts that were liked, each as a thumb up: all that a reading for fluency needs."""
    chosen = tuple(
        Thumb(one.prompt, one.chosen, True, one.weight, one.conversation, one.people, one.form, one.adapter)
        for one in held.pairs
    )
    return Examples((), (*chosen, *(one for one in held.thumbs if one.label)))
