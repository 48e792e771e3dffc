"""One piece of music without a chat: `ghostnote music`."""

import secrets
from pathlib import Path

from rich.console import Console

from engine.music.composer import Composer
from engine.music.phrase import METRES
from engine.music.render import draw_roll, render_audio
from engine.music.wishes import describe, read_wish


def compose(text: str, seed: int | None, target: Path, out: Console) -> None:
    """Write the piece that `text` wishes for to `target`, with its sound (.ogg) and picture (.png) beside it.

    Variants beyond the first are numbered. Raises MusicError for a wish that cannot be, OSError for the disk.
    """
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)  # the network is small: a second thread costs more than it gives
    wish = read_wish(text)
    seed = secrets.randbits(31) if seed is None else seed
    pieces = Composer.load().compose(wish, seed)
    out.print(describe(wish), style="dim")
    for number, piece in enumerate(pieces, 1):
        name = target if number == 1 else target.with_stem(f"{target.stem}-{number}")
        midi = piece.midi()
        bars = -(-piece.phrase.cells // piece.phrase.metre.bar)
        name.write_bytes(midi)
        name.with_suffix(".ogg").write_bytes(render_audio(midi))
        name.with_suffix(".png").write_bytes(draw_roll(piece.parts(), METRES[wish.metre], bars))
        out.print(f"{name}, with .ogg and .png beside it; seed {seed}")
