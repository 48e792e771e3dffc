"""A gathering as the database keeps it, and back. Pure.

People stand in columns and rows of their own, so that one of them can be erased; all else is JSON.
"""

from dataclasses import asdict
from datetime import datetime
from typing import cast

from engine.together.state import Ballot, Member, Role, Rules, State
from storage.seats import GatheringRow, MemberRow

PLAIN = ("corpse", "number", "ghost", "seat", "written", "missed", "tries", "language")


def loaded(row: GatheringRow) -> State:
    """The state that a row keeps."""
    known = row.state
    options = known.get("options")
    since = known.get("since")
    members = tuple(Member(m.person, m.pen, cast("Role", m.role), m.seat, m.here) for m in row.members)
    return State(
        members=members,
        rules=Rules(**known["rules"]),
        mover=row.mover or "",
        last=row.last or "",
        ballot=Ballot(tuple(options), dict(row.votes)) if options else None,
        since=datetime.fromisoformat(since) if since else None,
        **{name: known[name] for name in PLAIN},
    )


def stored(piece: str, version: int, state: State) -> GatheringRow:
    """The row that keeps a state, in place of the one of that version."""
    return GatheringRow(
        piece,
        version,
        state.mover or None,
        state.last or None,
        {
            **{name: getattr(state, name) for name in PLAIN},
            "rules": asdict(state.rules),
            "since": state.since.isoformat() if state.since else None,
            "options": list(state.ballot.options) if state.ballot else None,
        },
        tuple(MemberRow(m.person, m.pen, m.role, m.seat, m.here) for m in state.members),
        dict(state.ballot.votes) if state.ballot else {},
    )
