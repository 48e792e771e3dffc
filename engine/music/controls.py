"""T. The controls of the music table: what the same networks make without the contest, or without the masked decoding.

Their weights are shipped, so that a clean clone can measure them: `cross_entropy.safetensors` is a generator that never
met the critic, `one_shot.safetensors` one that learnt from the critic to write everything at once, out of noise.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from engine.music.decode import NetworkFiller
from engine.music.errors import NoWeights
from engine.music.gan import Conditions, Critic, Generator
from engine.music.limits import Effort, Filler, Limits
from engine.music.tokens import VOCABULARY

FOLDER = Path(__file__).with_name("controls")


class OneShot:
    """Keeps the promise of `Filler` for windows in which everything is hidden: one pass, every cell on its own."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator.settle()

    @torch.inference_mode()
    def fill(
        self, ids: NDArray[np.int64], labels: NDArray[np.int64], chords: NDArray[np.int64], limits: Limits,
        effort: Effort, seed: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:  # fmt: skip
        """Ids of the shape asked for, and zeros for scores; what was known, limits and effort do not count."""
        dice = torch.Generator().manual_seed(seed)
        noise = torch.randint(VOCABULARY, ids.shape, generator=dice)
        logits = self.generator(noise, Conditions(torch.from_numpy(labels), torch.from_numpy(chords)))
        drawn = torch.multinomial(logits.softmax(-1).flatten(0, -2), 1, generator=dice).view(ids.shape)
        return drawn.numpy(), np.zeros(len(ids))


class Uncritical(NetworkFiller):
    """The masked generator with nobody to judge what it makes."""

    def fill(
        self, ids: NDArray[np.int64], labels: NDArray[np.int64], chords: NDArray[np.int64], limits: Limits,
        effort: Effort, seed: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:  # fmt: skip
        """See `NetworkFiller`; the scores are zeros."""
        made, scores = super().fill(ids, labels, chords, limits, effort, seed)
        return made, np.zeros_like(scores)


def load_controls(folder: Path = FOLDER) -> tuple[Filler, Filler]:
    """The cross-entropy-only and the one-shot filler. Raises NoWeights when one is missing or damaged."""
    masked = _generator(folder / "cross_entropy.safetensors")
    return Uncritical(masked, Critic()), OneShot(_generator(folder / "one_shot.safetensors"))


def _generator(path: Path) -> Generator:
    if not path.is_file():
        raise NoWeights(why="missing", file=path.name)
    generator = Generator()
    try:
        generator.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    except (SafetensorError, RuntimeError) as error:
        raise NoWeights(why="damaged", file=path.name) from error
    return generator


def export_control(run: Path, out: Path) -> None:
    """Write the averaged generator of a training run's folder as fp16 safetensors."""
    state = load_file(run / "state.safetensors")
    tensors = {k.removeprefix("average/"): v.half().contiguous() for k, v in state.items() if k.startswith("average/")}
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out, {"made_by": "ghostnote learn music --control", "licence": "Apache-2.0"})
