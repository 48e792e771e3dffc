"""One piece of music without a chat: `ghostnote music`."""

import secrets
from pathlib import Path

from rich.console import Console

from bot import wording
from engine.music import perform
from engine.music.composer import Composer
from engine.music.orders import Order
from engine.music.wishes import read_wish


def compose(text: str, seed: int | None, target: Path, language: str, out: Console) -> None:
    """Write the piece that `text` wishes for to `target`, with its sound (.ogg) and picture (.png) beside it.

    Variants beyond the first are numbered. Raises MusicError for a wish that cannot be, OSError for the disk.
    """
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)  # the network is small: a second thread costs more than it gives
    wish = read_wish(text)
    out.print(wording.describe(wish, language), style="dim")
    seed = secrets.randbits(31) if seed is None else seed
    pieces = perform.perform(Composer.load(), Order("compose", words=text), None, None, seed, wish.variants)
    for number, (score, midi) in enumerate(pieces, 1):
        name = target if number == 1 else target.with_stem(f"{target.stem}-{number}")
        name.write_bytes(midi)
        for kind in ("ogg", "png"):
            name.with_suffix(f".{kind}").write_bytes(perform.RENDER[kind](score, midi))
        out.print(f"{name}, with .ogg and .png beside it; seed {score.seed}")
