"""Which of a voice's drafts people would rather read: the taste that was published with it, read when it is wanted.

What `engine/tasting` is for music. A voice without a taste, or with one that is damaged, chooses as before.
"""

import logging
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock

from adapters import ranking
from adapters.manifest import TASTE, BadAdapter, RegistryError
from adapters.taste import Lens

log = logging.getLogger(__name__)

Taste = Callable[[str], float]
"""What a text is worth, in nats a token; 0 for a usual one."""


class Tastes:
    """The tastes of the voices on a shelf. `lens` is made, which takes a second, when the first of them is wanted."""

    def __init__(self, shelf: Callable[[str], Path], lens: Callable[[], Lens]) -> None:
        self._shelf = shelf
        self._lens = cache(lens)
        self._read = lru_cache(maxsize=64)(self._load)  # a version never changes
        self._reading = Lock()

    def __call__(self, adapter: str) -> Taste | None:
        """The taste of an adapter; None if it has none. Blocks."""
        if not adapter:
            return None
        with self._reading:  # of several who come at once, one reads
            return self._read(adapter)

    def _load(self, adapter: str) -> Taste | None:
        try:
            folder = self._shelf(adapter)
            return ranking.read(folder, self._lens()) if (folder / TASTE).is_file() else None
        except (RegistryError, BadAdapter, ValueError) as unfit:
            log.error("the taste of %s was passed over: %s", adapter, unfit)  # noqa: TRY400
            return None
