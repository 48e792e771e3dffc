"""Hold out whole stretches of the verse corpus, which runs book after book without saying where one ends.

Every sixth stretch of 60,000 lines is held out, for the test and for validation in turn, and nothing within 15,000
lines of it is trained on: books are shorter than that, so a held-out book has no pages among the training lines.
"""

STRETCH = 60_000
GUARD = 15_000
_EVERY = 6


def split_of(at: int) -> str:
    """The split of what begins at line `at` of the corpus: train, valid, test, or '' beside a held-out stretch."""
    split = _of_stretch(at // STRETCH)
    if split != "train":
        return split
    beside = {_of_stretch(near // STRETCH) for near in (at - GUARD, at + GUARD)}
    return "train" if beside == {"train"} else ""


def _of_stretch(number: int) -> str:
    if number % _EVERY != _EVERY - 1:
        return "train"
    return "test" if number // _EVERY % 2 else "valid"
