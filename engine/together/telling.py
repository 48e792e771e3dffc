"""What follows from an event, as it is stored with it: clocks that are set, and what is to be said. Pure.

All sentences of one event are one message; a passage that was voted in is another.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engine.messages import Piece
from engine.text import sentences
from engine.together import keeping
from engine.together.events import Chosen, Effect, Say, Timer
from engine.together.state import State
from storage.records import Heard, NewsRow, PieceRow
from storage.seats import Choice, Gathered, TimerRow

HIDDEN = "…"
LINE = 160  # characters; of a longer line only the last sentence is shown


def gathered(
    piece: str,
    heard: Sequence[Heard],
    version: int,
    state: State,
    effects: Sequence[Effect],
    moment: datetime,
    due: datetime,
    ending: str = "",
) -> Gathered:
    """The change of a gathering from `version` to `state`, said wherever it is heard, from `due` on.

    `ending` are the words with which the piece ends, of which only the last line is shown where that is the game.
    """
    timers = tuple(TimerRow(piece, each.kind, state.number, each.due) for each in effects if isinstance(each, Timer))
    news = tuple(row for each in heard for row in _news(piece, each, state, effects, ending))
    row = keeping.stored(piece, version, state)
    return Gathered(row, state.number, moment, due, timers, news=news)


def choice(piece: PieceRow, effects: Sequence[Effect]) -> Choice | None:
    """What a vote has put into the piece, if one is over."""
    chosen = next((each for each in effects if isinstance(each, Chosen)), None)
    return Choice(piece, chosen.winner, chosen.options, chosen.votes) if chosen else None


def last_line(text: str) -> str:
    """The last line of a text; of a long one its last sentence."""
    line = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
    if len(line) <= LINE:
        return line
    ends = [end for end in sentences.ends(line) if end < len(line.rstrip())]
    return line[ends[-1] :].strip() if ends else "…" + line[1 - LINE :]


def veiled(piece: Piece) -> Piece:
    """A piece as its writers see it in exquisite corpse: the last line only."""
    hidden = [replace(turn, text=HIDDEN) for turn in piece.turns[:-1]]
    last = [replace(turn, text=last_line(turn.text)) for turn in piece.turns[-1:]]
    return replace(piece, turns=(*hidden, *last))


def _news(piece: str, heard: Heard, state: State, effects: Sequence[Effect], ending: str) -> list[NewsRow]:
    said = [each for each in effects if isinstance(each, Say)]
    lines: list[object] = [[each.name, each.fields] for each in said]
    if ending and state.corpse and (state.mover or state.open):
        lines.append(["corpse_line", {"line": last_line(ending)}])
    person = next((each.person for each in reversed(said) if each.person), None)
    rows = []
    if said:
        opened = state.ballot is not None and any(each.name in ("vote", "vote_until") for each in said)
        fields = {"lines": lines, **({"options": list(state.ballot.options)} if opened and state.ballot else {})}
        rows.append(NewsRow(heard.place, piece, "vote" if opened else "turns", fields, heard.language, None, person))
    chosen = next((each for each in effects if isinstance(each, Chosen)), None)
    if chosen:
        rows.append(NewsRow(heard.place, piece, "passage", {}, heard.language, chosen.winner))
    return rows
