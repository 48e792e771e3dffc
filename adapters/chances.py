"""What may be chance: means with confidence intervals by the bootstrap, over whole conversations (numpy only).

Votes within one conversation hang together, so conversations are drawn, never votes (cluster bootstrap). Where there
are fewer than `FEW`, an interval over them means little, and a wider one over single votes is taken instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEW = 6
DRAWS = 4000


@dataclass(frozen=True)
class Value:
    """One observation, the conversation it belongs to, and how much it counts."""

    conversation: str
    value: float
    weight: float = 1.0


@dataclass(frozen=True)
class Estimate:
    """A weighted mean, an interval that holds it with so much confidence on each side, and how much it rests on."""

    mean: float
    low: float
    high: float
    count: int
    conversations: int


def estimate(values: Sequence[Value], seed: int = 1, *, tail: float = 5.0) -> Estimate:
    """The mean of `values`, which are shares, with one-sided bounds; of very little they are 0 and 1.

    `tail` is the chance, in percent, that is left beyond each bound.
    """
    if not values:
        return Estimate(0.0, 0.0, 1.0, 0, 0)
    conversations = sorted({value.conversation for value in values})
    enough = len(conversations) >= FEW
    groups = [value.conversation if enough else str(at) for at, value in enumerate(values)]
    place = {group: at for at, group in enumerate(sorted(set(groups)))}
    sums, weights = np.zeros(len(place)), np.zeros(len(place))
    for group, value in zip(groups, values, strict=True):
        sums[place[group]] += value.value * value.weight
        weights[place[group]] += value.weight
    mean = float(sums.sum() / weights.sum())
    drawn = np.random.default_rng(seed).integers(0, len(place), (DRAWS, len(place)))
    means = sums[drawn].sum(1) / weights[drawn].sum(1)
    beyond = tail if enough else tail / 5
    low, high = np.percentile(means, [beyond, 100 - beyond])
    if len(place) < FEW:
        low, high = 0.0, 1.0
    return Estimate(mean, min(float(low), mean), max(float(high), mean), len(values), len(conversations))
