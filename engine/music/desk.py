"""The place between phrases in any key and a network on tonic C: move home, tell, fill, choose, move back.

Composing and every edit come down to one call here: a phrase with UNKNOWN cells goes in, the best candidates come out,
and cells that were known come out as they went in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.music.chords import chord_lane
from engine.music.copying import Copies, melody
from engine.music.corpus import STYLES as MODEL_STYLES
from engine.music.form import Plan
from engine.music.keys import Key
from engine.music.limits import Effort, Filler, Habits, Limits, strict
from engine.music.phrase import METRES, NO_CHORD, UNKNOWN, Phrase, canonical
from engine.music.progressions import CHORALE, FOLK, Moves, draw_progression, tonic_chord
from engine.music.rules import faults
from engine.music.studio import Told, Work, best_first, carry_out, complete, copied
from engine.music.tokens import MASK_ID, METRE_IDS, MODE_IDS, UNSET, chord_ids, decode, encode

VOICES = ((60, 81), (53, 76), (48, 69), (38, 64))  # soprano, alto, tenor, bass as chorales use them
FIDDLE = (55, 88)
NEVER = 1e4  # nats


@dataclass(frozen=True, slots=True)
class Brief:
    """How to fill a phrase: the training style to imitate, what to aim at, how many candidates to try and to use.

    `sung`: the rhythm is settled, every hidden cell begins a note; what returns by the plan keeps the new rhythm.
    """

    style: str = "air"
    density: int = UNSET
    register: int = UNSET
    melody_range: tuple[int, int] = FIDDLE
    triplets: bool = False
    hold: float = 0.0
    candidates: int = 4
    wanted: int = 1
    closes: tuple[int, ...] = ()
    effort: Effort = field(default_factory=Effort)
    sung: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """A filler and what came with it; every method is a pure function of these and its arguments.

    `moves` are the chord moves, `habits` the network's by family (`calibrate` measures them). `copies` is the guard
    against copying; without it all goes. `taste` says how much these people would like a candidate (see `taste`).
    """

    filler: Filler
    moves: Moves
    habits: tuple[Habits, ...] = (Habits(), Habits())
    copies: Copies | None = None
    taste: Callable[[Phrase], float] | None = None

    def fill(self, phrase: Phrase, brief: Brief, seed: int, plan: Plan | None = None) -> list[tuple[Phrase, float]]:
        """Candidates for a phrase with UNKNOWN cells, best first, each with its faults a bar; in the phrase's key.

        None of them copies the training music, unless all do after `effort.attempts` rounds.

        The phrase needs 1 to 4 lanes and chords (`with_chords`); lanes of two and three parts are filled as if the
        missing voices sounded, and come back without them.
        """
        shift = _home(phrase.key) + _octaves(phrase)
        home = _in_model_metre(phrase.transposed(-shift))
        spread = {1: (0,), 2: (0, 3), 3: (0, 1, 3), 4: (0, 1, 2, 3)}[len(phrase.lanes)]
        count = 1 if spread == (0,) else 4
        blank = (UNKNOWN,) * home.cells
        lanes = [home.lanes[spread.index(i)] if i in spread else blank for i in range(count)]
        hidden = np.repeat(encode(lanes).astype(np.int64)[None], brief.candidates, axis=0)
        work = Work(self.filler, _told(home, brief, count), self._limits(home, brief, shift, count), brief.effort,
                    home.metre.name, self.copies, brief.sung)  # fmt: skip
        own: list[tuple[Phrase, float]] = []
        others: list[tuple[Phrase, float]] = []
        for attempt in range(brief.effort.attempts):
            now = seed + 104_729 * attempt
            made, scores = carry_out(work, plan, hidden, now) if plan is not None else complete(work, hidden, now)
            copies = np.asarray(copied(work, made, hidden[:, 0] == MASK_ID).any(1))
            found = [_merged(phrase, decode(rows), spread, shift) for rows in made]
            marks = [faults(candidate, closes=bool(brief.closes)) for candidate in found]
            liking = [self.taste(candidate) for candidate in found] if self.taste else None
            for i in best_first(scores, marks, liking):
                (others if copies[i] else own).append((found[i], marks[i]))
            if len(own) >= brief.wanted:
                break
        return own or others

    def is_copy(self, phrase: Phrase) -> bool:
        """Whether a melody copies the training music where it lies; `fill` judges it where the network wrote it."""
        if self.copies is None:
            return False
        home = _in_model_metre(phrase.transposed(-_home(phrase.key)))
        row = melody(home)
        return bool(self.copies.marks(row, np.ones(len(row), dtype=bool), home.metre.name).any())

    def with_chords(self, phrase: Phrase, family: int, seed: int, fixed: Sequence[int | None] = ()) -> Phrase:
        """The phrase with a drawn chord on every pulse; `fixed` (a chord or None a pulse) is kept, home at the ends."""
        pulse, shift = phrase.metre.pulse, phrase.key.tonic
        count = -(-phrase.cells // pulse)
        ends: list[int | None] = [_turned(c, -shift) for c in fixed] or [None] * count
        if not fixed:
            ends[0] = ends[-1] = tonic_chord(phrase.key)
        downbeats = [i * pulse % phrase.metre.bar == 0 for i in range(count)]
        home = replace(phrase.key, tonic=0)
        path = draw_progression(self.moves, family, home, downbeats, ends, np.random.default_rng(seed))
        lane = tuple(_turned(path[cell // pulse], shift) or 0 for cell in range(phrase.cells))
        return replace(phrase, chords=lane)

    def _limits(self, home: Phrase, brief: Brief, shift: int, lanes: int) -> Limits:
        """Ranges moved home, and the scale: strict for a melody and for rare scales, lenient for four parts."""
        ranges = VOICES if lanes == 4 else (brief.melody_range,)
        moved = tuple((low - shift, high - shift) for low, high in ranges)
        scale = home.key.pitch_classes
        classes = strict(tuple(scale))
        if home.key.mode == "minor":
            classes = tuple(
                -0.5 if pc == 11 and lanes == 4 else -2.0 if pc == 11 else w for pc, w in enumerate(classes)
            )
        if lanes == 4 and home.key.mode in ("major", "minor"):
            classes = tuple(max(w, -2.0) for w in classes)
        rests, hold = (NEVER, -NEVER) if brief.sung else (1.0, brief.hold)
        habits = self.habits[family_of(lanes)]
        if brief.sung:
            habits = replace(habits, intervals=_singable(habits.intervals))
        return Limits(moved, classes, brief.triplets, rests=rests, hold=hold, habits=habits)


def family_of(lanes: int) -> int:
    """Which chord moves suit so many lanes."""
    return FOLK if lanes == 1 else CHORALE


def heard_chords(phrase: Phrase) -> Phrase:
    """The phrase with the chords that its own notes imply."""
    return replace(phrase, chords=chord_lane(phrase))


def pulses(phrase: Phrase) -> list[int | None]:
    """The chord on each pulse, None where unknown."""
    return [c if c != NO_CHORD else None for c in phrase.chords[:: phrase.metre.pulse]]


def _singable(intervals: Sequence[float]) -> tuple[float, ...]:
    """What to hold against each interval when a voice sings it: leaps beyond a fifth cost more the larger they are."""
    return tuple(intervals[min(size, len(intervals) - 1)] + 0.4 * max(0, size - 6) for size in range(25))


def _turned(chord: int | None, semitones: int) -> int | None:
    return None if chord is None else chord // 12 * 12 + (chord + semitones) % 12


def _in_model_metre(home: Phrase) -> Phrase:
    """Two bars of 2/4 are one of 4/4 to the network; a last half bar is filled up with hidden cells and cut later."""
    if home.metre.name != "2/4" and home.cells % home.metre.bar == 0:
        return home
    metre = METRES["4/4"] if home.metre.name == "2/4" else home.metre
    missing = -home.cells % metre.bar
    lanes = tuple(lane + (UNKNOWN,) * missing for lane in home.lanes)
    return Phrase(metre, home.key, lanes, home.chords + home.chords[-1:] * missing)


def _told(home: Phrase, brief: Brief, lanes: int) -> Told:
    style = "chorale" if lanes == 4 else brief.style
    mode = MODE_IDS.get(home.key.mode, int(home.key.is_minor))
    bars = -(-home.cells // home.metre.bar)
    closes = tuple(sorted({min(bar, bars - 1) for bar in brief.closes})) or (bars + 3,)
    return Told(MODEL_STYLES.index(style), mode, METRE_IDS[home.metre.name], home.metre.bar,
                chord_ids(home.chords, home.cells), closes, brief.density, brief.register)  # fmt: skip


def _home(key: Key) -> int:
    """Semitones from the tonic on which the network writes, the nearer way."""
    return key.tonic if key.tonic <= 5 else key.tonic - 12


def _octaves(phrase: Phrase) -> int:
    """Semitones by which a melody lies above or below a fiddle's, whole octaves: the network knows no tuba."""
    known = [cell for cell in phrase.lanes[0] if cell >= 0] if len(phrase.lanes) == 1 else []
    away = sum(known) / len(known) - 70 if known else 0.0
    return 12 * round(away / 12) if abs(away) > 9 else 0


def _merged(phrase: Phrase, made: Sequence[Sequence[int]], spread: Sequence[int], shift: int) -> Phrase:
    """Known cells from the phrase, hidden ones from what was made, moved to the phrase's key."""
    lanes = []
    for lane, index in zip(phrase.lanes, spread, strict=True):
        row = [(m + shift if m >= 0 else m) if cell == UNKNOWN else cell
               for cell, m in zip(lane, made[index], strict=False)]  # fmt: skip
        lanes.append(canonical(row))
    return replace(phrase, lanes=tuple(lanes))
