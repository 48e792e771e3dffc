"""Keep training and held-out text apart: count how many held-out word runs also stand in the training text.

Books repeat one another (a tale in two collections, a poem in two anthologies), so a split by work alone can leak.
"""

import re
from collections.abc import Iterable, Iterator

RUN = 8
LIMIT = 0.01

_WORD = re.compile(r"[a-z']+")


def runs(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of 8 consecutive words of a text, lower-cased, punctuation ignored."""
    words = _WORD.findall(text.lower())
    return (tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


def leakage(training: Iterable[str], held_out: Iterable[str]) -> float:
    """The share (0 to 1) of distinct 8-word runs of the held-out texts that also occur in the training texts."""
    wanted = {run for text in held_out for run in runs(text)}
    shared = {run for text in training for run in runs(text) if run in wanted}
    return len(shared) / len(wanted) if wanted else 0.0


def without_shared(texts: Iterable[str], training: Iterable[str], most: int = 0) -> list[str]:
    """Those of `texts` that share at most `most` 8-word runs with the training texts: for works that were reprinted."""
    texts = list(texts)
    wanted = {run for text in texts for run in runs(text)}
    shared = {run for text in training for run in runs(text) if run in wanted}
    return [text for text in texts if sum(run in shared for run in set(runs(text))) <= most]
