"""T. Train the music GAN from music21's public-domain scores: one run, read top to bottom, resumable at any moment.

At first only the cross-entropy of hidden cells is learnt; then the critic joins in every second step, because a contest
costs twice a plain step (adversarial 0.2, cross-entropy 1.0: with 1.0 and 0.5 the chorales thinned out to 3.3 notes a
bar, since few notes give the critic little to object to). Weights are averaged (EMA) for use. Progress counts
steps or minutes, whichever is further, so that a run on a busy machine still ends. Run it with
`python -m engine.music.train --help`.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.music.corpus import Piece, load_pieces, split_by_family
from engine.music.dataset import Kind, Windows, draw, hide, training_windows
from engine.music.gan import Conditions, Critic, Generator, critic_loss, fill_loss, filled, straight_through
from engine.music.progressions import count_moves
from engine.music.tokens import MASK_ID, VOCABULARY

BAR_CELLS = (16, 12, 12)


@dataclass(frozen=True, slots=True)
class Settings:
    """One run: where it keeps its state, how long it goes on, and what it weighs.

    `one_shot` trains the control of that name: nothing is shown, the network reads noise and writes all at once.
    With `warm_up` 1 the critic never joins in: the control that knows cross-entropy only.
    """

    folder: Path
    steps: int = 20000
    minutes: float = 180.0
    batch: int = 32
    seed: int = 1
    rate: float = 6e-4
    warm_up: float = 0.3
    adversarial: float = 0.2
    cross_entropy: float = 1.0
    chorales: float = 0.65
    contest_every: int = 2
    one_shot: bool = False
    save_every: int = 250


class Run:
    """Everything that a checkpoint holds, and one step of training."""

    def __init__(self, settings: Settings) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.rng = np.random.default_rng(settings.seed)
        self.generator, self.critic, self.average = Generator(), Critic(), Generator()
        self.average.load_state_dict(self.generator.state_dict())
        self.for_generator = torch.optim.AdamW(
            self.generator.parameters(), settings.rate, betas=(0.9, 0.98), weight_decay=0.02
        )
        self.for_critic = torch.optim.AdamW(self.critic.parameters(), 3e-4, betas=(0.5, 0.95), weight_decay=0.0)
        self.step, self.seconds = 0, 0.0

    def progress(self) -> float:
        """0 at the start, 1 at the end."""
        return max(self.step / self.settings.steps, self.seconds / 60 / self.settings.minutes)

    def train_step(self, windows: dict[Kind, Windows]) -> dict[str, float]:
        """Draw a batch, fill it, let the critic judge it, and move both networks once."""
        kind = self._kind(windows)
        batch = draw(windows[kind], self.settings.batch * (2 if kind[0] == 1 else 1), self.rng)
        ids, conditions, hidden = self._tensors(batch, kind)
        rate = self._rate()
        for group in self.for_generator.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.generator(self._shown(ids, hidden), conditions)
            told = fill_loss(logits, ids, hidden)
            seen = {"ce" + "?1??4"[kind[0]]: float(told.detach())}
            if self.progress() < self.settings.warm_up or self.step % self.settings.contest_every:
                loss = told
            else:
                loss, more = self._contest(logits, ids, hidden, conditions)
                seen |= more
                loss = self.settings.adversarial * loss + self.settings.cross_entropy * told
        self.for_generator.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.generator.parameters(), 1.0)
        self.for_generator.step()
        self._average()
        self.step += 1
        return seen

    def _contest(
        self, logits: Tensor, ids: Tensor, hidden: Tensor, conditions: Conditions
    ) -> tuple[Tensor, dict[str, float]]:
        """Teach the critic on this batch, then return what it thinks of the made windows, as the generator's loss."""
        made = filled(ids, hidden, straight_through(logits))
        real = filled(ids, torch.zeros_like(hidden), made.detach())
        against = critic_loss(self.critic(real, conditions), self.critic(made.detach(), conditions))
        self.for_critic.zero_grad(set_to_none=True)
        torch.autograd.backward(against)
        self.for_critic.step()
        for parameter in self.critic.parameters():
            parameter.requires_grad_(False)
        score = -self.critic(made, conditions).mean()
        for parameter in self.critic.parameters():
            parameter.requires_grad_(True)
        return score, {"critic": float(against.detach()), "fooled": -float(score.detach())}

    def _kind(self, windows: dict[Kind, Windows]) -> Kind:
        """Chorales in their share of steps, else folk; within each in proportion to the square root of its windows."""
        lanes = 4 if self.rng.random() < self.settings.chorales else 1
        kinds = [kind for kind in windows if kind[0] == lanes] or list(windows)
        weights = np.array([len(windows[kind].ids) ** 0.5 for kind in kinds])
        return kinds[int(self.rng.choice(len(kinds), p=weights / weights.sum()))]

    def _tensors(self, batch: Windows, kind: Kind) -> tuple[Tensor, Conditions, Tensor]:
        ids = torch.from_numpy(batch.ids.astype(np.int64))
        size, lanes, cells = batch.ids.shape
        everything = np.ones((size, lanes, cells), dtype=bool)
        hidden = everything if self.settings.one_shot else hide(size, lanes, cells, BAR_CELLS[kind[1]], self.rng)
        labels, chords = (torch.from_numpy(a.astype(np.int64)) for a in (batch.labels, batch.chords))
        return ids, Conditions(labels, chords), torch.from_numpy(hidden)

    def _shown(self, ids: Tensor, hidden: Tensor) -> Tensor:
        """What the generator reads: the known cells, or noise of the same shape when all comes at one shot."""
        return torch.randint_like(ids, VOCABULARY) if self.settings.one_shot else torch.where(hidden, MASK_ID, ids)

    def _rate(self) -> float:
        """Linear warm-up over 200 steps, then a cosine down to a twentieth."""
        falling = 0.05 + 0.95 * 0.5 * (1 + np.cos(np.pi * min(self.progress(), 1.0)))
        return float(self.settings.rate * min(1.0, (self.step + 1) / 200) * falling)

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(0.998, 1 - 10 / (self.step + 20))
        for mean, now in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(now, 1 - keep)

    def save(self) -> None:
        """Write weights and state; the state file comes last and by renaming, so a kill leaves the old or the new."""
        folder = self.settings.folder
        folder.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, Tensor] = {}
        for name, module in (("generator", self.generator), ("critic", self.critic), ("average", self.average)):
            tensors |= {f"{name}/{key}": value.contiguous() for key, value in module.state_dict().items()}
        for name, optimiser in (("of_generator", self.for_generator), ("of_critic", self.for_critic)):
            for index, entry in optimiser.state_dict()["state"].items():
                tensors |= {f"{name}/{index}/{key}": value.contiguous() for key, value in entry.items()}
        metadata = {"step": str(self.step), "seconds": str(self.seconds)}
        save_file(tensors, folder / "state.partial", metadata)
        (folder / "state.partial").rename(folder / "state.safetensors")

    def resume(self) -> bool:
        """Go on from the folder's state, if there is one."""
        path = self.settings.folder / "state.safetensors"
        if not path.exists():
            return False
        tensors = load_file(path)
        for name, module in (("generator", self.generator), ("critic", self.critic), ("average", self.average)):
            module.load_state_dict({k[len(name) + 1 :]: v for k, v in tensors.items() if k.startswith(name + "/")})
        for name, optimiser in (("of_generator", self.for_generator), ("of_critic", self.for_critic)):
            _restore(optimiser, {k[len(name) + 1 :]: v for k, v in tensors.items() if k.startswith(name + "/")})
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        self.step, self.seconds = int(header["__metadata__"]["step"]), float(header["__metadata__"]["seconds"])
        self.rng = np.random.default_rng((self.settings.seed, self.step))
        torch.manual_seed(self.settings.seed + self.step)
        return True


