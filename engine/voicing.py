"""Voices as people meet them: which speaks here and what it learnt from, two of them compared blind, and a way back.

Everyone may ask and compare; only owners see every version, name the ones to be compared, and roll back.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from adapters.manifest import Manifest, RegistryError
from adapters.registry import Registry, Scope
from adapters.runs import Run
from engine import story
from engine.errors import BadValue, Impossible, NotOwner, UnknownAdapter
from engine.finding import Finding
from engine.messages import Comparison, Event, Person, SessionKey, UserMessage, VoiceView
from engine.shifting import Shifting
from engine.speaking import Speaks
from engine.story import Tree, Wish
from engine.writing import Writing
from storage.history import History
from storage.preferences import Preferences
from storage.records import PieceRow, Shift, TurnRow

BASE = "base"  # what the bare model is called where an adapter is asked for
PAIR = 2
SCOPES = "global, form:NAME, channel:PLATFORM:CHAT, person:PLATFORM:ID"


@dataclass(frozen=True, slots=True)
class Desk:
    """What `Voicing` works with, all of it the conversation's."""

    history: History
    preferences: Preferences
    finding: Finding
    shifting: Shifting
    writing: Writing


class Voicing:
    """The voices of one registry; `owners` are the accounts (`platform:id`) that may do an owner's things."""

    def __init__(self, desk: Desk, speaks: Speaks, owners: frozenset[str]) -> None:
        self._desk = desk
        self._speaks = speaks
        self._owners = owners

    # ── what speaks ────────────────────────────────────────────────────────────────────────────────────────────────

    async def here(self, key: SessionKey, person: Person) -> tuple[str, VoiceView]:
        """The form of the open piece, and the voice that would write its next passage for this person."""
        form = await self._form(key)
        return form, self._view(await self._speaks.voice(form, key, person))

    async def tried(self, form: str, key: SessionKey, person: Person) -> Run | None:
        """How the newest learning run for this person, here, in this form went; None if there was none."""
        return await asyncio.to_thread(self._speaks.run, form, key, person)

    async def every(self, person: Person) -> tuple[VoiceView, ...]:
        """Every version there is, by name and age, each with the scopes it speaks for. Raises NotOwner."""
        self._check(person)
        scopes, versions = self._registry.scopes(), await asyncio.to_thread(self._registry.versions)
        return tuple(_viewed(about, scopes) for about in versions)

    async def rollback(self, key: SessionKey, person: Person, scope: str = "") -> tuple[str, str]:
        """Go back to what spoke before in a scope, by default the one of the voice that speaks here.

        Returns the scope and what speaks there now, "" for nothing of its own. Raises NotOwner, BadValue for what is
        no scope, Impossible (nothing_to_roll_back).
        """
        self._check(person)
        where = _scope(scope) if scope else await self._scope_here(key, person)
        if where.key not in self._registry.scopes():
            raise Impossible(why="nothing_to_roll_back")
        return where.key, await asyncio.to_thread(self._registry.rollback, where)

    # ── comparing ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def compare(self, message: UserMessage, names: Sequence[str] = ()) -> AsyncGenerator[Event, None]:
        """Go on from the live end with a version by each of two adapters, in an order that nobody is told.

        Without names it is what speaks here against what spoke before it; owners may name two, `base` for the bare
        model. Raises NotOwner, BadValue, Impossible (nothing_to_compare); then as `Conversation.proceed` does.
        """
        if names:
            self._check(message.person)
            pair = [self._named(name) for name in names]
        else:
            pair = await self._rivals(message.key, message.person)
        if len(set(pair)) != PAIR:
            raise Impossible(why="nothing_to_compare")
        secrets.SystemRandom().shuffle(pair)
        async with aclosing(self._desk.writing.run(message, Wish("compare", adapters=tuple(pair)))) as events:
            async for event in events:
                yield event

    async def compared(self, key: SessionKey) -> Comparison:
        """The two versions of the last comparison in the open piece; raises Impossible (nothing_compared)."""
        piece, tree = await self._desk.finding.load(key)
        one, two = await self._pair(piece, tree)
        return await self._comparison(tree, one, two)

    async def pick(self, key: SessionKey, person: Person, number: int, delivery: str = "") -> Comparison:
        """Say which version of the last comparison is better (1 or 2): the story goes on from it, and the pick is kept.

        Raises BadValue, Impossible (nothing_compared).
        """
        if number not in (1, PAIR):
            raise BadValue(name="version", value=number, allowed="1, 2")
        pair: list[TurnRow] = []

        async def decide(piece: PieceRow, tree: Tree) -> Shift:
            pair[:] = await self._pair(piece, tree)
            chosen, left = pair[number - 1], pair[PAIR - number]
            stays = any(row.id == chosen.id for row in tree.branch(piece.head))
            end = piece.head if stays else tree.last_shown(chosen.id)
            # Whoever picks what is there already takes no step that undo would have to take back.
            return Shift(end, "pick", turn=chosen.id, over=left.id, step=piece.step if stays else None)

        piece, tree = await self._desk.shifting.run(key, person, decide, delivery=delivery)
        one, two = pair or await self._pair(piece, tree)
        return await self._comparison(tree, tree.find(one.id), tree.find(two.id))

    async def _pair(self, piece: PieceRow, tree: Tree) -> tuple[TurnRow, TurnRow]:
        moves = await self._desk.history.moves(piece.id)
        first = next((move.after for move in reversed(moves) if move.kind == "compare" and move.after), None)
        if first:
            one = tree.find(first)
            # The versions of one wish are numbered in a row.
            two = next((row for row in tree.versions(one) if row.number == one.number + 1), None)
            if two:
                return one, two
        raise Impossible(why="nothing_compared")

    async def _comparison(self, tree: Tree, one: TurnRow, two: TurnRow) -> Comparison:
        wins = await self._desk.preferences.contest(one.adapter, two.adapter)
        losses = await self._desk.preferences.contest(two.adapter, one.adapter)
        return Comparison(tree.view(one), tree.view(two), wins, losses)

    async def _rivals(self, key: SessionKey, person: Person) -> list[str]:
        """What speaks here, and the next wider voice, or the one it was made from, or the bare model."""
        form = await self._form(key)
        first = await self._speaks.voice(form, key, person)
        if not first:
            raise Impossible(why="nothing_to_compare")
        others = [one for one in self._speaks.candidates(form, key, person) if one != first]
        others += [one for one in self._view(first).parents if self._there(one)]
        return [first, *(others or [""])[:1]]

    def _named(self, name: str) -> str:
        if name == BASE:
            return ""
        try:
            return self._registry.find(name)
        except RegistryError:
            raise UnknownAdapter(adapter=name[:80]) from None

    # ── the registry ───────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _registry(self) -> Registry:
        registry = self._speaks.registry
        if registry is None:
            raise Impossible(why="no_voices")
        return registry

    def _there(self, reference: str) -> bool:
        try:
            self._registry.folder(reference)
        except RegistryError:
            return False
        return True

    def _view(self, reference: str) -> VoiceView:
        if not reference:
            return VoiceView("")
        return _viewed(self._registry.about(reference), self._registry.scopes())

    async def _scope_here(self, key: SessionKey, person: Person) -> Scope:
        _, view = await self.here(key, person)
        if not view.scopes:
            raise Impossible(why="nothing_to_roll_back")  # it came with the program
        return Scope.read(view.scopes[0])

    async def _form(self, key: SessionKey) -> str:
        piece = await self._desk.finding.find(key)
        if piece is None:
            return story.FIRST_FORM
        _, tree = await self._desk.finding.load(key)
        text = story.last_text(tree, piece.head)
        return text.form if text else story.FIRST_FORM

    def _check(self, person: Person) -> None:
        you = f"{person.platform}:{person.id}"
        if you not in self._owners:
            raise NotOwner(you=you)


def _scope(text: str) -> Scope:
    try:
        return Scope.read(text)
    except RegistryError:
        raise BadValue(name="scope", value=text[:80], allowed=SCOPES) from None


def _viewed(about: Manifest, scopes: Mapping[str, str]) -> VoiceView:
    return VoiceView(
        about.reference,
        tuple(scope for scope, speaking in scopes.items() if speaking == about.reference),
        about.base,
        about.made,
        about.parents,
        about.data,
        about.metrics,
    )
