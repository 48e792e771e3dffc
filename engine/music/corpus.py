"""The public-domain music the generator learns from: read once, cut into windows, split by tune family.

Only three collections that music21 ships may be used (Bach chorales, Ryan's Mammoth Collection, O'Neill's 1850), and
only to train. Every piece is moved to tonic C, so the network learns degrees and not keys. Tunes that share two
different two-bar stretches are one family and fall on one side of the split, because fiddle collections repeat
themselves and a random split would leak a sixth of the windows.
"""

import hashlib
import importlib.util
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.music.abc import Tune, read_abc
from engine.music.keys import Key, find_key
from engine.music.musicxml import Chorale, read_chorale
from engine.music.phrase import METRES, Note, Phrase, lane_of, notes_of, sounding

STYLES = ("chorale", "reel", "hornpipe", "jig", "strathspey", "air", "waltz", "march")
BARS = 4  # a window
_RHYTHMS = {
    "reel": "reel", "hornpipe": "hornpipe", "clog": "hornpipe", "jig": "jig", "double jig": "jig", "slide": "jig",
    "strathspey": "strathspey", "highland fling": "strathspey", "fling": "strathspey", "air": "air", "waltz": "waltz",
    "march": "march", "walk around": "reel", "doublejig": "jig", "highlandfling": "strathspey",
}  # fmt: skip
_FOLK_METRES = {"4/4": ("4/4", 1), "2/4": ("4/4", 2), "3/4": ("3/4", 1), "6/8": ("6/8", 1), "12/8": ("6/8", 1)}


@dataclass(frozen=True, slots=True)
class Piece:
    """A whole tune or chorale on tonic C; `ends` are the bars after which a part or the piece is over."""

    title: str
    style: str
    phrase: Phrase
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Four bars of a piece and how far their first bar stands from the start and from the end of its part."""

    phrase: Phrase
    style: str
    from_start: int
    to_end: int
    piece: int


def corpus_folder() -> Path:
    """Where music21 keeps its scores. Raises FileNotFoundError naming the package when it is not installed."""
    spec = importlib.util.find_spec("music21")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package music21 is not installed, and training reads its scores")
    return Path(spec.origin).parent / "corpus"


def load_pieces(folder: Path | None = None) -> list[Piece]:
    """All usable pieces of the three collections, in a stable order; takes about ten seconds."""
    base = folder or corpus_folder()
    pieces = []
    for path in sorted([*(base / "bach").glob("*.mxl"), *(base / "bach").glob("*.xml")]):
        chorale = read_chorale(path)
        piece = _from_chorale(chorale) if chorale else None
        pieces += [piece] if piece else []
    for name in ("ryansMammoth", "oneills1850"):
        for path in sorted((base / name).glob("*.abc")):
            for tune in read_abc(path.read_text(encoding="utf-8", errors="replace")):
                piece = _from_tune(tune)
                pieces += [piece] if piece else []
    return pieces


def windows_of(pieces: Sequence[Piece], stride: int = 1) -> list[Window]:
    """Four-bar windows of every piece; windows do not cross the end of a part."""
    found = []
    for index, piece in enumerate(pieces):
        bar, first = piece.phrase.metre.bar, 0
        for end in piece.ends:
            for at in range(first, end - BARS + 1, stride):
                part = piece.phrase.window(at * bar, (at + BARS) * bar)
                if sum(len(notes_of(lane)) for lane in part.lanes) >= 4 * len(part.lanes):
                    found.append(Window(part, piece.style, at - first, end - at - BARS, index))
            first = end
    return found


def split_by_family(pieces: Sequence[Piece], held_out: float = 0.1, seed: int = 1) -> tuple[list[Piece], list[Piece]]:
    """Training and held-out pieces, so that no tune family stands on both sides; the same for the same seed."""
    families: dict[int, list[int]] = defaultdict(list)
    for index, root in enumerate(_family_roots(pieces)):
        families[root].append(index)
    groups = sorted(families.values(), key=lambda group: group[0])
    random.Random(seed).shuffle(groups)
    # A big family is kept for training: held out it would be one tune told many times.
    wanted = {style: held_out * sum(p.style == style for p in pieces) for style in STYLES}
    held: set[int] = set()
    for group in groups:
        style = pieces[group[0]].style
        if len(group) <= 4 and wanted[style] > 0:
            held.update(group)
            wanted[style] -= len(group)
    train = [piece for i, piece in enumerate(pieces) if i not in held]
    return train, [pieces[i] for i in sorted(held)]


def _family_roots(pieces: Sequence[Piece]) -> list[int]:
    """Union-find over pieces that share two or more different two-bar stretches of melody."""
    root = list(range(len(pieces)))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    shared: dict[tuple[int, int], int] = defaultdict(int)
    for places in _places(pieces).values():
        for other in places[1:]:
            shared[(places[0], other)] += 1
    for (left, right), count in shared.items():
        if count >= 2:
            root[find(right)] = find(left)
    return [find(i) for i in range(len(pieces))]


def _places(pieces: Sequence[Piece]) -> dict[str, list[int]]:
    """For each two-bar stretch of melody (its contour on the eighths) the pieces that have it."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, piece in enumerate(pieces):
        bar = piece.phrase.metre.bar
        heard = sounding(piece.phrase.lanes[0])
        seen = set()
        for at in range(0, len(heard) - 2 * bar + 1, bar):
            shape = heard[at : at + 2 * bar : 2]
            if len(set(shape)) >= 4:
                low = shape[0]
                seen.add(hashlib.sha1(bytes((p - low) % 128 for p in shape), usedforsecurity=False).hexdigest())
        for digest in sorted(seen):
            places[digest].append(index)
    return places


