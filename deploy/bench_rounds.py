"""The rounds of a benchmark, and what is kept of them: of a run of an hour that is cut, all but one round is there.

Only files and exits here, so that the commands may import it. A cut run is not gone on with: its other half would have
been measured on another evening.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from adapters import disk
from deploy.ending import ended

WARM_UP = 1

Results = dict[str, Any]
Keep = Callable[[Results], None]


def rounds(runs: int, so_far: Callable[[int], Results], keep: Keep | None = None) -> Iterator[int]:
    """The numbers of the rounds, those that warm up first; after each of the others `keep` gets `so_far` of so many."""
    for number in range(WARM_UP + runs):
        yield number
        done = number + 1 - WARM_UP
        if keep and done > 0:
            keep(so_far(done))


class Kept:
    """A file that holds the latest results, whole at every moment; None for no file.

    A disk that refuses costs no round: the next one tries again, and `settle` says what the last one met with.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path and path.resolve()  # what a link leads to is replaced, not the link
        self._problem = ""
        if self._path and (self._path.is_dir() or not self._path.parent.is_dir()):
            raise ended(f"{path} cannot be written: it is a folder, or lies in none", 2)

    def __call__(self, results: Results) -> None:
        """Replace what is there."""
        if not self._path:
            return
        try:
            disk.write(self._path, results)
            self._problem = ""
        except OSError as refused:
            self._problem = f"{self._path} cannot be written: {disk.reason(refused)}"

    def settle(self) -> None:
        """End with a sentence and status 1 if the latest results are not in the file."""
        if self._problem:
            raise ended(self._problem, 1)
