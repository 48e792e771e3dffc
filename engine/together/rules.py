"""The rules of writing together: what a state becomes by an event, and what follows from that. Pure.

Nothing here knows of time but what it is told, nor of the database, nor of any platform. Each function of an event
gives the new state and the effects, or raises why not; `step` finds it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from engine.errors import Impossible, NotYourTurn
from engine.together import allowed, voting
from engine.together.events import (
    Asked,
    Due,
    Effect,
    Event,
    GhostFailed,
    GhostWrote,
    Give,
    Join,
    Leave,
    Pass,
    Say,
    SetCorpse,
    SetRole,
    SetRules,
    Timer,
    Voted,
    WriteNow,
    Wrote,
)
from engine.together.order import following, ghost_turn, missed, person_turn
from engine.together.state import ABSTAINED, Member, Role, State

Stepped = tuple[State, tuple[Effect, ...]]

TRIES = 2  # how often Ghostnote is asked again to take its own turn


def step(state: State, event: Event, moment: datetime) -> Stepped:
    """What becomes of the state, and what follows. Raises NotYourTurn, NotHost, Impossible."""
    found, effects = _STEPS[type(event)](state, event, moment)
    return _tidy(found), effects


def _tidy(state: State) -> State:
    return replace(state, members=tuple(sorted(state.members, key=lambda member: member.seat)))


# ── who takes part ─────────────────────────────────────────────────────────────────────────────────────────────────


def _join(state: State, event: Join, moment: datetime) -> Stepped:
    if any(other.here and other.person != event.person and _same(other.pen, event.pen) for other in state.members):
        raise Impossible(why="pen_taken")
    member = state.member(event.person)
    if member and member.here:
        if member.pen == event.pen:
            raise Impossible(why="already_joined")
        renamed = replace(member, pen=event.pen)
        return _with(state, renamed), (Say("renamed", {"name": member.pen, "name2": event.pen}, event.person),)
    role: Role = "host" if state.host is None else member.role if member else "writer"
    new = Member(event.person, event.pen, role, _last_seat(state) + 1)
    joined = _with(state, new)
    said = Say("hosts" if new.role == "host" else "joined", {"name": event.pen}, event.person)
    nobody = (
        new.writes and not (state.free or state.writers or state.ghost or state.ballot) and state.rules.mode != "vote"
    )
    after, effects = person_turn(joined, new, moment) if nobody else (joined, ())
    return after, (said, *effects)


def _leave(state: State, event: Leave, moment: datetime) -> Stepped:
    if event.by:
        allowed.host(state, event.by)
        if event.by == event.person:
            raise Impossible(why="kick_oneself")
    member = allowed.someone(state, event.person)
    # Who was sent away may come back, but only to read until the host says otherwise.
    role: Role = "reader" if event.by or member.role == "reader" else "writer"
    gone = _with(state, replace(member, here=False, role=role))
    said: tuple[Effect, ...] = (Say("kicked" if event.by else "left", {"name": member.pen}),)
    if member.role == "host" and (heir := _heir(gone)):
        gone = _with(gone, replace(heir, role="host"))
        said = (*said, Say("hosts", {"name": heir.pen}, heir.person))
    return _without_turn(gone, member, said, moment)


def _set_role(state: State, event: SetRole, moment: datetime) -> Stepped:
    allowed.host(state, event.by)
    member = allowed.someone(state, event.person)
    if member.role == "host":
        raise Impossible(why="host_stays")
    if member.role == event.role:
        raise Impossible(why="same_role")
    said = (Say(f"role_{event.role}", {"name": member.pen}, member.person),)
    changed = replace(member, role=event.role)
    if event.role == "writer":
        return _with(state, replace(changed, seat=_last_seat(state) + 1)), said
    return _without_turn(_with(state, changed), member, said, moment)


def _without_turn(state: State, member: Member, said: tuple[Effect, ...], moment: datetime) -> Stepped:
    """Somebody has no turn any more: whoever is next has it, and a vote may be over without theirs."""
    if state.mover == member.person:
        after, effects = following(replace(state, mover=""), moment)
        return after, (*said, *effects)
    if state.ballot:
        votes = {person: vote for person, vote in state.ballot.votes.items() if person != member.person}
        state = replace(state, ballot=replace(state.ballot, votes=votes))
        after, effects = voting.perhaps_over(state) if state.writers else voting.over(state)
        return after, (*said, *effects)
    return state, said


def _heir(state: State) -> Member | None:
    here = [member for member in state.members if member.here]
    return next((member for member in here if member.role == "writer"), here[0] if here else None)


def _last_seat(state: State) -> int:
    return max((member.seat for member in state.members), default=0)


def _with(state: State, member: Member) -> State:
    others = tuple(other for other in state.members if other.person != member.person)
    return replace(state, members=(*others, member))


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


# ── how turns are taken ────────────────────────────────────────────────────────────────────────────────────────────


def _set_rules(state: State, event: SetRules, moment: datetime) -> Stepped:
    allowed.host(state, event.by)
    state, counted = voting.over(state) if state.ballot else (state, ())
    last = state.member(state.last)
    begun = replace(
        state,
        rules=event.rules,
        language=event.language,
        number=state.number + 1,
        seat=last.seat if last else 0,  # the round goes on after whoever wrote last
        mover="",
        ghost=False,
        written=0,
        missed=0,
        tries=0,
        since=None,
    )
    said = Say(f"rules_{event.rules.mode}".replace("-", "_"))
    if begun.free or begun.rules.mode == "vote":
        return begun, (*counted, said)
    after, effects = following(begun, moment, ghost=False)
    return after, (*counted, said, *effects)


def _set_corpse(state: State, event: SetCorpse, _moment: datetime) -> Stepped:
    allowed.host(state, event.by)
    if state.corpse == event.on:
        raise Impossible(why="corpse_so_already")
    return replace(state, corpse=event.on), (Say("corpse_on" if event.on else "corpse_off"),)


def _pass(state: State, event: Pass, moment: datetime) -> Stepped:
    member = allowed.taking_part(state, event.person)
    if state.ballot:
        return voting.cast(state, member.person, ABSTAINED)
    if not state.mover or (state.rules.mode == "host" and allowed.is_host(state, state.mover)):
        raise Impossible(why="nothing_to_pass")
    if state.mover != event.person and not allowed.is_host(state, event.person):
        raise NotYourTurn(why="other", name=state.pen(state.mover))
    said = Say("passed", {"name": state.pen(state.mover)})
    after, effects = following(replace(state, mover="", missed=0), moment)
    return after, (said, *effects)


def _give(state: State, event: Give, moment: datetime) -> Stepped:
    allowed.host(state, event.by)
    if state.rules.mode not in {"round-robin", "host"}:
        raise Impossible(why="no_turns")
    if state.ghost:
        raise NotYourTurn(why="ghost")
    if not event.person:
        return ghost_turn(state, moment)
    return person_turn(replace(state, missed=0), allowed.taking_part(state, event.person), moment)


# ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _wrote(state: State, event: Wrote, moment: datetime) -> Stepped:
    allowed.to_write(state, event.person)
    if state.free:
        return state, ()
    member = allowed.taking_part(state, event.person)
    state = replace(state, last=event.person, mover="", missed=0, written=state.written + 1, seat=member.seat)
    if state.rules.mode == "vote":
        return ghost_turn(state, moment)
    return following(state, moment)


def _asked(state: State, event: Asked, moment: datetime) -> Stepped:
    """Being asked is nobody's turn; but where there are votes, what is written is voted on."""
    allowed.to_write(state, event.person)
    return ghost_turn(state, moment) if state.rules.mode == "vote" else (state, ())


