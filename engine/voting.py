"""Votes on passages: by button, by command, by native reaction. One row per person and passage, the last word wins.

A native reaction is taken away in a place of its own, long after its person may have voted by button; so a vote knows
the reaction that cast it, and only that one takes it back.
"""

from contextlib import suppress

from engine import safety
from engine.errors import BadValue, Impossible, NotFound
from engine.finding import Finding, account_of, place_of
from engine.messages import MessageRef, Person, Reaction, SessionKey, Turn
from storage.db import Duplicate
from storage.history import History
from storage.preferences import Preferences
from storage.records import Ballot, Place


class Voting:
    """People's votes, in the pieces of one history."""

    def __init__(self, history: History, preferences: Preferences, finding: Finding) -> None:
        self._history = history
        self._preferences = preferences
        self._finding = finding

    async def react(self, reaction: Reaction) -> Turn:
        """Keep a vote, as `Conversation.react` promises."""
        if reaction.value not in {-1, 0, 1}:
            raise BadValue(name="value", value=reaction.value, allowed="-1, 0, 1")
        place, turn = place_of(reaction.key), reaction.turn
        who = account_of(safety.person(reaction.person))
        if not turn:
            place, turn = await self._shown(reaction.ref, reaction.key)
        piece, kind = await self._finding.home(place, turn)
        if kind != "model":
            raise Impossible(why="not_a_model_passage")
        delivery = safety.delivery(reaction.delivery)
        ballot = Ballot(turn, await self._history.person(who), reaction.value, reaction.sign, place, piece, delivery)
        with suppress(Duplicate):  # it is kept already, or was taken back since
            await self._preferences.vote(ballot)
        return await self._view(place, piece, turn)

    async def cleared(self, key: SessionKey, ref: MessageRef, sign: str) -> Turn:
        """Take votes back, as `Conversation.cleared` promises."""
        place, turn = await self._shown(ref, key)
        piece, _ = await self._finding.home(place, turn)
        await self._preferences.clear(turn, sign)
        return await self._view(place, piece, turn)

    async def votes(self, key: SessionKey, person: Person) -> dict[str, int]:
        """A person's votes, as `Conversation.votes` promises."""
        who, piece = safety.person(person), await self._finding.find(key)
        if piece is None and key.piece:
            raise NotFound(what="piece", id=key.piece)
        return {} if piece is None else await self._preferences.votes(piece.id, who.platform, who.id)

    async def _shown(self, ref: MessageRef | None, key: SessionKey) -> tuple[Place, str]:
        shown = await self._finding.shown(ref, key)
        if shown is None:
            raise NotFound(what="passage", id="")
        return shown

    async def _view(self, place: Place, piece: str, turn: str) -> Turn:
        _, tree = await self._finding.rows(place, piece)
        return tree.view(tree.find(turn))
