"""Training music written for the tests: a few tunes and four-part pieces, the same every time."""

import random

from engine.music.corpus import Piece
from engine.music.keys import Key
from engine.music.phrase import HOLD, METRES, Phrase

SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 74, 76)


def tune(seed: int, style: str = "reel", metre: str = "4/4", bars: int = 8) -> Piece:
    """Eighths that wander on the scale and end at home."""
    dice, at = random.Random(seed), 4
    row: list[int] = []
    for _ in range(METRES[metre].bar * bars // 2 - 1):
        at = min(max(at + dice.choice((-2, -1, -1, 0, 1, 1, 2)), 0), len(SCALE) - 1)
        row += [SCALE[at], HOLD]
    phrase = Phrase(METRES[metre], Key(), ((*row, 60, HOLD),))
    return Piece(f"{style} {seed}", style, phrase, (bars,))


def chorale(seed: int, bars: int = 4) -> Piece:
    """Quarters in four voices that move through three chords."""
    dice = random.Random(seed)
    chords = ((72, 67, 64, 48), (69, 65, 60, 53), (71, 67, 62, 55), (67, 64, 60, 48))
    lanes: tuple[list[int], ...] = ([], [], [], [])
    for _ in range(bars * 4):
        for lane, pitch in zip(lanes, dice.choice(chords), strict=True):
            lane += [pitch, HOLD, HOLD, HOLD]
    return Piece(f"chorale {seed}", "chorale", Phrase(METRES["4/4"], Key(), tuple(map(tuple, lanes))), (bars,))