def _ghost_wrote(state: State, event: GhostWrote, moment: datetime) -> Stepped:
    if not state.ghost:
        return state, ()
    if event.options:
        return voting.opened(state, event.options, moment)
    done = replace(state, ghost=False, written=0, tries=0)
    return following(done, moment, ghost=False)


def _ghost_failed(state: State, _event: GhostFailed, moment: datetime) -> Stepped:
    if not state.ghost:
        return state, ()
    after, effects = following(replace(state, ghost=False, written=0, tries=0), moment, ghost=False)
    return after, (Say("ghost_failed"), *effects)


def _voted(state: State, event: Voted, _moment: datetime) -> Stepped:
    if state.ballot is None or event.option not in state.ballot.options:
        raise Impossible(why="vote_over")
    member = allowed.taking_part(state, event.person)
    return voting.cast(state, member.person, event.option)


# ── the clock ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _due(state: State, event: Due, moment: datetime) -> Stepped:
    if event.number != state.number:
        return state, ()
    if event.kind == "ghost":
        return _again(state, moment) if state.ghost else (state, ())
    if event.kind == "half":
        return state, _reminder(state, moment)
    if state.ballot:
        return voting.over(state)
    return missed(state, moment) if state.mover else (state, ())


def _again(state: State, moment: datetime) -> Stepped:
    """Ghostnote has not written, perhaps because the machine was stopped meanwhile."""
    if state.tries >= TRIES:
        return _ghost_failed(state, GhostFailed(), moment)
    tried = replace(state, tries=state.tries + 1)
    return tried, (WriteNow(), *(effect for effect in ghost_turn(tried, moment)[1] if isinstance(effect, Timer)))


def _reminder(state: State, moment: datetime) -> tuple[Effect, ...]:
    """How long there is left; nothing if the house was shut until it was over."""
    gone = (moment - state.since).total_seconds() if state.since else 0
    seconds = state.rules.deadline - gone
    if seconds <= 0:
        return ()
    step = 60 if seconds >= 90 else 5  # a clock is looked at every few seconds, and nobody counts them
    left = max(1, round(seconds / step)) * step
    if state.ballot:
        return (Say("vote_reminder", {"left": left}),)
    return (Say("reminder", {"name": state.pen(state.mover), "left": left}, state.mover),) if state.mover else ()


_STEPS: dict[type[Any], Callable[[State, Any, datetime], Stepped]] = {
    Join: _join,
    Leave: _leave,
    SetRole: _set_role,
    SetRules: _set_rules,
    SetCorpse: _set_corpse,
    Pass: _pass,
    Give: _give,
    Wrote: _wrote,
    Asked: _asked,
    GhostWrote: _ghost_wrote,
    GhostFailed: _ghost_failed,
    Voted: _voted,
    Due: _due,
}