def _restore(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, key = name.split("/")
        state.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


Report = Callable[[Mapping[str, float]], None]


def train(settings: Settings, report: Report, windows: dict[Kind, Windows] | None = None) -> Run:
    """Run until the steps or the minutes are over, from the folder's state if it has one; saves at the end.

    Every 50 steps, and after the last, `report` gets the step, the minutes, the progress from 0 to 1, and the mean
    losses since the last time; the same line goes to the folder's `log.jsonl`. Without `windows` the corpus is read
    (FileNotFoundError without music21) and kept beside the folder as `windows.npz`.
    """
    torch.set_num_threads(1)
    found = windows if windows is not None else training_windows(settings.folder.parent / "windows.npz")
    run = Run(settings)
    run.resume()
    settings.folder.mkdir(parents=True, exist_ok=True)
    sums: dict[str, list[float]] = {}
    last = time.monotonic()
    while run.progress() < 1:
        for name, value in run.train_step(found).items():
            sums.setdefault(name, []).append(value)
        now = time.monotonic()
        run.seconds, last = run.seconds + now - last, now
        if run.step % 50 == 0 or run.progress() >= 1:
            report(_logged(run, {name: sum(values) / len(values) for name, values in sums.items()}))
            sums = {}
        if run.step % settings.save_every == 0:
            run.save()
    run.save()
    return run


def _logged(run: Run, means: Mapping[str, float]) -> dict[str, float]:
    line = {"step": run.step, "minutes": round(run.seconds / 60, 2), "progress": round(run.progress(), 4)}
    line |= {name: round(value, 4) for name, value in means.items()}
    with (run.settings.folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    return line


def export(folder: Path, out: Path, pieces: Sequence[Piece] | None = None) -> None:
    """Write the averaged generator, the critic and the chord moves as fp16 safetensors: what the product loads.

    The chord moves are counted in `pieces`, or in the training music if there are none. `calibrate` adds to the file.
    """
    state = load_file(folder / "state.safetensors")
    names = {"average": "generator", "critic": "critic"}
    tensors = {
        names[key.split("/")[0]] + key[key.index("/") :]: value.half().contiguous()
        for key, value in state.items()
        if key.split("/")[0] in names
    }
    known = pieces if pieces is not None else split_by_family(load_pieces())[0]
    moves = count_moves(piece.phrase for piece in known)
    # fp16 ends at 65504; no chord follows another that often here, but a bigger corpus would overflow in silence.
    tensors["chord_moves"] = torch.from_numpy(moves).clamp(max=60000).half()
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out, {"made_by": "python -m engine.music.train --export", "licence": "Apache-2.0"})


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/music"))
    for name, default in asdict(Settings(Path())).items():
        if name != "folder":
            flag = "--" + name.replace("_", "-")
            if isinstance(default, bool):
                parser.add_argument(flag, action="store_true")
            else:
                parser.add_argument(flag, type=type(default), default=default)
    parser.add_argument("--export", type=Path, help="only write the folder's weights to this file")
    chosen = vars(parser.parse_args())
    out = chosen.pop("export")
    if out is not None:
        export(chosen["folder"], out)
    else:
        train(Settings(**chosen), lambda line: print(json.dumps(line), flush=True))  # noqa: T201 - its progress display


if __name__ == "__main__":
    main()
