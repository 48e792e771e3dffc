"""A taste that is kept beside a voice: what it says, how it is written down, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters import ranking, taste
from adapters.manifest import TASTE
from tests.adapters.test_judge_parts import text, votes

LENS = taste.Lens(taste.MEASURES)
LONG, SHORT = ([text(long=long) for _ in range(40)] for long in (True, False))


@pytest.fixture(scope="module")
def guess() -> taste.Taste:
    """Of somebody who likes short sentences."""
    return taste.fit(votes(60, 0.0), LENS)


def test_it_likes_what_people_liked_and_no_more_than_it_can_be_trusted(guess: taste.Taste) -> None:
    sure, unsure, coin = (ranking.ranker(guess, trust, [*SHORT, *LONG]) for trust in (0.9, 0.6, 0.5))
    assert min(map(sure, SHORT)) > 0 > max(map(sure, LONG))
    assert unsure(SHORT[0]) == pytest.approx(sure(SHORT[0]) / 4)
    assert coin(SHORT[0]) == coin(LONG[0]) == 0
    assert abs(float(np.mean([sure(one) for one in (*SHORT, *LONG)]))) < 1e-6
    assert sure("dashing " * 4000) <= ranking.MOST * ranking.WEIGHT  # nothing is believed without limit


def test_what_is_written_is_read(guess: taste.Taste, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        ranking.read(tmp_path, LENS)
    made = ranking.ranker(guess, 0.7, [*SHORT, *LONG])
    ranking.write(made, tmp_path)
    again = ranking.read(tmp_path, LENS)
    assert [again(one) for one in SHORT] == pytest.approx([made(one) for one in SHORT], abs=1e-3)


def _without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda kept: kept.pop(name)


SPOILT: dict[str, Callable[[dict[str, Any]], object]] = {
    "no weights": _without("weights"),
    "too few weights": lambda kept: kept["weights"].pop(),
    "no number": lambda kept: kept["weights"].__setitem__(0, "a"),
    "not finite": lambda kept: kept["weights"].__setitem__(0, float("nan")),
    "other measures": lambda kept: kept["measures"].reverse(),
    "no spread": lambda kept: kept.update(spread=0),
    "too sure": lambda kept: kept.update(trust=7),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_one_is_refused(guess: taste.Taste, tmp_path: Path, spoil: Callable[[dict[str, Any]], object]) -> None:
    ranking.write(ranking.ranker(guess, 0.7, SHORT), tmp_path)
    kept = json.loads((tmp_path / TASTE).read_text(encoding="utf-8"))
    spoil(kept)
    (tmp_path / TASTE).write_text(json.dumps(kept), encoding="utf-8")
    with pytest.raises(ValueError, match=TASTE):
        ranking.read(tmp_path, LENS)
    (tmp_path / TASTE).write_text("[", encoding="utf-8")
    with pytest.raises(ValueError, match="cannot be read"):
        ranking.read(tmp_path, LENS)
