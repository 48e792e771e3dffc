"""Votes on which of several continuations is written. Pure.

One vote a person, changeable until it is over. It is over when as many have voted as the rules want (never more than
there are writers), or by the clock. Of those with equally many votes the earliest is taken, and that is said.
"""

from dataclasses import replace
from datetime import datetime

from engine.together.events import Chosen, Effect, Say
from engine.together.order import clocks, open_turn
from engine.together.state import ABSTAINED, Ballot, State

Stepped = tuple[State, tuple[Effect, ...]]


def opened(state: State, options: tuple[str, ...], moment: datetime) -> Stepped:
    """A vote between these passages begins."""
    ballot = replace(
        state, number=state.number + 1, ghost=False, tries=0, written=0, since=moment, ballot=Ballot(options)
    )
    deadline = state.rules.deadline
    said = Say("vote_until" if deadline else "vote", {"left": deadline})
    found, effects = perhaps_over(ballot)
    return found, (said, *effects) if effects else (said, *(clocks(deadline, moment) if deadline else ()))


def cast(state: State, person: str, option: str) -> Stepped:
    """Somebody votes, or votes otherwise."""
    ballot = state.ballot or Ballot(())
    return perhaps_over(replace(state, ballot=replace(ballot, votes={**ballot.votes, person: option})))


def perhaps_over(state: State) -> Stepped:
    """The end of a vote if enough have voted."""
    if state.ballot is None or not state.writers:
        return over(state) if state.ballot else (state, ())
    wanted = min(state.rules.quorum or len(state.writers), len(state.writers))
    return over(state) if len(state.ballot.votes) >= wanted else (state, ())


def over(state: State) -> Stepped:
    """The end of a vote: what is written, and why that."""
    ballot = state.ballot
    if ballot is None:
        return state, ()
    tally = ballot.tally()
    most = max(tally)
    best = [place for place, count in enumerate(tally) if count == most]
    counts = ", ".join(f"{place}: {count}" for place, count in enumerate(tally, 1))
    winner = best[0] + 1
    name = "result_none" if most == 0 else "result_tie" if len(best) > 1 else "result"
    tied = " = ".join(str(place + 1) for place in best)
    said = Say(name, {"number": winner, "votes": most, "tally": counts, "tied": tied})
    votes = {person: vote for person, vote in ballot.votes.items() if vote != ABSTAINED}
    return replace(open_turn(state), ballot=None), (said, Chosen(ballot.options[best[0]], votes, ballot.options))