def _from_chorale(chorale: Chorale) -> Piece | None:
    metre = METRES[chorale.metre]
    end = max(note.start + note.length for voice in chorale.voices for note in voice)
    bars = -(-end // (metre.bar * 3))
    last_bass = chorale.voices[3][-1].pitch % 12
    major = (7 * chorale.fifths) % 12
    weighted = [(n.pitch, float(n.length)) for voice in chorale.voices for n in voice]
    key = Key(last_bass, "minor") if last_bass == (major + 9) % 12 else Key(last_bass, "major")
    if last_bass not in (major, (major + 9) % 12):
        key = find_key(weighted, last_bass)
    lanes = tuple(lane_of([note for note in voice if note.start >= 0], bars * metre.bar) for voice in chorale.voices)
    return Piece(chorale.title, "chorale", _at_home(Phrase(metre, key, lanes)), (bars,)) if bars >= BARS else None


def _from_tune(tune: Tune) -> Piece | None:
    """Lay a tune's parts on the bar grid; None for metres outside the product and for parts that do not add up."""
    if tune.metre not in _FOLK_METRES:
        return None
    name, factor = _FOLK_METRES[tune.metre]
    metre = METRES[name]
    bar_ticks = metre.bar * 3
    lane: list[int] = []
    ends = []
    for bars, lengths in zip(tune.parts, tune.lengths, strict=True):
        notes = _part_notes(bars, [length * factor for length in lengths], factor, bar_ticks)
        if notes is None or notes[1] < BARS:
            continue
        lane += lane_of(notes[0], notes[1] * metre.bar)
        ends.append(len(lane) // metre.bar)
    if not ends:
        return None
    phrase = Phrase(metre, tune.key, (tuple(lane),))
    return Piece(tune.title, _style_of(tune, name), _at_home(phrase), tuple(ends))


def _part_notes(
    bars: Sequence[Sequence[Note]], lengths: Sequence[int], factor: int, full: int
) -> tuple[list[Note], int] | None:
    """A part's notes from its first full bar on. Where the last bar leaves room for the pickup, its last note stays.

    The pickup itself would make every part end on a question: the network is to learn how tunes close.
    """
    merged = _merge_halves(bars, lengths, factor, full)
    if merged and merged[0][1] < full:
        merged.pop(0)
    if not merged or any(length != full for _, length in merged[:-1]) or merged[-1][1] > full:
        return None
    notes = [n._replace(start=n.start + i * full) for i, (bar, _) in enumerate(merged) for n in bar]
    short = full - merged[-1][1]
    if short and notes:
        notes[-1] = notes[-1]._replace(length=len(merged) * full - notes[-1].start)
    return notes, len(merged)


def _merge_halves(
    bars: Sequence[Sequence[Note]], lengths: Sequence[int], factor: int, full: int
) -> list[tuple[list[Note], int]]:
    """Scale bars; a bar of two full ones (12/8) is cut, and two short ones that fill a bar together are joined."""
    merged: list[tuple[list[Note], int]] = []
    for index, (bar, length) in enumerate(zip(bars, lengths, strict=True)):
        scaled = [Note(n.start * factor, n.length * factor, n.pitch) for n in bar]
        if length == 2 * full:
            merged.append(([n for n in scaled if n.start < full], full))
            merged.append(([n._replace(start=n.start - full) for n in scaled if n.start >= full], full))
        elif index > 1 and merged and merged[-1][1] < full and merged[-1][1] + length == full:
            before, so_far = merged.pop()
            merged.append((before + [n._replace(start=n.start + so_far) for n in scaled], full))
        else:
            merged.append((scaled, length))
    return merged


def _style_of(tune: Tune, metre: str) -> str:
    known = _RHYTHMS.get(tune.rhythm)
    if known:
        return known
    title = tune.title.lower()
    for word in ("march", "quickstep", "waltz", "air", "strathspey", "reel", "jig", "hornpipe"):
        if word in title:
            return {"quickstep": "march"}.get(word, word)
    return {"4/4": "air", "3/4": "waltz", "6/8": "jig"}[metre] if metre != "4/4" else _by_speed(tune)


def _by_speed(tune: Tune) -> str:
    """An unlabelled tune in four: many notes a bar make a reel, few an air."""
    bars = [bar for part in tune.parts for bar in part]
    return "reel" if sum(len(bar) for bar in bars) >= 6.5 * len(bars) else "air"


def _at_home(phrase: Phrase) -> Phrase:
    """Move to tonic C by the smaller way."""
    shift = -phrase.key.tonic if phrase.key.tonic <= 6 else 12 - phrase.key.tonic
    return phrase.transposed(shift)
