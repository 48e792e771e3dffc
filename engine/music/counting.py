"""Numbers as people write them in a wish: digits, English words up to a thousand, Chinese numerals up to 999."""

import re
from collections.abc import Mapping

_UNITS: Mapping[str, int] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS: Mapping[str, int] = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_PHRASES: Mapping[str, int] = {
    "half a dozen": 6, "a dozen": 12, "two dozen": 24, "a couple of": 2, "a hundred": 100, "one hundred": 100,
    "a thousand": 1000, "a million": 1_000_000, "no": 0,
}  # fmt: skip
_DIGITS: Mapping[str, int] = {d: i for i, d in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
_WORDS = "|".join(sorted((*_UNITS, *_TENS, *_PHRASES), key=len, reverse=True))
_TEN_UNIT = rf"(?:{'|'.join(_TENS)})[ -](?:{'|'.join(list(_UNITS)[1:10])})"
NUMBER = rf"(?:[-−]?\d+(?:\.\d+)?|(?<![a-z])(?:{_TEN_UNIT}|{_WORDS})(?![a-z])|[零〇一二两俩三四五六七八九十百]+)"


def value(text: str) -> float:
    """What `NUMBER` matched, as a number; figures of more than fifteen digits count as 10^15."""
    if text in _PHRASES:
        return _PHRASES[text]
    if re.match(r"[-−]?\d", text):
        digits = text.replace("−", "-")
        return float(digits) if len(digits.split(".", maxsplit=1)[0]) <= 15 else 1e15
    if text.isascii():
        tens, _, unit = text.replace("-", " ").partition(" ")
        return _TENS.get(tens, _UNITS.get(tens, 0)) + _UNITS.get(unit, 0)
    return _chinese(text)


def _chinese(text: str) -> int:
    """三十二, 一百二十, 十六; a row of plain digits is read digit by digit."""
    if not re.search("[十百]", text):
        return int("".join(str(_DIGITS[digit]) for digit in text[:9]))
    total, last = 0, 0
    for letter in text:
        if letter in "十百":
            total += (last or 1) * (10 if letter == "十" else 100)
            last = 0
        else:
            last = _DIGITS[letter]
    return min(total + last, 10**9)
