"""How English words sound: syllables, stress and rhyme, from the CMU pronouncing dictionary and by rule for the rest.

The dictionary (`cmudict.gz`, BSD-2, see cmudict.md) is one sorted block of bytes, one character a phone, and words are
found in it by bisection: loading it takes 20 ms and 2 MB, where a Python dictionary would take ten times of both.
"""

import gzip
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CONSONANTS = (
    "B",
    "CH",
    "D",
    "DH",
    "F",
    "G",
    "HH",
    "JH",
    "K",
    "L",
    "M",
    "N",
    "NG",
    "P",
    "R",
    "S",
    "SH",
    "T",
    "TH",
    "V",
    "W",
    "Y",
    "Z",
    "ZH",
)
PHONES = tuple(vowel + stress for vowel in VOWELS for stress in "012") + CONSONANTS
CODES = "".join(code for code in map(chr, range(33, 127)) if code != "'")[: len(PHONES)]

Sound = tuple[str, ...]

_PHONE = dict(zip(CODES, PHONES, strict=True))
_CODE = dict(zip(PHONES, CODES, strict=True))
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*", re.UNICODE)
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def words(text: str) -> list[str]:
    """The words of a text in lower case, apostrophes straight, hyphens dividing."""
    return [word.replace("’", "'").lower() for word in _WORD.findall(text)]


@lru_cache(maxsize=8192)
def sounds(word: str) -> tuple[Sound, ...]:
    """Every way the dictionary pronounces a word, the commonest first, as ARPAbet phones; () if it does not know it."""
    found = _look_up(word.lower().replace("’", "'"))
    return tuple(tuple(_PHONE[code] for code in way) for way in found.split())


def syllables(text: str) -> int:
    """Syllables of a word or a line, each word in its commonest pronunciation."""
    return sum(_syllables(word) for word in words(text))


def certain(text: str) -> bool:
    """Whether every word is in the dictionary, with one number of syllables however it is pronounced."""
    return all(len({_vowels(way) for way in sounds(word)}) == 1 for word in words(text))


def stress(text: str) -> str:
    """The stress of each syllable: 1 strong, 2 half strong, 0 weak, "?" where only the number is known."""
    return "".join(_stress(word) for word in words(text))


def rhyme(text: str, usual: bool = False) -> frozenset[Sound]:
    """The rhyming parts of the last word, from its last strong vowel on, for each of its pronunciations.

    `usual`: only for the commonest; the dictionary has a "good" that rhymes with "hid".
    """
    found = words(text)
    return _rhyme(found[-1], usual) if found else frozenset()


def rhymes(one: str, other: str, usual: bool = False) -> bool:
    """Whether two lines end in a rhyme; a word does not rhyme with itself."""
    last, again = words(one)[-1:], words(other)[-1:]
    return last != again and bool(rhyme(one, usual) & rhyme(other, usual))


def pack(lines: Iterable[str]) -> bytes:
    """The dictionary file of this module, out of the lines of CMU's own `dict.txt` (words of letters only)."""
    ways: dict[str, list[str]] = {}
    for line in lines:
        entry = re.match(r"([A-Z'][A-Z']*)(?:\(\d\))?  (.+)$", line.strip())
        if entry:
            ways.setdefault(entry[1].lower(), []).append("".join(_CODE[phone] for phone in entry[2].split()))
    text = "\n".join(f"{word} {' '.join(found)}" for word, found in sorted(ways.items()))
    return gzip.compress(text.encode("ascii"), mtime=0)


@cache
def _block() -> bytes:
    packed = Path(__file__).with_name("cmudict.gz").read_bytes()
    return b"\n" + gzip.decompress(packed) + b"\n"


