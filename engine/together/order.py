"""Whose turn comes next. Pure.

Turns go round by seats; Ghostnote sits behind the last one, or takes every n-th turn. When nobody took a turn for a
whole round the clock stops, and whoever writes first goes on: else an empty channel would be told so for ever.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from engine.together.events import Effect, Say, Timer
from engine.together.state import ROUND, Member, State

Stepped = tuple[State, tuple[Effect, ...]]
PATIENCE = timedelta(seconds=60)  # after which Ghostnote is asked again to take its turn


def person_turn(state: State, member: Member, moment: datetime) -> Stepped:
    """This person is to move."""
    begun = replace(
        state, number=state.number + 1, mover=member.person, ghost=False, tries=0, seat=member.seat, since=moment
    )
    waits = state.rules.deadline and not _hosts(state, member)
    said = Say("turn_until" if waits else "turn", {"name": member.pen, "left": state.rules.deadline}, member.person)
    return begun, (said, *(clocks(state.rules.deadline, moment) if waits else ()))


def ghost_turn(state: State, moment: datetime) -> Stepped:
    """Ghostnote is to move; should it come to nothing, a clock asks again."""
    begun = replace(state, number=state.number + 1, mover="", ghost=True, since=moment)
    return begun, (Timer("ghost", moment + PATIENCE),)


def open_turn(state: State) -> State:
    """Whoever of the writers comes first."""
    return replace(state, number=state.number + 1, mover="", ghost=False, tries=0, since=None)


def following(state: State, moment: datetime, *, ghost: bool = True) -> Stepped:
    """Whoever is next after the seat at which the order stands; `ghost`: it may be Ghostnote."""
    if state.free or state.rules.mode == "vote" or not state.writers:
        return open_turn(state), ()
    after = [member for member in state.writers if member.seat > state.seat]
    if ghost and _ghosts(state, wraps=not after):
        return ghost_turn(state, moment)
    if state.rules.mode == "host":
        return person_turn(state, state.host or state.writers[0], moment)
    return person_turn(state, (after or state.writers)[0], moment)


def missed(state: State, moment: datetime) -> Stepped:
    """Whoever was to move has not."""
    said = Say("missed", {"name": state.pen(state.mover)})
    late = replace(state, mover="", missed=state.missed + 1)
    if state.rules.mode == "round-robin" and late.missed >= len(state.writers):
        return open_turn(late), (said, Say("idle"))
    after, effects = following(late, moment)
    return after, (said, *effects)


def clocks(deadline: int, moment: datetime) -> tuple[Timer, Timer]:
    """The reminder at half time, and the end."""
    half, whole = timedelta(seconds=deadline // 2), timedelta(seconds=deadline)
    return Timer("half", moment + half), Timer("end", moment + whole)


def _ghosts(state: State, *, wraps: bool) -> bool:
    every = state.rules.ghost
    if every == ROUND:
        return wraps and state.rules.mode == "round-robin"
    return bool(every) and state.written >= every - 1


def _hosts(state: State, member: Member) -> bool:
    """Whether this is a host whom everybody waits for to say who writes: no clock runs for that."""
    return state.rules.mode == "host" and member.role == "host"
