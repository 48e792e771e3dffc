"""Who makes what is not words, where there is somebody: the musician and the painter."""

from dataclasses import dataclass

from engine.art.painter import Painter
from engine.music.musician import Musician


@dataclass(frozen=True, slots=True)
class Makers:
    """Those that a conversation has; None for what cannot be asked for here."""

    musician: Musician | None = None
    painter: Painter | None = None


NOBODY = Makers()
