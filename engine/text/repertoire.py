"""Which voices are in memory: learnt when first asked for, the most recently used kept, none dropped while it speaks.

Pure bookkeeping, called on the device's thread only; what learning and forgetting are is the model's affair. `known` is
replaced as a whole, so that any thread may read it.
"""

from collections.abc import Callable, Collection


class Repertoire:
    """At most `most` voices, and those that are speaking besides."""

    def __init__(self, learn: Callable[[str], None], forget: Callable[[str], None], most: int) -> None:
        """`learn` raises if there is no such voice; then nothing has changed."""
        self._learn = learn
        self._forget = forget
        self._most = most
        self._order: list[str] = []  # the most recently used last
        self.known: frozenset[str] = frozenset()

    def have(self, name: str, speaking: Collection[str]) -> None:
        """Make sure that `name` is in memory, at the price of the least recently used that is not `speaking`."""
        if name in self.known:
            self._order.remove(name)
        else:
            self._learn(name)
        self._order.append(name)
        idle = [one for one in self._order[:-1] if one not in speaking]
        for one in idle[: max(0, len(self._order) - self._most)]:
            self.drop(one)
        self.known = frozenset(self._order)

    def drop(self, name: str) -> None:
        """Forget a voice, if it is there."""
        if name in self._order:
            self._order.remove(name)
            self.known = frozenset(self._order)
            self._forget(name)
