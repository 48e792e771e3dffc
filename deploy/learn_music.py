"""`ghostnote learn music`: makes the music weights anew from music21's public-domain scores (T).

It trains (resumable at any moment), writes the weights, measures the habits to speak against on training music, and
makes the index of melodies that no piece may copy. With `control` it trains one of the table's controls instead.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from engine.music import calibrate
from engine.music.composer import Composer
from engine.music.controls import export_control
from engine.music.copying import index_of
from engine.music.corpus import Piece, load_pieces, split_by_family
from engine.music.dataset import training_windows
from engine.music.train import Settings, export, train

Control = Literal["", "cross-entropy", "one-shot"]
Report = Callable[[str, float, str], None]


def settings(folder: Path, minutes: float, seed: int, control: Control) -> Settings:
    """How the shipped weights, or one of the controls, were trained."""
    if control == "cross-entropy":
        return Settings(folder, minutes=minutes, seed=seed, warm_up=1.0)
    if control == "one-shot":
        return Settings(
            folder, minutes=minutes, seed=seed, one_shot=True, chorales=1.0, contest_every=1, warm_up=0.25,
            adversarial=1.0, cross_entropy=0.0,
        )  # fmt: skip
    return Settings(folder, minutes=minutes, seed=seed)


def learn(
    chosen: Settings, out: Path, control: Control, board: Path | None, report: Report, samples: int = 60,
    pieces: Sequence[Piece] | None = None,
) -> dict[str, float]:  # fmt: skip
    """Train until the time is over and write everything into the folder `out`; the last losses.

    `report` hears a stage, the share of it that is done, and a few words; `samples` is how many pieces each round of
    `calibrate` makes. Without `pieces` to train on the corpus is read: FileNotFoundError without music21. If `board`
    names a folder for TensorBoard, ImportError without that.
    """
    report("reading", 0.0, "the training music")
    known = pieces if pieces is not None else split_by_family(load_pieces())[0]
    windows = training_windows(chosen.folder.parent / "windows.npz", known)
    report("reading", 1.0, f"{len(known)} pieces")
    last: dict[str, float] = {}
    scalars = _scalars(board) if board else None

    def seen(line: Mapping[str, float]) -> None:
        last.update(line)
        losses = {k: v for k, v in line.items() if k not in ("step", "minutes", "progress")}
        report("training", line["progress"], ", ".join(f"{k} {v:.3f}" for k, v in losses.items()))
        if scalars is not None:
            for name, value in losses.items():
                scalars.add_scalar(name, value, int(line["step"]))

    train(chosen, seen, windows)
    if scalars is not None:
        scalars.close()
    out.mkdir(parents=True, exist_ok=True)
    if control:
        export_control(chosen.folder, out / f"{control.replace('-', '_')}.safetensors")
    else:
        finish(chosen, out, report, known, samples)
    return last


def finish(chosen: Settings, out: Path, report: Report, pieces: Sequence[Piece], samples: int) -> None:
    """From a trained state to what the product loads: weights, the index of melodies, habits."""
    index_of(pieces).save(out / "melodies.safetensors")
    weights = out / "music.safetensors"
    export(chosen.folder, weights, pieces)
    composer = Composer.load(weights, out / "melodies.safetensors")
    begun = time.monotonic()

    def share(done: float) -> None:
        report("habits", done, f"{time.monotonic() - begun:.0f} s")

    calibrate.keep(weights, calibrate.measured(composer.desk, pieces, chosen.seed, samples, report=share))
    report("habits", 1.0, "done")


def _scalars(folder: Path) -> Any:
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an extra

    return SummaryWriter(folder)
