"""What a picture is painted from, as it is stored and handed about: the same sketch gives the same picture. Pure.

The words of the look it answers (`engine/art/wishes`) stand beside it, where those who are forgotten are taken out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.art import palette
from engine.art.wishes import Kind, Look, loaded, stored
from engine.text.mood import MOODS

_LIT = 0.9  # how far a mood moves light and movement away from what is usual
_MOST = 4.0
COLOURS = 5
_HEX = re.compile("#[0-9a-f]{6}")
_TINTS = {"light": 0.6, "pastel": 0.4, "deep": -0.6}


@dataclass(frozen=True, slots=True)
class Sketch:
    """A palette, or a cover in one of the styles.

    `colours` are hex, darkest first, and `lead` is where the first that was named stands, 0 for none; `light` and
    `busy` are the network's condition, about -2 to 2; `text` is lettered.
    """

    kind: Kind
    style: str
    colours: tuple[str, ...]
    seed: int
    light: float = 0.0
    busy: float = 0.0
    text: str = ""
    lead: int = 0


def sketched(look: Look, seed: int) -> Sketch:
    """What a look comes to with this seed."""
    valence, energy = MOODS[look.mood] if look.mood else (0.0, 0.0)
    light = _LIT * valence + sum(_TINTS.get(tint, 0.0) for tint in look.tints)
    colours = palette.choose(look, seed)
    return Sketch(look.kind, look.style, colours, seed, light, _LIT * energy, look.text, _lead(look, colours))


def to_row(look: Look, sketch: Sketch) -> dict[str, Any]:
    """A look and what was drawn for it as JSON."""
    drawn = {"colours": list(sketch.colours), "seed": sketch.seed, "light": sketch.light, "busy": sketch.busy}
    return {**stored(look), "sketch": drawn}


def from_row(row: Mapping[str, Any]) -> Sketch:
    """The sketch that `to_row` wrote, perhaps in a file that somebody changed. Raises ValueError for what is none."""
    try:
        look, drawn = loaded(row), row["sketch"]
        seed, light, busy = int(drawn["seed"]), float(drawn["light"]), float(drawn["busy"])
        colours = tuple(drawn["colours"])
        good = all(isinstance(colour, str) and _HEX.fullmatch(colour) for colour in colours)
        if not good or len(colours) != COLOURS or not 0 <= seed < 2**63 or not max(abs(light), abs(busy)) <= _MOST:
            raise ValueError("no colours, or numbers out of range")
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"not a sketch this version can read: {error}") from error
    return Sketch(look.kind, look.style, colours, seed, light, busy, look.text, _lead(look, colours))


def _lead(look: Look, colours: tuple[str, ...]) -> int:
    """Where the first colour that was named stands, unless that is an end."""
    called = palette.named(colours)
    places = [called.index(name) for name in look.colours if name in called[1:-1]]
    return places[0] if places else 0
