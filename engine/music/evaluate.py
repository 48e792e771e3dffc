"""The music table: what was made, against held-out music and controls, as plain numbers and verdicts.

`ghostnote eval music` makes the samples (`sampling`) and prints what `table` returns. Held-out music is split by tune
family, so nothing here was trained on. Chorale samples are four-bar windows like the held-out ones; folk samples are
whole tunes of eight bars, because motifs and closes need a whole tune. A verdict is met only if it is met with every
seed.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.music.corpus import BARS, Piece, windows_of
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
from engine.music.phrase import Phrase, notes_of
from engine.music.sampling import EDITS, KINDS, chorale_windows, tunes_of
from engine.music.tokens import encode

Row = Mapping[str, float]
FOLK = ("folk", "folk, cross-entropy only")


@dataclass(frozen=True, slots=True)
class Copying:
    """How near samples come to training music: shares of samples in percent, the worst cases as they are.

    Over the limit is a run of more than 8 melody notes, whatever the key and the rhythm, or more than 60 % of the
    onsets of four bars in one training window; over half is the same with 4 notes or 30 %.
    """

    longest_run: int
    largest_share: float
    over_limit: float
    run_over_half: float
    share_over_half: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the issue's table: the worst value of any seed, its mean, what is required, and whether it is met."""

    what: str
    mean: float
    worst: float
    required: str
    met: bool


def real_rows(held: Sequence[Piece]) -> dict[str, Row]:
    """Held-out music, and the two controls made of it by mixing: its voices, and its bars."""
    four, tunes = held_out(held)
    rows = {"held-out": chorale_row(four, four), "voices shuffled": chorale_row(shuffled(four), four)}
    rows |= {"folk, held-out": folk_row(tunes, tunes)}
    return rows | {"folk, bars mixed": folk_row(mixed_bars(tunes, random.Random(1)), tunes)}


def held_out(held: Sequence[Piece]) -> tuple[list[Phrase], list[Phrase]]:
    """The chorale windows and the first eight bars of the tunes that samples are compared with."""
    tunes = [p.phrase.window(0, 8 * p.phrase.metre.bar) for p in tunes_of(held)]
    return [w.phrase for w in chorale_windows(held)], tunes


def made_row(kind: str, phrases: Sequence[Phrase], held: Sequence[Piece]) -> Row:
    """The measures of one kind of sample."""
    four, tunes = held_out(held)
    return folk_row(phrases, tunes) if kind in FOLK else chorale_row(phrases, four)


def chorale_row(phrases: Sequence[Phrase], real: Sequence[Phrase]) -> Row:
    """The measures of `Harmony` and the three divergences from held-out music."""
    return {
        **asdict(harmony(phrases)),
        "interval_jsd": divergence(interval_histogram(phrases), interval_histogram(real)),
        "duration_jsd": divergence(duration_histogram(phrases), duration_histogram(real)),
        "onset_jsd": divergence(onset_histogram(phrases), onset_histogram(real)),
    }


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


def verdicts(real: Mapping[str, Row], made: Mapping[str, Sequence[Row]], copies: Sequence[Copying]) -> list[Verdict]:
    """The issue's limits against the rows of every seed: `made` has, by kind, one row a seed."""
    four, folk = real["held-out"], real["folk, held-out"]
    found = [
        _within("chorale: chord beats %", made["chorale"], "chord_beats", low=92),
        _within("chorale: steps %", made["chorale"], "steps", low=70),
        _within("chorale: parallels % of moves", made["chorale"], "parallels", high=3),
        _within("chorale: crossings %", made["chorale"], "crossings", high=1),
        _near("chorale: notes a bar and voice", made["chorale"], "notes_a_bar", four, 0.1),
        _near("chorale: pitch classes a bar and voice", made["chorale"], "classes_a_bar", four, 0.1),
        _within("chorale: interval JSD", made["chorale"], "interval_jsd", high=0.03),
        _within("chorale: duration JSD", made["chorale"], "duration_jsd", high=0.03),
        _within("chorale: onset JSD", made["chorale"], "onset_jsd", high=0.015),
        _within("folk: interval JSD", made["folk"], "interval_jsd", high=0.03),
        _within("folk: onset JSD", made["folk"], "onset_jsd", high=0.03),
        _near("folk: motif repetition %", made["folk"], "motif_repetition", folk, 0.25),
        _within("folk: ends on the tonic %", made["folk"], "ends_at_home",
                folk["ends_at_home"] - 10, folk["ends_at_home"] + 10),
    ]  # fmt: skip
    for kind in (*EDITS, "accompany"):
        # Better harmony than real is no fault.
        found.append(_within(f"{kind}: chord beats %", made[kind], "chord_beats", low=four["chord_beats"] - 2))
    worst = max(copies, key=lambda c: (c.over_limit, c.longest_run, c.largest_share))
    mean = float(np.mean([c.over_limit for c in copies]))
    return [*found, Verdict("copying: samples over the limit %", mean, worst.over_limit, "0", worst.over_limit == 0)]


