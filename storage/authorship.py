"""Whose words stand in which passage, and whose words the model may have had before it. Pure, over light rows.

Exactly which of the older passages fitted into a prompt is not kept, so everybody whose words stand in the same section
of the piece counts: too many rather than one too few.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Node:
    """A passage in the tree of its piece. `person` wrote it, None for the model; `blank`: nothing is left of it."""

    id: str
    piece: str
    parent: str | None
    starts: bool
    person: str | None
    blank: bool = False


def before(nodes: Iterable[Node], editors: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """For each passage the people whose words stand before it in its section.

    `nodes` come parents first, as they were written; `editors` are all who ever changed a passage's words.
    """
    upto: dict[str, frozenset[str]] = {}  # with the passage's own words
    found: dict[str, frozenset[str]] = {}
    for node in nodes:
        earlier = NOBODY if node.starts or node.parent is None else upto.get(node.parent, NOBODY)
        own = editors.get(node.id, NOBODY) | (frozenset({node.person}) if node.person and not node.blank else NOBODY)
        found[node.id] = earlier
        upto[node.id] = earlier if own <= earlier else earlier | own
    return found


def writers(nodes: Iterable[Node], editors: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """For each piece everybody whose words stand in it."""
    found: dict[str, set[str]] = {}
    for node in nodes:
        inside = found.setdefault(node.piece, set())
        inside |= editors.get(node.id, NOBODY)
        if node.person and not node.blank:
            inside.add(node.person)
    return {piece: frozenset(people) for piece, people in found.items()}
