"""The lyrics corpus: songs whose refrain comes back, found in three million lines of verse that have lost their poems.

Lines that return word for word at an even distance are a refrain, and what stands between them the verses. Each song is
written down as writers of songs do, with its verses and its chorus marked, so that the voice learns to bring one back.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from adapters.passages import Passage
from deploy.corpora import verse
from deploy.corpora.poems import fit, tidy
from deploy.corpora.premise import Rarity, listed
from deploy.corpora.rhyme import Sounds
from deploy.corpora.sources import Source
from deploy.corpora.split import without_shared
from deploy.corpora.stretches import split_of

LONGEST = 900  # characters: what fits into a training row
DISTANCES = range(4, 13)  # lines from refrain to refrain
VERSE, CHORUS = "[Verse]", "[Chorus]"

_WORD = re.compile(r"[a-z']+")
_UNFIT = re.compile(r"\betc\b|white man|half.devil|heathen|D\.C\.|chorus", re.IGNORECASE)
_CLOSED = re.compile(r"[.!?;:—-][\"')]*$")


@dataclass(frozen=True)
class Song:
    """Where it begins in the corpus, its verses (without the refrain) and the refrain, as tidy lines."""

    at: int
    verses: tuple[tuple[str, ...], ...]
    refrain: tuple[str, ...]

    def text(self) -> tuple[str, bool]:
        """The song with its parts marked, as many verses as fit, and whether that is all of it."""
        chorus = "\n".join((CHORUS, *self.refrain))
        parts = list[str]()
        for lines in self.verses:
            part = "\n".join((VERSE, *lines)) + "\n\n" + chorus
            if parts and len("\n\n".join((*parts, part))) > LONGEST:
                return "\n\n".join(parts), False
            parts.append(part)
        return "\n\n".join(parts), True


def build(read: Callable[[Source], bytes], say: Callable[[str], None], seed: int) -> Iterator[Passage]:
    """Rows of every song found; nothing if the verse or the dictionary is missing, which `say` is told."""
    verses = verse.opened(read, say)
    if verses is None:
        return
    lines, sounds = verses
    found = [(song, split_of(song.at)) for song in songs(lines, sounds)]
    held = [song.text()[0] for song, split in found if split in ("valid", "test")]
    fresh = set(without_shared([song.text()[0] for song, split in found if split == "train"], held))
    rarity = Rarity(song.text()[0] for song, _ in found)
    seen = set[tuple[str, ...]]()
    for song, split in found:
        text, whole = song.text()
        if not split or song.refrain in seen or (split == "train" and text not in fresh):
            continue
        seen.add(song.refrain)
        for time in range(2 if split == "train" else 1):
            chance = random.Random(f"{seed}/{song.at}/{time}")
            yield Passage(theme(song, rarity, chance), text, whole, "", f"lines from {song.at}", split)


def theme(song: Song, rarity: Rarity, chance: random.Random) -> str:
    """The writer's line for a song: what it is about, or the refrain as its title, or nothing but the form."""
    if chance.random() < 0.15:
        return "Song lyrics\n\n"
    if chance.random() < 0.25:
        return f"Song lyrics: {song.refrain[-1].strip(' ,.;:!?—')}\n\n"
    words = "\n".join(line for part in (*song.verses, song.refrain) for line in part)
    return f"Song lyrics: {listed(rarity.keywords(words, chance.choice((1, 2, 2, 3))))}\n\n"


def songs(lines: list[str], sounds: Sounds) -> Iterator[Song]:
    """Every run of verses with one refrain that rhymes, scans like song and uses the words of today."""
    plain = [" ".join(_WORD.findall(line.lower())) for line in lines]
    at = 0
    while at < len(lines) - DISTANCES[0]:
        apart, times = _returns(plain, at)
        if times < 2:
            at += 1
            continue
        width = _width(plain, at, apart, times)
        if (times > 2 or width > 1) and width < apart - 1:
            song = _cut(lines, at, apart, times, width)
            if song and _sung(song, sounds):
                yield song
        at += apart * (times - 1) + width


def _returns(plain: list[str], at: int) -> tuple[int, int]:
    """After how many lines this one comes back, and how often it stands there in all; (0, 0) if it does not."""
    if len(plain[at]) < 8:
        return 0, 0
    for apart in DISTANCES:
        times = 1
        while at + times * apart < len(plain) and plain[at + times * apart] == plain[at]:
            times += 1
        if times > 1:
            return apart, times
    return 0, 0


def _width(plain: list[str], at: int, apart: int, times: int) -> int:
    """How many lines from `at` on come back together."""
    width = 1
    while width < apart and at + width + (times - 1) * apart < len(plain):
        if any(plain[at + width + time * apart] != plain[at + width] for time in range(times)):
            break
        width += 1
    return width


def _cut(lines: list[str], at: int, apart: int, times: int, width: int) -> Song | None:
    """The song around a refrain that closes its verses; None if it opens them or stands inside."""
    refrain = tuple(tidy(line) for line in lines[at : at + width])
    if not _CLOSED.search(refrain[-1]):
        return None
    starts = [at + width - apart + time * apart for time in range(times)]
    verses = [tuple(tidy(line) for line in lines[start : start + apart - width]) for start in starts if start >= 0]
    if not _CLOSED.search(lines[starts[0] - 1].strip() or "."):
        verses = verses[1:]  # its beginning was counted among another poem's lines
    return Song(starts[0], tuple(verses), refrain) if len(verses) > 1 and all(map(all, verses)) else None


def _sung(song: Song, sounds: Sounds) -> bool:
    lines = [line for lines in song.verses for line in lines]
    sizes = [len(sounds.words(line)) for line in (*lines, *song.refrain)]
    if max(sizes) > 12 or min(sizes) < 2:
        return False
    for lines_of_one in song.verses:
        ends = [(sounds.words(line) or [""])[-1] for line in (*lines_of_one, *song.refrain)]
        rhymed = [any(sounds.rhyme(end, other) for other in ends) for end in ends[: len(lines_of_one)]]
        if sum(rhymed) < len(rhymed) / 2 or not lines_of_one[0].lstrip("\"'")[:1].isupper():
            return False
    whole = "\n".join((*lines, *song.refrain))
    return not _UNFIT.search(whole) and fit(whole, sounds)