def _within(what: str, rows: Sequence[Row], name: str, low: float = -np.inf, high: float = np.inf) -> Verdict:
    values = [row[name] for row in rows]
    worst = min(values, key=lambda v: min(v - low, high - v))
    bounds = [f">= {low:.4g}"] * (low > -np.inf) + [f"<= {high:.4g}"] * (high < np.inf)
    return Verdict(what, float(np.mean(values)), worst, ", ".join(bounds), low <= worst <= high)


def _near(what: str, rows: Sequence[Row], name: str, real: Row, part: float) -> Verdict:
    return _within(what, rows, name, real[name] * (1 - part), real[name] * (1 + part))


class Memory:
    """The training melodies as `copying` compares with them; independent of the guard, which has only hashes."""

    def __init__(self, train: Sequence[Piece]) -> None:
        self.runs: dict[int, set[int]] = {n: set() for n in range(2, 17)}
        for piece in train:
            moves = _moves(piece.phrase)
            for n, seen in self.runs.items():
                seen.update(hash(tuple(moves[i : i + n])) for i in range(len(moves) - n + 1))
        rows: dict[str, list[NDArray[np.int16]]] = {}
        for window in windows_of(train):
            rows.setdefault(window.phrase.metre.name, []).append(encode(window.phrase.lanes[:1])[0])
        self.windows = {name: np.stack(some) for name, some in rows.items()}

    def longest(self, phrase: Phrase) -> int:
        """Notes in the longest run of the melody that some training melody has too (at most 17 are looked for)."""
        moves = _moves(phrase)
        best = 1
        for n, seen in self.runs.items():
            if any(hash(tuple(moves[i : i + n])) in seen for i in range(len(moves) - n + 1)):
                best = n + 1
        return best

    def share(self, phrase: Phrase) -> float:
        """The largest share of the onsets of four bars that one training window has at the same place and pitch."""
        ids = encode(phrase.lanes[:1])[0]
        onsets = ids > 2
        same = (self.windows[phrase.metre.name][:, onsets] == ids[onsets]).sum(1)
        return float(same.max() / max(onsets.sum(), 1))


def copying(samples: Sequence[Phrase], memory: Memory) -> Copying:
    """Compare melodies on tonic C with all training music of their metre: runs of notes, and onsets in place."""
    longest, shares = [], []
    for sample in samples:
        home = sample.transposed(-sample.key.tonic if sample.key.tonic <= 5 else 12 - sample.key.tonic)
        four = BARS * home.metre.bar
        longest.append(memory.longest(home))
        starts = range(0, home.cells - four + 1, home.metre.bar)
        shares.append(max((memory.share(home.window(a, a + four)) for a in starts), default=0.0))
    pairs = list(zip(longest, shares, strict=True))
    return Copying(
        max(longest),
        max(shares),
        _percent([run > 8 or share > 0.6 for run, share in pairs]),
        _percent([run > 4 for run in longest]),
        _percent([share > 0.3 for share in shares]),
    )


def _percent(flags: Sequence[bool]) -> float:
    return 100 * float(np.mean(flags))


def _moves(phrase: Phrase) -> list[int]:
    """Each move of the melody in semitones, plus 128, because Python gives -1 and -2 the same hash."""
    return [b.pitch - a.pitch + 128 for a, b in pairwise(notes_of(phrase.lanes[0]))]


__all__ = ["KINDS", "Copying", "Memory", "Verdict", "copying", "made_row", "real_rows", "verdicts"]
