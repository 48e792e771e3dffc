"""The music table: what the shipped weights write, against held-out music and controls, as plain numbers.

`ghostnote eval music` prints what `evaluate` returns. Held-out music is split by tune family, so nothing here was
trained on. Chorale samples are four-bar windows like the held-out ones; folk samples are whole tunes of eight bars,
because motifs and closes need a whole tune.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.music.composer import Composer
from engine.music.corpus import BARS, Piece, Window, load_pieces, split_by_family, windows_of
from engine.music.desk import Brief, Desk, heard_chords, pulses
from engine.music.limits import Effort
from engine.music.metrics import (
    divergence,
    duration_histogram,
    ends_at_home,
    harmony,
    interval_histogram,
    motif_repetition,
    onset_histogram,
    shuffled,
)
from engine.music.phrase import UNKNOWN, Phrase, notes_of
from engine.music.progressions import CHORALE, tonic_chord
from engine.music.tokens import encode
from engine.music.wishes import read_wish

Row = Mapping[str, float]
FOLK_STYLES = ("reel", "hornpipe", "jig", "air", "waltz")
_WORDS = {"reel": "reel", "hornpipe": "hornpipe", "jig": "jig", "air": "folk air", "waltz": "waltz"}


@dataclass(frozen=True, slots=True)
class Copying:
    """How near samples come to training windows: shares of samples in percent, the worst cases as they are."""

    longest_run: int
    largest_share: float
    over_limit: float
    over_half: float


def evaluate(composer: Composer, samples: int = 200, seeds: Sequence[int] = (1, 2, 3)) -> dict[str, dict[str, Row]]:
    """The whole table, a "chorale" and a "folk" one for each seed; reads the corpus (FileNotFoundError without it)."""
    held = split_by_family(load_pieces())[1]
    tables: dict[str, dict[str, Row]] = {}
    for seed in seeds:
        tables[f"chorale, seed {seed}"] = chorale_table(composer.desk, held, samples, seed, Effort(), 4)
        tables[f"folk, seed {seed}"] = folk_table(composer, held, samples, seed)
    return tables


def chorale_table(
    desk: Desk, held: Sequence[Piece], samples: int, seed: int, effort: Effort, tries: int
) -> dict[str, Row]:
    """Rows "held-out", "shuffled", "made" and "harmonised" for 4/4 chorale windows, best of `tries` each."""
    windows = [w for w in windows_of(held) if w.style == "chorale" and w.phrase.metre.name == "4/4"]
    real = [w.phrase for w in windows]
    chosen = random.Random(seed).choices(windows, k=samples)
    made = [chorale_sample(desk, w, seed * 10_000 + i, effort, tries) for i, w in enumerate(chosen)]
    under = [harmonised(desk, w.phrase, seed * 10_000 + i, effort, tries) for i, w in enumerate(chosen[: samples // 2])]
    rows = {"held-out": real, "shuffled": shuffled(real), "made": made, "harmonised": under}
    return {name: chorale_row(phrases, real) for name, phrases in rows.items() if phrases}


def chorale_row(phrases: Sequence[Phrase], real: Sequence[Phrase]) -> Row:
    """The measures of `Harmony` and the three divergences from held-out music."""
    return {
        **asdict(harmony(phrases)),
        "interval_jsd": divergence(interval_histogram(phrases), interval_histogram(real)),
        "duration_jsd": divergence(duration_histogram(phrases), duration_histogram(real)),
        "onset_jsd": divergence(onset_histogram(phrases), onset_histogram(real)),
    }


def chorale_sample(desk: Desk, like: Window, seed: int, effort: Effort, tries: int) -> Phrase:
    """Four bars from nothing, told only the mode and whether the piece ends here, as the window's is."""
    blank = Phrase(like.phrase.metre, like.phrase.key, ((UNKNOWN,) * like.phrase.cells,) * 4)
    ends: list[int | None] = [None] * (blank.cells // blank.metre.pulse)
    if like.to_end == 0:
        ends[-1] = tonic_chord(blank.key)
    told = desk.with_chords(blank, CHORALE, seed, ends)
    closes = (BARS - 1 + like.to_end,) if like.to_end == 0 else ()
    return desk.fill(told, Brief("chorale", candidates=tries, closes=closes, effort=effort), seed)[0][0]


def harmonised(desk: Desk, phrase: Phrase, seed: int, effort: Effort, tries: int) -> Phrase:
    """Three voices under a held-out melody; raises AssertionError when a known note was changed."""
    blank = (UNKNOWN,) * phrase.cells
    melody = Phrase(phrase.metre, phrase.key, (phrase.lanes[0],))
    told = desk.with_chords(Phrase(phrase.metre, phrase.key, (phrase.lanes[0], blank, blank, blank)), CHORALE, seed,
                            pulses_of_melody(melody))  # fmt: skip
    made = desk.fill(told, Brief("chorale", candidates=tries, effort=effort), seed)[0][0]
    if made.lanes[0] != phrase.lanes[0]:
        raise AssertionError("harmonising changed the melody")
    return made


def pulses_of_melody(melody: Phrase) -> list[int | None]:
    """Half a bar's chord from the melody, as `edits.harmonize` does it."""
    known = pulses(heard_chords(melody))
    return [chord if i % 2 == 0 else None for i, chord in enumerate(known)]


def folk_table(composer: Composer, held: Sequence[Piece], samples: int, seed: int) -> dict[str, Row]:
    """Rows "held-out", "bars mixed" and "made" for eight-bar tunes, in the styles' share of the held-out tunes."""
    tunes = [p for p in held if p.style in FOLK_STYLES and p.phrase.bars >= 8 and 8 in p.ends]
    real = [p.phrase.window(0, 8 * p.phrase.metre.bar) for p in tunes]
    dice = random.Random(seed)
    made = []
    for i, tune in enumerate(dice.choices(tunes, k=samples)):
        words = f"8 bars {_WORDS[tune.style]} in C {tune.phrase.key.mode}, {tune.phrase.metre.name}"
        made.append(composer.compose(read_wish(words), seed * 10_000 + i)[0].phrase)
    rows = {"held-out": real, "bars mixed": mixed_bars(real, dice), "made": made}
    return {name: folk_row(phrases, real) for name, phrases in rows.items()}


def folk_row(phrases: Sequence[Phrase], real: Sequence[Phrase]) -> Row:
    """Divergences from held-out tunes, motif repetition, closes on the tonic, notes a bar."""
    return {
        "interval_jsd": divergence(interval_histogram(phrases), interval_histogram(real)),
        "duration_jsd": divergence(duration_histogram(phrases), duration_histogram(real)),
        "onset_jsd": divergence(onset_histogram(phrases), onset_histogram(real)),
        "motif_repetition": float(np.mean([motif_repetition(p) for p in phrases])),
        "ends_at_home": 100 * float(np.mean([ends_at_home(p) for p in phrases])),
        "notes_a_bar": harmony(phrases).notes_a_bar,
    }


def mixed_bars(phrases: Sequence[Phrase], dice: random.Random) -> list[Phrase]:
    """The control for motifs: each bar from another tune of the same metre."""
    mixed = []
    for phrase in phrases:
        bar = phrase.metre.bar
        same = [p for p in phrases if p.metre == phrase.metre]
        lane = sum((dice.choice(same).lanes[0][i * bar : (i + 1) * bar] for i in range(phrase.bars)), ())
        mixed.append(Phrase(phrase.metre, phrase.key, (lane,)))
    return mixed


def copying(samples: Sequence[Phrase], train: Sequence[Piece]) -> Copying:
    """Compare melodies on tonic C with all training windows of their metre: runs of notes, and onsets in place."""
    runs = _runs(train)
    windows: dict[str, NDArray[np.int16]] = {}
    for name in {p.metre.name for p in samples}:
        rows = [encode(w.phrase.lanes[:1])[0] for w in windows_of(train) if w.phrase.metre.name == name]
        windows[name] = np.stack(rows)
    longest, shares = [], []
    for sample in samples:
        home = sample.transposed(-sample.key.tonic if sample.key.tonic <= 5 else 12 - sample.key.tonic)
        longest.append(_longest(home, runs))
        shares.append(max(_share(home.window(a, a + BARS * home.metre.bar), windows[home.metre.name])
                          for a in range(0, home.cells - BARS * home.metre.bar + 1, home.metre.bar)))  # fmt: skip
    over = [run > 8 or share > 0.6 for run, share in zip(longest, shares, strict=True)]
    half = [run > 4 or share > 0.3 for run, share in zip(longest, shares, strict=True)]
    return Copying(max(longest), max(shares), 100 * float(np.mean(over)), 100 * float(np.mean(half)))


def _shapes(phrase: Phrase) -> list[tuple[int, int]]:
    """Each move of the melody as (semitones, ticks until the next note): runs compare tune and rhythm."""
    notes = notes_of(phrase.lanes[0])
    return [(b.pitch - a.pitch, b.start - a.start) for a, b in pairwise(notes)]


def _runs(pieces: Sequence[Piece]) -> dict[int, set[int]]:
    """Hashes of all runs of 2 to 16 moves in the training melodies, by length."""
    runs: dict[int, set[int]] = {n: set() for n in range(2, 17)}
    for piece in pieces:
        shapes = _shapes(piece.phrase)
        for n, seen in runs.items():
            seen.update(hash(tuple(shapes[i : i + n])) for i in range(len(shapes) - n + 1))
    return runs


def _longest(phrase: Phrase, runs: Mapping[int, set[int]]) -> int:
    """Notes in the longest run of the melody that some training melody has too (at most 17 are looked for)."""
    shapes = _shapes(phrase)
    best = 1
    for n, seen in runs.items():
        if any(hash(tuple(shapes[i : i + n])) in seen for i in range(len(shapes) - n + 1)):
            best = n + 1
    return best


def _share(phrase: Phrase, windows: NDArray[np.int16]) -> float:
    """The largest share of the phrase's onsets that one training window has at the same place and pitch."""
    ids = encode(phrase.lanes[:1])[0]
    onsets = ids > 2
    same = ((windows == ids) & onsets).sum(1)
    return float(same.max() / max(onsets.sum(), 1))
