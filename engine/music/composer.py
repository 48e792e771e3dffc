"""The music engine's front door: a wish becomes pieces, a phrase becomes an edited phrase.

`Composer.load` is the only call that needs torch; with another filler (a test's) the whole class works without it. The
same wish, seed and weights give the same pieces.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.music import edits
from engine.music.arrange import Part, arrange, settled
from engine.music.chords import chord_lane, pulse_weights
from engine.music.copying import load_copies
from engine.music.desk import VOICES, Brief, Desk, family_of, pulses
from engine.music.form import Plan, make_plan
from engine.music.keeping import saved
from engine.music.motif import Motif
from engine.music.phrase import METRES, UNKNOWN, Phrase
from engine.music.progressions import tonic_chord
from engine.music.returning import Placed, returned
from engine.music.styles import INSTRUMENTS, LOOPS
from engine.music.wishes import Wish

WEIGHTS = Path(__file__).with_name("music.safetensors")
MELODIES = Path(__file__).with_name("melodies.safetensors")


@dataclass(frozen=True, slots=True)
class Composition:
    """One piece: its notes and chords, the wish it answers, the seed that makes it again, its faults a bar, motifs."""

    phrase: Phrase
    wish: Wish
    seed: int
    faults: float
    form: str
    motifs: Placed

    def parts(self) -> tuple[Part, ...]:
        """What each instrument plays."""
        return arrange(self.phrase, self.wish)

    def midi(self) -> bytes:
        """A standard MIDI file."""
        return saved(self.parts(), self.phrase, self.wish)


class Composer:
    """Composes and edits; holds nothing but the network, so one object serves any number of requests in turn."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @classmethod
    def load(cls, weights: Path = WEIGHTS, melodies: Path = MELODIES) -> "Composer":
        """A composer with trained weights and the index of what it must not copy. Raises NoWeights."""
        # Only here: everything else in this folder must import where torch is not installed.
        from engine.music.decode import load_filler  # noqa: PLC0415

        filler, moves, habits = load_filler(weights)
        return cls(Desk(filler, moves, habits, load_copies(melodies)))

    def compose(self, wish: Wish, seed: int, candidates: int = 4, motifs: Sequence[Motif] = ()) -> list[Composition]:
        """`wish.variants` pieces, best first, chosen from at least so many candidates; the motifs return in each."""
        dice = random.Random(seed)
        blank = _blank(wish)
        model_bars = -(-blank.cells // (METRES["4/4"].bar if wish.metre == "2/4" else blank.metre.bar))
        plan = make_plan(model_bars, dice, inner=0.1 if wish.style.lanes == 4 else 0.75)
        lead = INSTRUMENTS[wish.instruments[0]]
        span = _comfortable(lead.low, lead.high)
        if wish.chords:
            blank = _given_chords(blank, wish.chords)
        elif wish.style.loops:
            blank = looped(blank, dice)
        placed = returned(blank, plan, motifs, seed, VOICES[0] if wish.style.lanes > 1 else span)
        phrase = placed.phrase if blank.chords else self._planned_chords(placed.phrase, plan, seed)
        brief = Brief(
            style=wish.style.model,
            density=wish.density,
            register=wish.register,
            melody_range=span,
            triplets=wish.style.triplets,
            candidates=max(candidates, 2 * wish.variants if wish.variants > 1 else 1),
            wanted=wish.variants,
            closes=plan.closes,
        )
        found = [(settled(made, wish), mark) for made, mark in self.desk.fill(phrase, brief, seed, plan)]
        # Moved by octaves to its instrument, a melody may lie where a training tune does.
        own = [row for row in found if not self.desk.is_copy(row[0])]
        chosen = (own if len(own) >= wish.variants else found)[: wish.variants]
        return [Composition(made, wish, seed, mark, "".join(plan.names), placed) for made, mark in chosen]

    def extend(self, phrase: Phrase, bars: int, seed: int, candidates: int = 4) -> Phrase:
        """The phrase followed by so many new bars; what was there is kept to the note."""
        return edits.extend(self.desk, phrase, bars, seed, candidates)

    def vary(self, phrase: Phrase, strength: float, seed: int, keep: Sequence[int] = (), candidates: int = 4) -> Phrase:
        """A variation: from 0 (a few ornaments) to 1 (little but the chords); lanes in `keep` stay as they are."""
        return edits.vary(self.desk, phrase, strength, seed, keep, candidates)

    def harmonize(self, phrase: Phrase, seed: int, candidates: int = 4) -> Phrase:
        """The first lane as the soprano of four parts."""
        return edits.harmonize(self.desk, phrase, seed, candidates)

    def accompany(self, phrase: Phrase) -> Phrase:
        """The melody with the chords that `arrange` plays under it."""
        return edits.accompany(phrase)

    def redraw(
        self,
        phrase: Phrase,
        first: int,
        last: int,
        change: str,
        seed: int,
        keep: Sequence[int] = (),
        candidates: int = 6,
    ) -> Phrase:
        """Bars first to last, counted from 1 as people do, drawn anew: "sparser", "denser" or "other"."""
        return edits.redraw(self.desk, phrase, first, last, change, seed, keep, candidates)

    def morph(self, start: Phrase, goal: Phrase, bars: int, seed: int, candidates: int = 4) -> Phrase:
        """So many bars that begin as the first phrase and end as the second, in the first one's key."""
        return edits.morph(self.desk, start, goal, bars, seed, candidates)

    def _planned_chords(self, blank: Phrase, plan: Plan, seed: int) -> Phrase:
        """Chords for the whole piece: drawn once, copied where the plan copies, and the rest drawn around those.

        Notes that are known already have the chords that they imply.
        """
        family, pulse = family_of(len(blank.lanes)), blank.metre.pulse
        bar = METRES["4/4"].bar if blank.metre.name == "2/4" else blank.metre.bar
        first = pulses(self.desk.with_chords(blank, family, seed))
        fixed: list[int | None] = [None] * len(first)
        for step in plan.steps:
            here = range(step.first * bar // pulse, min(step.last * bar // pulse, len(first)))
            back = ((step.first - step.source) * bar // pulse) if step.source is not None else 0
            new = step.source is None and plan.names.index(plan.names[step.first // 4]) == step.first // 4
            for i in here:
                fixed[i] = first[i] if new else fixed[i - back] if back else None
        tonic = tonic_chord(blank.key) + blank.key.tonic
        for close in plan.closes[-1:]:
            for i in range(max(0, (close + 1) * bar // pulse - 2), len(first)):
                fixed[i] = tonic
        fixed = [chord if chord is not None else old for chord, old in zip(_implied(blank), fixed, strict=True)]
        fixed[0] = fixed[0] if fixed[0] is not None else tonic
        return self.desk.with_chords(blank, family, seed + 1, fixed)


def _blank(wish: Wish) -> Phrase:
    metre = METRES[wish.metre]
    return Phrase(metre, wish.key, ((UNKNOWN,) * (wish.bars * metre.bar),) * wish.style.lanes)


def _implied(phrase: Phrase) -> list[int | None]:
    """For each pulse the chord that the known notes of a melody imply, None where none are known."""
    known = replace(phrase, lanes=phrase.lanes[:1])
    heard = chord_lane(known)[:: phrase.metre.pulse]
    return [chord if weight.any() else None for chord, weight in zip(heard, pulse_weights(known), strict=True)]


def _given_chords(blank: Phrase, chords: Sequence[int]) -> Phrase:
    """The person's chords, one a bar, in rotation."""
    bar = blank.metre.bar
    return replace(blank, chords=tuple(chords[(cell // bar) % len(chords)] for cell in range(blank.cells)))


def looped(blank: Phrase, dice: random.Random) -> Phrase:
    """One of the rounds of popular music in the phrase's key, and home in the last bar."""
    tonic = blank.key.tonic
    loops = LOOPS.get(blank.key.mode) or LOOPS["minor" if blank.key.is_minor else "major"]
    loop = [chord // 12 * 12 + (chord + tonic) % 12 for chord in dice.choice(loops)]
    looped, last = _given_chords(blank, loop), blank.cells - blank.metre.bar
    home = (tonic_chord(blank.key) + tonic,) * blank.metre.bar
    return replace(looped, chords=looped.chords[:last] + home)


def _comfortable(low: int, high: int) -> tuple[int, int]:
    """The part of an instrument's range where a tune sits well; at least an octave and a half."""
    low = max(low, 55) if high > 75 else low
    return (low, min(high, max(low + 19, 86)))
