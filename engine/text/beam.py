"""Several pieces at once, line by line: the line that reads best may leave the next one nowhere to go.

Of every line a few ways are kept, each is written on in a batch of its own, all beside each other on the device, and
the best of what came are kept again. Two lines that rhyme are so chosen together. Pure; the writer draws.
"""

from collections.abc import Sequence
from itertools import takewhile

from engine.ports import Draft
from engine.text.lines import Piece

WIDTH = 3
ROWS = 24  # drafts that all pieces may draw together


def width(piece: Piece) -> int:
    """How many pieces are worth keeping: lines that do not hang together are best chosen one by one."""
    return WIDTH if piece.rule.rhymes else 1


def drafts(wanted: int, pieces: Sequence[Piece]) -> int:
    """How many drafts of its next line each piece draws."""
    return wanted if len(pieces) == 1 else min(wanted, ROWS // len(pieces))


def grown(pieces: Sequence[Piece], drawn: Sequence[Sequence[Draft]]) -> tuple[Piece, ...]:
    """The best pieces, best first, with what was drawn for each; those that found no line fall behind the others."""
    most = width(pieces[0])
    found = [one for piece, lines in zip(pieces, drawn, strict=True) for one in piece.with_lines(lines, most)]
    longest = max(len(one.lines) for one in found)
    ahead = [one for one in found if len(one.lines) == longest]
    return tuple(sorted(ahead, key=lambda one: one.score, reverse=True)[:most])


def settled(pieces: Sequence[Piece]) -> int:
    """How many first lines all pieces share: these will stay, so a reader may see them."""
    first = pieces[0].lines
    same = [all(one.lines[: at + 1] == first[: at + 1] for one in pieces) for at in range(len(first))]
    return sum(1 for _ in takewhile(bool, same))
