"""Numbers as they are said, so that they can be sung: English words, or Chinese characters."""

_TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_ONES = _TO_NINETEEN.split()
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_HAN = "零一二三四五六七八九"


def spoken(digits: str, *, chinese: bool = False) -> str:
    """A whole number in words: years in pairs, other numbers up to 9,999 as such, anything else digit by digit."""
    if not digits.isascii() or not digits.isdigit():
        return ""
    if chinese:
        return "".join(_HAN[int(digit)] for digit in digits)
    value = int(digits) if len(digits) < 5 else -1
    if value < 0 or (len(digits) > 1 and digits[0] == "0"):
        return " ".join(_ONES[int(digit)] for digit in digits)
    if 1100 <= value < 2000 and value % 100:
        pair = f"oh {_ONES[value % 100]}" if value % 100 < 10 else _small(value % 100)
        return f"{_small(value // 100)} {pair}"
    words = [f"{_ONES[value // 1000]} thousand"] if value >= 1000 else []
    words += [f"{_ONES[value // 100 % 10]} hundred"] if value // 100 % 10 else []
    words += [_small(value % 100)] if value % 100 or not words else []
    return " ".join(words)


def _small(value: int) -> str:
    if value < 20:
        return _ONES[value]
    return _TENS[value // 10] + (f" {_ONES[value % 10]}" if value % 10 else "")
