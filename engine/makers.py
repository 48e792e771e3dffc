"""Who makes what is not words, where there is somebody: the musician and the painter."""

from dataclasses import dataclass
from typing import TypeVar

from engine.art.painter import Painter
from engine.errors import Impossible
from engine.music.musician import Musician

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Makers:
    """Those that a conversation has; None for what cannot be asked for here."""

    musician: Musician | None = None
    painter: Painter | None = None


NOBODY = Makers()


def present(maker: T | None, why: str) -> T:
    """The maker; raises Impossible, which says why, where there is none."""
    if maker is None:
        raise Impossible(why=why)
    return maker
