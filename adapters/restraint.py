"""How far a candidate may go: its whole step away from the live voice, or as much of it as leaves it fluent (T).

Training knows what people like, not when to stop. Between the live voice and the candidate every point is an adapter
too; the farthest one that keeps perplexity within the judge's bound is judged, and nearer ones if it won but broke
something else (a backtracking line search).
"""

import json
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from adapters import files
from adapters.judge import Judge
from adapters.manifest import BadAdapter
from adapters.verdict import MOST_PERPLEXITY

SHARES = (1.0, 0.8, 0.6, 0.45, 0.3, 0.2, 0.12)


def steps(judge: Judge) -> Iterator[tuple[Path, float]]:
    """Adapters that are fluent, the farthest first, in folders beside the candidate's, and their share of its step.

    The candidate comes first if it is fluent itself, and alone if not even the smallest share is.
    """
    live, candidate = judge.trial.live, judge.trial.candidate
    any_fluent = False
    for share in SHARES:
        folder = candidate
        if share < 1:
            folder = candidate.with_name(f"{candidate.name}-{share:g}")
            between(live, candidate, share, folder)
        if max(judge.perplexity(folder)) <= MOST_PERPLEXITY:
            any_fluent = True
            yield folder, share
    if not any_fluent:
        yield candidate, 1.0


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
