"""`ghostnote bench music`: how long a piece takes, from the words to its notes, its sound and its picture (T).

The requests take turns, so that a busy moment of the machine falls on all of them, and medians are shown.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch

from deploy.bench import Line
from deploy.bench_rounds import WARM_UP, Keep, Results, rounds
from engine.music import perform
from engine.music.composer import Composer
from engine.music.orders import Order

WISHES = {
    "reel": "8 bars reel in D major, fiddle, guitar and bass",
    "waltz": "8 bars melancholy waltz in D minor, 90 bpm, piano and strings",
    "jig": "8 bars jig in G major",
    "chorale": "8 bars chorale in C minor",
}


def music(runs: int, threads: int, report: Callable[[int, int], None], keep: Keep | None = None) -> Results:
    """Measure eight bars with four candidates; JSON-able. `report` hears how many pieces of how many are made.

    `keep` as in `rounds`. Raises NoWeights.
    """
    torch.set_num_threads(threads)
    begun = time.perf_counter()
    composer = Composer.load()
    loading = time.perf_counter() - begun
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in WISHES}

    def so_far(done: int) -> Results:
        times = {name: some[WARM_UP:] for name, some in taken.items()}
        lines = [Line("loading the weights: s", loading), *_lines(times)]
        return {
            "bench": "music",
            "model": "music.safetensors",
            "machine": machine(),
            "settings": {"runs": runs, "candidates": 4, "wishes": WISHES},
            "rounds": done,
            "lines": [{**asdict(line), "met": line.met} for line in lines],
            "runs": times,
        }

    for number in rounds(runs, so_far, keep):
        for place, (name, words) in enumerate(WISHES.items()):
            taken[name].append(one(composer, words, number))
            report(number * len(WISHES) + place + 1, (WARM_UP + runs) * len(WISHES))
    return so_far(runs)


def _lines(times: Mapping[str, Sequence[tuple[float, float]]]) -> Iterator[Line]:
    for name, some in times.items():
        notes, everything = (statistics.median(column) for column in zip(*some, strict=True))
        yield Line(f"{name}, notes: s", notes, "< 1.5")
        yield Line(f"{name}, with sound and picture: s", everything, "< 3")


def one(composer: Composer, words: str, seed: int) -> tuple[float, float]:
    """Seconds until the notes are there as MIDI, and until sound and picture are there too."""
    begun = time.perf_counter()
    score, midi = perform.perform(composer, Order("compose", words=words), None, None, seed, 1)[0]
    notes = time.perf_counter() - begun
    for kind in ("ogg", "png"):
        perform.RENDER[kind](score, midi)
    return notes, time.perf_counter() - begun


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "device": "cpu",
        "type": "float32",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
