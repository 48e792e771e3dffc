"""The shipped weights: small, loadable, musical; and everything else importable where torch is not installed."""

import subprocess
import sys

import torch

from engine.music.composer import WEIGHTS, Composer
from engine.music.metrics import harmony
from engine.music.wishes import read_wish

PURE = [
    "abc",
    "arrange",
    "calibrate",
    "chords",
    "composer",
    "copying",
    "corpus",
    "dataset",
    "desk",
    "edits",
    "evaluate",
    "form",
    "grooves",
    "keys",
    "limits",
    "metrics",
    "midi",
    "musicxml",
    "phrase",
    "progressions",
    "render",
    "rules",
    "sampling",
    "studio",
    "styles",
    "tokens",
    "vocabulary",
    "wishes",
]


def test_the_weights_write_chords_and_not_noise_and_keep_a_melody() -> None:
    torch.set_num_threads(1)
    assert WEIGHTS.stat().st_size < 10_000_000
    composer = Composer.load()
    wish = read_wish("4 bars chorale in C major")
    pieces = [composer.compose(wish, seed, candidates=2)[0].phrase for seed in range(6)]
    row = harmony(pieces)
    assert row.chord_beats >= 80  # voices shuffled at random make 45
    assert row.steps >= 55
    assert row.true_parallels <= 3
    assert row.crossings <= 2
    harmonised = composer.harmonize(pieces[0], seed=3, candidates=2)
    assert harmonised.lanes[0] == pieces[0].lanes[0]


def test_everything_but_the_network_imports_without_torch() -> None:
    lines = ["import sys", "sys.modules['torch'] = None", *(f"import engine.music.{name}" for name in PURE)]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