def _look_up(word: str) -> str:
    """The encoded pronunciations of a word, by bisection over the lines of the block."""
    if not word.isascii():
        return ""
    block, key = _block(), word.encode() + b" "
    low, high = 0, len(block) - 1
    while low < high:
        start = block.rfind(b"\n", 0, (low + high) // 2 + 1)
        end = block.find(b"\n", start + 1)
        line = block[start + 1 : end]
        if line.startswith(key):
            return line[len(key) :].decode()
        if line < key:
            low = end
        else:
            high = start
    return ""


def _vowels(way: Sound) -> int:
    return sum(phone[-1].isdigit() for phone in way)


@lru_cache(maxsize=8192)
def _syllables(word: str) -> int:
    known = sounds(word)
    if known:
        return _vowels(known[0])
    if word.isdecimal():
        return sum(_syllables(_DIGITS[int(digit)]) for digit in word)
    if not word.isascii():
        return sum(1 for letter in word if letter >= "⺀") or _by_rule(word)
    for head, tail in _halves(word):
        return _vowels(sounds(head)[0]) + _vowels(sounds(tail)[0])
    return _by_rule(word)


def _halves(word: str) -> Iterable[tuple[str, str]]:
    """A compound the dictionary does not know, as two words that it does ("moonwater")."""
    for cut in range(len(word) - 4, 3, -1):
        if sounds(word[:cut]) and sounds(word[cut:]):
            yield word[:cut], word[cut:]


def _by_rule(word: str) -> int:
    """Vowel groups, without the silent e and the silent e of -ed and -es; a plural or possessive s is no syllable."""
    plain = re.sub(r"'s?$", "", word).replace("'", "")
    plain = re.sub(r"(?<=[^aeioutds])ed$|(?<=[^aeiouscxzg])es$|(?<=[^aeioul])e$", "", plain)
    groups = len(re.findall(r"[aeiouy]+", plain))
    groups += len(re.findall(r"(?<![tscg])i[aou](?!u)|[^qg]ua|eo|[aeou]ing|sms?$|[^aeiou]le[sd]$", plain))
    return max(1, groups)


def _stress(word: str) -> str:
    known = sounds(word)
    if not known:
        return "?" * _syllables(word)
    return "".join(phone[-1] for phone in known[0] if phone[-1].isdigit())


@lru_cache(maxsize=8192)
def _rhyme(word: str, usual: bool) -> frozenset[Sound]:
    for start in range(max(1, len(word) - 2)):
        # an unknown word rhymes with the longest word that it ends in; failing that, by its letters
        ways = sounds(word[start:])[: 1 if usual else None]
        if ways:
            return frozenset(ending for way in ways for ending in _endings(way))
    letters = re.search(r"[aeiouy]+[^aeiouy]*e?$", word)
    return frozenset({("by letters", letters[0] if letters else word)})


def _endings(way: Sound) -> list[Sound]:
    """From the last stressed vowel (or the last vowel) to the end, stress marks dropped.

    Verse also lifts a full vowel two syllables behind the stress: "nightingale" rhymes with "avail".
    """
    vowels = [place for place, phone in enumerate(way) if phone[-1].isdigit()]
    strong = [place for place in vowels if way[place][-1] in "12"] or vowels or [0]
    bare = way[:-1] if way[-2:] == ("OW2", "Z") else way
    if len(strong) > 1 and strong[-1] == len(bare) - 1 and bare[-1][-1] == "2" and strong[-2:] == vowels[-2:]:
        strong.pop()  # "shadow" does not rhyme with "low", nor "shadows" with "grows"
    plain = tuple(phone.rstrip("012") for phone in way)
    # the dictionary hears "year" and "hear" apart, few people do
    plain = tuple("IY" if pair == ("IH", "R") else pair[0] for pair in zip(plain, (*plain[1:], ""), strict=True))
    found = [plain[strong[-1] :]]
    if sum(place > strong[-1] for place in vowels) >= 2 and plain[vowels[-1]] not in {"AH", "ER", "IH"}:
        found.append(plain[vowels[-1] :])
    return found
