"""Who may do what now. Pure; every refusal says whose turn it is instead."""

from engine.errors import Impossible, NotHost, NotYourTurn
from engine.together.state import Member, State


def taking_part(state: State, person: str) -> Member:
    """Somebody who is here and may write; raises NotYourTurn."""
    member = state.member(person)
    if member is None or not member.here:
        raise NotYourTurn(why="stranger")
    if not member.writes:
        raise NotYourTurn(why="reader", name=state.host.pen if state.host else "")
    return member


def to_write(state: State, person: str) -> None:
    """Whether it is this person's turn to write; raises NotYourTurn."""
    if state.free:
        member = state.member(person)
        if member and member.here:
            taking_part(state, person)
        return
    taking_part(state, person)
    _nothing_under_way(state)
    if state.mover and state.mover != person:
        raise NotYourTurn(why="other", name=state.pen(state.mover))


def to_change(state: State, person: str) -> None:
    """Whether this person may undo, retry, edit or turn pages: whose turn it is, who wrote last, and the host."""
    if state.free:
        to_write(state, person)
        return
    taking_part(state, person)
    _nothing_under_way(state)
    if person not in {state.mover, state.last} and not is_host(state, person):
        why = "other" if state.mover else "not_last"
        raise NotYourTurn(why=why, name=state.pen(state.mover or state.last))


def host(state: State, person: str) -> None:
    """Raises NotHost unless this is the host; Impossible (not_together) where nobody takes part."""
    if state.host is None:
        raise Impossible(why="not_together")
    if not is_host(state, person):
        raise NotHost(name=state.host.pen)


def is_host(state: State, person: str) -> bool:
    """Whether this is the host."""
    return state.host is not None and state.host.person == person


def _nothing_under_way(state: State) -> None:
    if state.ghost:
        raise NotYourTurn(why="ghost")
    if state.ballot:
        raise NotYourTurn(why="vote")


def someone(state: State, person: str) -> Member:
    """Somebody who is here; raises Impossible (nobody_so_called)."""
    member = state.member(person)
    if member is None or not member.here:
        raise Impossible(why="nobody_so_called")
    return member
