"""Keys and scales as tables, and finding the key of some notes.

Pitch classes count semitones above C. Facts stand in dictionaries and the code only looks them up, so a new mode is one
line. Key finding follows Krumhansl and Kessler's probe-tone profiles (1982) with the last bass note as a tie breaker,
because tonal music ends at home far more often than its histogram says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

SCALES: Mapping[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
}
LETTERS: Mapping[str, int] = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
NAMES_SHARP = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
NAMES_FLAT = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
# Semitones by which a mode's tonic stands above the tonic of the major scale with the same signature.
MODE_ABOVE_MAJOR: Mapping[str, int] = {
    "major": 0, "dorian": 2, "phrygian": 4, "lydian": 5, "mixolydian": 7, "minor": 9, "locrian": 11,
    "harmonic minor": 9, "melodic minor": 9, "major pentatonic": 0, "minor pentatonic": 9, "blues": 9,
}  # fmt: skip
FIFTHS_OF_MAJOR: Mapping[int, int] = {0: 0, 7: 1, 2: 2, 9: 3, 4: 4, 11: 5, 6: 6, 1: -5, 8: -4, 3: -3, 10: -2, 5: -1}
_MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic (0-11 semitones above C) and the name of a scale in `SCALES`.

    `flat` is only about writing: six flats where six sharps would sound the same, as in E flat minor.
    """

    tonic: int = 0
    mode: str = "major"
    flat: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.tonic < 12 or self.mode not in SCALES:
            raise ValueError(f"no such key: tonic {self.tonic}, mode {self.mode!r}")

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The scale's pitch classes; the plain, the harmonic and the melodic minor differ here."""
        return frozenset((self.tonic + step) % 12 for step in SCALES[self.mode])

    @property
    def is_minor(self) -> bool:
        """Whether the third above the tonic is small."""
        return 3 in SCALES[self.mode]

    @property
    def fifths(self) -> int:
        """Sharps (positive) or flats (negative) of the signature, -6 to 6."""
        fifths = FIFTHS_OF_MAJOR[(self.tonic - MODE_ABOVE_MAJOR[self.mode]) % 12]
        return -6 if fifths == 6 and self.flat else fifths

    @property
    def signature(self) -> str:
        """The MIDI name of the signature ("Dm", "Bb"): the plain major or minor key nearest to this mode."""
        minor = self.is_minor
        names = (
            NAMES_FLAT if Key(self.tonic, "minor" if minor else "major", self.fifths < 0).fifths < 0 else NAMES_SHARP
        )
        return names[self.tonic] + ("m" if minor else "")

    @property
    def name(self) -> str:
        """For people: "D minor", "Bb major", "E dorian"."""
        return f"{(NAMES_FLAT if self.fifths < 0 else NAMES_SHARP)[self.tonic]} {self.mode}"

    def transposed(self, semitones: int) -> "Key":
        """The same scale, so many semitones higher."""
        return Key((self.tonic + semitones) % 12, self.mode, self.flat)


def find_key(weighted: Iterable[tuple[int, float]], last_bass: int | None = None) -> Key:
    """Find the major or minor key of `(pitch, weight)` pairs; C major when there are none.

    `last_bass` is the lowest pitch of the last sound; a key whose tonic it is gets a bonus of 0.2 in correlation.
    """
    histogram = _histogram(weighted)
    if not any(histogram):
        return Key()
    keys = [Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12)]
    return max(keys, key=lambda key: _score(histogram, key, last_bass))


def fitting_key(told: str | None, weighted: Iterable[tuple[int, float]], last_bass: int | None = None) -> Key:
    """The key that a file names ("Dm"), if its notes are in it, else the key found; dorian and mixolydian are heard.

    C major counts as not said when another key fits plainly better: programs write it where nobody chose a key.
    """
    pairs = list(weighted)
    histogram = _histogram(pairs)
    found = find_key(pairs, last_bass)
    named = _named(told)
    if named is not None and _share(histogram, named) >= 0.85:
        unsaid = named == Key() and _score(histogram, found, last_bass) > _score(histogram, named, last_bass) + 0.1
        found = found if unsaid else named
    return _modal(histogram, found)


def _modal(histogram: Sequence[float], key: Key) -> Key:
    """A minor key whose sixth is always great is dorian, a major one whose seventh is always small mixolydian."""
    small, great = (8, 9) if key.is_minor else (10, 11)
    first, second = histogram[(key.tonic + small) % 12], histogram[(key.tonic + great) % 12]
    if key.mode == "minor" and second > 8 * first and second > 0.03 * sum(histogram):
        return Key(key.tonic, "dorian", key.flat)
    if key.mode == "major" and first > 8 * second and first > 0.03 * sum(histogram):
        return Key(key.tonic, "mixolydian", key.flat)
    return key


def _named(told: str | None) -> Key | None:
    """A MIDI key name such as "Bbm"; None for none and for what is no key."""
    name = (told or "").removesuffix("m")
    if name[:1] not in LETTERS or len(name) > 2:
        return None
    tonic = (LETTERS[name[0]] + {"#": 1, "b": -1}.get(name[1:], 0)) % 12
    return Key(tonic, "minor" if told != name else "major", "b" in name)


def _histogram(weighted: Iterable[tuple[int, float]]) -> list[float]:
    histogram = [0.0] * 12
    for pitch, weight in weighted:
        histogram[pitch % 12] += weight
    return histogram


def _score(histogram: Sequence[float], key: Key, last_bass: int | None) -> float:
    rotated = [histogram[(key.tonic + step) % 12] for step in range(12)]
    home = 0.2 if last_bass is not None and last_bass % 12 == key.tonic else 0.0
    return correlation(rotated, _MINOR_PROFILE if key.is_minor else _MAJOR_PROFILE) + home


def _share(histogram: Sequence[float], key: Key) -> float:
    """How much of the sound is in the scale; in minor the raised sixth and seventh belong to it."""
    classes = set(key.pitch_classes) | ({(key.tonic + 9) % 12, (key.tonic + 11) % 12} if key.is_minor else set())
    return sum(histogram[pc] for pc in classes) / max(sum(histogram), 1e-9)


def correlation(left: Iterable[float], right: Iterable[float]) -> float:
    """Pearson's correlation of two equally long rows; 0 when one of them does not vary."""
    a, b = list(left), list(right)
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    top = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    bottom = (sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)) ** 0.5
    return top / bottom if bottom else 0.0
