"""Who sits around a piece, as an open page shows it: whose turn it is, until when, and how a vote stands."""

from datetime import timedelta
from typing import Any

from engine.conversation import Conversation
from engine.errors import NotFound
from engine.messages import SessionKey
from engine.together.state import State

Json = dict[str, Any]


async def table(conversation: Conversation, key: SessionKey) -> Json | None:
    """What there is to be seen of a piece beside its words; None if there is no such piece."""
    try:
        state, clock = await conversation.gathering.seen_at(key)
    except NotFound:
        return None
    return {
        "session": key.piece,
        "clock": clock,
        "mode": state.rules.mode,
        "corpse": state.corpse,
        "waits": _waits(state),
        "until": _until(state),
        "members": [
            {"name": each.pen, "role": each.role, "moves": each.person == state.mover}
            for each in state.members
            if each.here
        ],
        "votes": await _votes(conversation, key, state),
    }


def _waits(state: State) -> str:
    """What everybody waits for."""
    if state.mover:
        return "person"
    return "free" if state.free else "ghost" if state.ghost else "vote" if state.ballot else "anyone"


def _until(state: State) -> str | None:
    """When it ends by the clock, if it does."""
    waits = state.rules.deadline and state.since and (state.mover or state.ballot)
    if not waits or state.since is None:
        return None
    hosts = state.host and state.rules.mode == "host" and state.mover == state.host.person
    return None if hosts else (state.since + timedelta(seconds=state.rules.deadline)).isoformat()


async def _votes(conversation: Conversation, key: SessionKey, state: State) -> list[Json]:
    found = []
    if state.ballot:
        for option, count in zip(state.ballot.options, state.ballot.tally(), strict=True):
            turn = await conversation.turn(key, option)
            found.append({"turn": option, "text": turn.text, "count": count})
    return found
