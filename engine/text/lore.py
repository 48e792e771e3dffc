"""Which entries of the lore the next passage needs: those of which a key was named in the last passages. Pure.

An entry fires if one of its keys stands in the newest passages, one of each group of second keys as well, and none of
those that forbid it. Keys are whole words in any case, `sail*` and `*sail*` are parts of words, and Chinese and
Japanese, which have no spaces, are found anywhere. All keys are looked for in one walk over a passage, so ten thousand
of them cost no more than ten: at each place where a word begins, the text there is looked up in a table by its first
character and by the lengths that keys beginning so have.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.text import sentences
from engine.text.task import Passage
from storage.records import LoreRow

SCANNED = 3  # passages
MANY, MOST = 4, 40  # passages by which it is told what stands in all of them
AROUND = 24  # characters quoted on either side of a key


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a key was found: `back` passages before the last one, with what stands around it."""

    key: str
    back: int
    quote: str


@dataclass(frozen=True, slots=True)
class Fired:
    """An entry that is to be shown, and why: it always is, or its keys were named, `since` replies ago (0: now)."""

    entry: LoreRow
    hits: tuple[Hit, ...] = ()
    since: int = 0


@dataclass(frozen=True, slots=True)
class Withheld:
    """An entry of which a key was named, and why it stays out all the same: a key that forbids it, or one it lacks."""

    entry: LoreRow
    hit: Hit | None
    by: Hit | None = None
    lacks: tuple[str, ...] = ()


Verdict = Fired | Withheld | None


def scan(entries: Sequence[LoreRow], passages: Sequence[Passage]) -> tuple[tuple[Fired, ...], tuple[Withheld, ...]]:
    """The entries that fire, in the order in which they are shown (what is always shown comes first, then by order),
    and those that were named but stay out.
    """
    if not entries:
        return (), ()
    looked = _Looked(index(frozenset(_keys(entries))), tuple(passage.text for passage in passages))
    ends = [len(passages), *(at for at in range(len(passages) - 1, -1, -1) if passages[at].kind == "model")]
    verdicts = [_verdict(entry, looked, ends) for entry in entries]
    fired = [verdict for verdict in verdicts if isinstance(verdict, Fired)]
    fired.sort(key=lambda one: (not one.entry.always, one.entry.rank, one.entry.number))
    return tuple(fired), tuple(verdict for verdict in verdicts if isinstance(verdict, Withheld))


def everywhere(entry: LoreRow, texts: Sequence[str]) -> str:
    """A key of the entry that stands in every one of these passages; "" if none does, or they are too few to tell."""
    if len(texts) < MANY:
        return ""
    found = [_found(index(frozenset(entry.keys)), text) for text in texts[-MOST:]]
    return next((key for key in entry.keys if all(key in each for each in found)), "")


def _keys(entries: Iterable[LoreRow]) -> Iterable[str]:
    for entry in entries:
        yield from (*entry.keys, *entry.never)
        for group in entry.also:
            yield from group


def _verdict(entry: LoreRow, looked: "_Looked", ends: Sequence[int]) -> Verdict:
    now = _at(entry, looked, ends[0], 0)
    if isinstance(now, Fired) or entry.always:
        return now
    for since, end in enumerate(ends[1 : entry.sticky + 1], 1):
        then = _at(entry, looked, end, since)
        if isinstance(then, Fired):
            forbids = looked.first(entry.never, ends[0])
            return Withheld(entry, then.hits[0], by=forbids) if forbids else then
    return now


def _at(entry: LoreRow, looked: "_Looked", end: int, since: int) -> Verdict:
    """What holds of an entry if the story ended before the passage `end`."""
    hit = looked.first(entry.keys, end)
    if hit is None and not entry.always:
        return None
    forbids = looked.first(entry.never, end)
    if forbids:
        return Withheld(entry, hit, by=forbids)
    if entry.always:
        return Fired(entry)
    hits = [hit] if hit else []
    for group in entry.also:
        second = looked.first(group, end)
        if second is None:
            return Withheld(entry, hit, lacks=group)
        hits.append(second)
    return Fired(entry, tuple(hits), since)


class _Looked:
    """Where keys stand in which passage; each passage is walked once, when it is needed."""

    def __init__(self, keys: "Index", texts: tuple[str, ...]) -> None:
        self._keys, self._texts = keys, texts

    def first(self, keys: Sequence[str], end: int) -> Hit | None:
        """The newest passage of those scanned that has one of the keys."""
        for at in range(end - 1, max(-1, end - 1 - SCANNED), -1):
            found = _found(self._keys, self._texts[at])
            for key in keys:
                place = found.get(key)
                if place is not None:
                    return Hit(key, len(self._texts) - 1 - at, _quoted(self._texts[at], place, len(key.strip("*"))))
        return None


class Index:
    """Keys, ready to be looked for all at once. Equal if they are of the same keys."""

    def __init__(self, keys: frozenset[str]) -> None:
        self.keys = keys
        self._tight: dict[str, dict[int, dict[str, list[str]]]] = {}  # by first character, by length: must begin a word
        self._loose: dict[str, dict[int, dict[str, list[str]]]] = {}
        for key in sorted(keys):
            bare = folded(key.strip("*"))
            if bare:
                table = self._loose if key.startswith("*") or not _wordly(bare[0]) else self._tight
                table.setdefault(bare[0], {}).setdefault(len(bare), {}).setdefault(bare, []).append(key)

    def find(self, text: str) -> dict[str, int]:
        """Every key that stands in the text, and the first place where it does."""
        plain, found = folded(text), dict[str, int]()
        before = ""
        for at, character in enumerate(plain):
            if not (_wordly(before) and _wordly(character)):
                self._here(self._tight.get(character), plain, at, found)
            if character in self._loose:
                self._here(self._loose[character], plain, at, found)
            before = character
        return found

    @staticmethod
    def _here(lengths: dict[int, dict[str, list[str]]] | None, plain: str, at: int, found: dict[str, int]) -> None:
        for length, keys in (lengths or {}).items():
            named = keys.get(plain[at : at + length])
            if named:
                goes_on = _wordly(plain[at + length - 1]) and _wordly(plain[at + length : at + length + 1])
                for key in named:
                    if key.endswith("*") or not goes_on:
                        found.setdefault(key, at)


@lru_cache(maxsize=64)
def index(keys: frozenset[str]) -> Index:
    """The index of these keys; the same one for the same keys."""
    return Index(keys)


@lru_cache(maxsize=256)
def _found(keys: Index, text: str) -> dict[str, int]:
    return keys.find(text)


@lru_cache(maxsize=4096)
def _wordly(character: str) -> bool:
    """Whether a character is part of a word that ends where spaces and points are."""
    return (
        bool(character)
        and (character.isalnum() or unicodedata.combining(character) > 0)
        and not (sentences.has_cjk(character))
    )


def folded(text: str) -> str:
    """A text as keys are compared: in small letters, with one kind of apostrophe and of space; as long as it was."""
    small = text.replace("’", "'").replace("\n", " ").replace("\t", " ")
    lower = small.lower()
    return lower if len(lower) == len(small) else "".join(each.lower()[:1] for each in small)


def _quoted(text: str, place: int, length: int) -> str:
    start, end = max(0, place - AROUND), min(len(text), place + length + AROUND)
    middle = " ".join(text[start:end].split())
    return ("…" if start else "") + middle + ("…" if end < len(text) else "")
