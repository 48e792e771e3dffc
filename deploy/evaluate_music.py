"""`ghostnote eval music`: makes the samples in processes of their own, compares them, prints, saves and plots (T).

The shipped weights and the controls beside them are all it needs, and the training music to compare with (music21).
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

from engine.music.composer import WEIGHTS, Composer
from engine.music.controls import load_controls
from engine.music.corpus import Piece, load_pieces, split_by_family
from engine.music.evaluate import Memory, copying, made_row, real_rows, verdicts
from engine.music.phrase import Phrase, canonical
from engine.music.sampling import KINDS, Maker

Report = Callable[[int, int], None]
Made = dict[str, dict[int, list[Phrase]]]
CHUNK = 5
MAIN, PART = ("chorale", "folk"), 5  # the other kinds get a fifth of the samples: they answer coarser questions
COPYING = ("chorale", "folk", "extend", "fill")
_maker: list[Maker] = []  # one a process; filled when the process starts


def measure(samples: int, seeds: Sequence[int], jobs: int, report: Report, plots: Path | None = None) -> dict[str, Any]:
    """The whole table as JSON-able numbers; takes a second or two a sample, kind and seed on one core.

    `report` hears how many samples of how many are done. Raises FileNotFoundError without music21, NoWeights.
    """
    begun = time.monotonic()
    train, held = split_by_family(load_pieces())
    made = _samples(held, samples, seeds, jobs, report)
    real = real_rows(held)
    rows = {kind: [made_row(kind, made[kind][seed], held) for seed in seeds] for kind in KINDS}
    memory = Memory(train)
    copies = {kind: [copying([_new(kind, p) for p in made[kind][seed]], memory) for seed in seeds] for kind in COPYING}
    copies["held-out, chorale"], copies["held-out, folk"] = _real_copies(held, memory)
    found = verdicts(real, rows, [*copies["chorale"], *copies["folk"]])
    if plots is not None:
        from deploy.music_plots import draw  # noqa: PLC0415 - matplotlib is an extra

        draw(plots, {kind: [p for some in made[kind].values() for p in some] for kind in KINDS}, held)
    return {
        "eval": "music",
        "weights": hashlib.sha256(WEIGHTS.read_bytes()).hexdigest(),
        "settings": {
            "samples": samples,
            "of other kinds": max(2, samples // PART),
            "seeds": list(seeds),
            "candidates": 4,
        },
        "rows": {name: [row] for name, row in real.items()} | rows,
        "copying": {kind: [asdict(c) for c in some] for kind, some in copies.items()},
        "verdicts": [asdict(verdict) for verdict in found],
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }


def tables(results: Mapping[str, Any]) -> list[Table]:
    """The results for a terminal: verdicts, chorale rows, folk rows, copying."""
    verdict = Table(
        "measured", "mean", "worst seed", "required", "", title="Music: the required table", title_justify="left"
    )
    for line in results["verdicts"]:
        verdict.add_row(
            line["what"], f"{line['mean']:.3g}", f"{line['worst']:.3g}", line["required"], "✓" if line["met"] else "✗"
        )
    rows = {name: _mean(some) for name, some in results["rows"].items()}
    four = {name: row for name, row in rows.items() if "chord_beats" in row}
    folk = {name: row for name, row in rows.items() if "chord_beats" not in row}
    copies = {name: _mean(some) for name, some in results["copying"].items()}
    return [
        verdict,
        *(_grid(title, part) for title, part in (("Four voices", four), ("Folk", folk), ("Copying", copies))),
    ]


def _mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


def _grid(title: str, rows: Mapping[str, Mapping[str, float]]) -> Table:
    names = list(next(iter(rows.values())))
    grid = Table(
        "", *(name.replace("_", " ") for name in names), title=f"{title}: means over seeds", title_justify="left"
    )
    for name, row in rows.items():
        grid.add_row(name, *(f"{row[column]:.3g}" for column in names))
    return grid


def _real_copies(held: Sequence[Piece], memory: Memory) -> tuple[list[Any], list[Any]]:
    """How near held-out music itself comes to the training music, for comparison."""
    from engine.music.evaluate import held_out  # noqa: PLC0415

    four, tunes = held_out(held)
    return [copying(four[::3], memory)], [copying(tunes, memory)]


def _new(kind: str, phrase: Phrase) -> Phrase:
    """The part of a sample that was written: the rest is a held-out piece's own."""
    first, last = {"extend": (2, 4), "fill": (1, 3)}.get(kind, (0, phrase.bars))
    cells = slice(first * phrase.metre.bar, last * phrase.metre.bar)
    # A note of the piece's own that sounds on into the part was not written there: it is silent.
    lanes = tuple(canonical(lane[cells]) for lane in phrase.lanes)
    return replace(phrase, lanes=lanes, chords=phrase.chords[cells])


# ── the samples, in processes ──────────────────────────────────────────────────────────────────────────────────────


def _samples(held: Sequence[Piece], samples: int, seeds: Sequence[int], jobs: int, report: Report) -> Made:
    size = {kind: samples if kind in MAIN else max(2, samples // PART) for kind in KINDS}
    tasks = [(kind, seed, first) for kind in KINDS for seed in seeds for first in range(0, size[kind], CHUNK)]
    made: Made = {kind: {seed: [] for seed in seeds} for kind in KINDS}
    parts: dict[tuple[str, int, int], list[Phrase]] = {}
    # Spawned, not forked: torch's threads do not survive a fork.
    with ProcessPoolExecutor(jobs, get_context("spawn"), _start, (tuple(held),)) as pool:
        waiting = {pool.submit(_make, *task, min(task[2] + CHUNK, size[task[0]])): task for task in tasks}
        for done in as_completed(waiting):
            parts[waiting[done]] = done.result()
            report(sum(len(part) for part in parts.values()), sum(size.values()) * len(seeds))
    for kind, seed, first in tasks:  # in order, whichever process came first
        made[kind][seed] += parts[kind, seed, first]
    return made


def _start(held: tuple[Piece, ...]) -> None:
    torch.set_num_threads(1)
    desk = Composer.load().desk
    cross_entropy, one_shot = load_controls()
    _maker.append(Maker(desk, replace(desk, filler=cross_entropy), replace(desk, filler=one_shot, copies=None), held))


def _make(kind: str, seed: int, first: int, last: int) -> list[Phrase]:
    return [_maker[0].make(kind, seed, number) for number in range(first, last)]
