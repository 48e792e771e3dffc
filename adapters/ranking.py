"""A guessed taste that is kept beside the voice it made, to choose among that voice's drafts (numpy only).

Training moves a voice a little; choosing among drafts that are drawn anyway moves what people read at once, and costs
nothing on the device. How much it counts against everything else that makes a draft good depends on how often the taste
was right about votes it had not seen.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapters.manifest import TASTE
from adapters.taste import WORDS, Lens, Taste, Vector

MOST = 2.5  # standard deviations beyond which a taste is not believed
WEIGHT = 4.0  # at two thirds right a standard deviation counts for two thirds of a nat a token, at a coin's for none


@dataclass(frozen=True)
class Ranker:
    """What texts are worth to people, in nats a token, as a writer ranks drafts; 0 for a usual one."""

    weights: Vector
    middle: float
    spread: float
    trust: float
    lens: Lens

    def __call__(self, text: str) -> float:
        """Above 0 for what they like better than most, below it for what they like less."""
        value = (float(self.lens.features(text) @ self.weights) - self.middle) / self.spread
        return max(-MOST, min(MOST, value)) * WEIGHT * max(self.trust - 0.5, 0.0)


def ranker(guess: Taste, trust: float, texts: Iterable[str]) -> Ranker:
    """From a taste, how often it is right (0 to 1), and usual texts; at least one."""
    weights = guess.weights / guess.spread
    scores = np.array([guess.lens.features(text) @ weights for text in texts])
    return Ranker(weights, float(scores.mean()), float(scores.std()) or 1.0, trust, guess.lens)


def write(made: Ranker, folder: Path) -> None:
    """Write the file `taste.json` into a version's folder; OSError if the disk refuses."""
    kept = {
        "ghostnote_taste": 1,
        "measures": list(made.lens.measures),
        "middle": made.middle,
        "spread": made.spread,
        "trust": made.trust,
        "weights": [float(f"{value:.6g}") for value in made.weights],
    }
    (folder / TASTE).write_text(json.dumps(kept) + "\n", encoding="utf-8")


def read(folder: Path, lens: Lens) -> Ranker:
    """The taste in a folder. ValueError if there is none, for a damaged file, or one that another lens saw."""
    try:
        found = json.loads((folder / TASTE).read_text(encoding="utf-8"))
        weights = np.array(found["weights"], dtype=np.float64)
        middle, spread, trust = (float(found[name]) for name in ("middle", "spread", "trust"))
        same = list(found["measures"]) == list(lens.measures) and weights.shape == (lens.about.stop + WORDS,)
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise ValueError(f"{TASTE} cannot be read") from broken
    if not same:
        raise ValueError(f"{TASTE} was learnt with other measures")
    if not np.isfinite([*weights, middle, spread, trust]).all() or spread <= 0 or not 0 <= trust <= 1:
        raise ValueError(f"{TASTE} is damaged")
    return Ranker(weights, middle, spread, trust, lens)
