"""Five colours for a look: the network draws many palettes of its mood, and the one that suits best is taken. Pure.

Harmony is the network's; what people said is held by rule: a colour that was named is in it, a tint is done to all of
it, two colours never look the same, and darkest and lightest can be read on each other.
"""

import numpy as np
from numpy.typing import NDArray

from engine.art import nets
from engine.art.colour import hex_of, lab_of, mood_of, spread
from engine.art.vocabulary import COLOURS
from engine.art.wishes import Look
from engine.text.mood import MOODS

Array = NDArray[np.float64]

DRAWN = 192  # palettes to choose among
APART = 0.07  # of two colours in OKLab, at least
READABLE = 4.5  # WCAG's AA for text
_NEAR = 0.06
_WARM = np.array([0.06, 0.06])


def choose(look: Look, seed: int) -> tuple[str, ...]:
    """The hex colours of a look, darkest first; the same for the same seed."""
    chance = np.random.default_rng(seed)
    aim = np.array(MOODS[look.mood] if look.mood else (0.0, 0.0))
    noise = chance.standard_normal((DRAWN, 8)).astype(np.float32)
    moods = np.clip(aim + chance.normal(0, 0.25, (DRAWN, 2)), -0.95, 0.95).astype(np.float32)
    drawn = nets.palettes(nets.weights("palettes"), noise, moods).astype(float)
    made = _shown(np.stack([_tinted(_with(lab, look.colours), look) for lab in _shown(drawn)]))
    best = min(made, key=lambda lab: _cost(lab, look, aim))
    return hex_of(best[best[:, 0].argsort()])


def named(colours: tuple[str, ...]) -> tuple[str, ...]:
    """What each hex colour is called: the nearest name of `vocabulary.COLOURS`, each at most once."""
    names, left = tuple(COLOURS), list(range(len(COLOURS)))
    known, found = lab_of(tuple(COLOURS.values())), list[str]()
    for lab in lab_of(colours):
        nearest = min(left, key=lambda at: float(np.linalg.norm(known[at] - lab)))
        left.remove(nearest)
        found.append(names[nearest])
    return tuple(found)


def _with(lab: Array, colours: tuple[str, ...]) -> Array:
    """The palette with every named colour in it: each takes the place of the one that is nearest to it."""
    found, free = np.array(lab, float), list(range(len(lab)))
    for wanted in lab_of([COLOURS[name] for name in colours]) if colours else ():
        nearest = min(free, key=lambda at: float(np.linalg.norm(found[at] - wanted)))
        found[nearest] = wanted
        free.remove(nearest)
    return found


def _tinted(lab: Array, look: Look) -> Array:
    found = lab.copy()
    for tint in look.tints:
        if tint == "pastel":
            found[:, 0] = 0.72 + 0.22 * found[:, 0]
            found[:, 1:] *= 0.06 / max(_chroma(found), 0.06)
        elif tint == "muted":
            found[:, 1:] *= 0.5
        elif tint == "vivid":
            found[:, 1:] *= max(1.0, 0.16 / max(_chroma(found), 0.02))
        elif tint == "grey":
            found[:, 1:] = 0
        elif tint == "monochrome":
            found[:, 1:] = _one_hue(found, look)
        elif tint == "light":
            found[:, 0] = 0.35 + 0.65 * found[:, 0]
        elif tint == "deep":
            found[:, 0] *= 0.75
        else:
            away = _WARM if tint == "warm" else -_WARM
            found[:, 1:] = 0.7 * found[:, 1:] + 0.6 * away
    return found


def _one_hue(lab: Array, look: Look) -> Array:
    """All colours in the hue of the one that was named, or of the richest."""
    rich = np.hypot(lab[:, 1], lab[:, 2])
    lead = lab_of([COLOURS[look.colours[0]]])[0, 1:] if look.colours else lab[rich.argmax(), 1:]
    return np.asarray(rich[:, None] * lead / max(np.hypot(*lead), 1e-6))


def _chroma(lab: Array) -> float:
    return float(np.hypot(lab[:, 1], lab[:, 2]).mean())


def _cost(lab: Array, look: Look, aim: Array) -> float:
    """How little a palette suits: far from the mood, without what the story has, colours alike, too little contrast."""
    felt = np.array(mood_of(lab))
    far = 0.0 if look.tints else float(np.linalg.norm(felt - aim)) * (1.0 if look.mood else 0.3)
    wanted = lab_of([COLOURS[name] for name in look.hints]) if look.hints else np.empty((0, 3))
    missing = [max(0.0, float(np.linalg.norm(lab - one, axis=1).min()) - _NEAR) for one in wanted]
    dark, *_, light = sorted(lab[:, 0] ** 3)  # near enough to the luminance that WCAG reckons with
    needed = 2.0 if "pastel" in look.tints else READABLE
    return float(
        far
        + 8.0 * sum(missing) / max(len(missing), 1)
        + 8.0 * max(0.0, APART - spread(lab))
        + 0.4 * max(0.0, needed - (light + 0.05) / (dark + 0.05))
    )


def _shown(lab: Array) -> Array:
    """Colours as a screen shows them."""
    return lab_of(hex_of(lab.reshape(-1, 3))).reshape(lab.shape)
