"""One piece in several chats: codes that lead there, chats that join and leave.

A code is made where the piece began, by whoever hosts it; in a private chat that is its owner, so that nothing written
there is seen elsewhere unless they want it. Everything else needs nothing special: a chat that is linked reaches the
piece as its own, and the piece still has one line of people, one live end and one gathering.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine import safety
from engine.errors import Busy, Impossible, NotFound, NotHost
from engine.finding import TRIES, Finding, account_of, place_of
from engine.messages import News, Piece, SessionKey, UserMessage
from engine.news import LEASE, Newsroom, news_of
from engine.sessions import Sessions
from engine.story import line
from engine.together import asked
from engine.together.events import Join, Say
from engine.together.together import Kept, Together
from storage.db import Duplicate, Stale
from storage.history import History
from storage.outbox import PASSAGE
from storage.records import CodeRow, NewLink, NewsRow, PieceRow, Place

SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that looks like another
LENGTH = 8
LIFE = timedelta(minutes=15)
GUESSES = 5  # wrong codes that somebody may name in the life of a code


@dataclass(frozen=True, slots=True)
class Offer:
    """A code, for how many minutes it holds, the piece it leads to, and what became news by it."""

    code: str
    minutes: int
    piece: Piece
    news: tuple[News, ...] = ()


@dataclass(frozen=True, slots=True)
class Linked:
    """The piece a chat was linked to, and what is to be said there: its last passage."""

    piece: Piece
    news: tuple[News, ...] = ()


@dataclass(frozen=True, slots=True)
class Unlinked:
    """The piece that was linked, and the one that is open in this chat now, if any is; `guest`: this chat went out."""

    piece: Piece
    open: Piece | None
    guest: bool


class Linking:
    """Makes links and ends them."""

    def __init__(
        self, history: History, finding: Finding, sessions: Sessions, together: Together, newsroom: Newsroom
    ) -> None:
        self._history = history
        self._links = history.linking
        self._finding = finding
        self._sessions = sessions
        self._together = together
        self._newsroom = newsroom
        self._clock = newsroom.clock

    async def offer(self, message: UserMessage) -> Offer:
        """A code for the open piece; an earlier one that nobody used is void. Whoever makes the first one is its host.

        Raises Impossible (link_not_home), NotHost.
        """
        row, _ = await self._finding.load(message.key)
        if row.guest:
            raise Impossible(why="link_not_home")
        kept = await self._together.kept(row.id)
        host, who = kept and kept.state.host, await self._together.person(message.person)
        if host and host.person != who and not message.alone:
            raise NotHost(name=host.pen)
        news: tuple[News, ...] = ()
        if not host:
            name = message.person.name
            key = replace(message.key, piece=row.id)
            happened = await self._together.act(
                key, message.person, lambda state, me: Join(me, asked.pen_of(name, state, me))
            )
            news = happened.news
        code = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
        await self._links.offer(code, row.id, who, message.person.language, self._clock() + LIFE)
        shown = f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"
        return Offer(shown, int(LIFE.total_seconds()) // 60, line(row), news)

    async def join(self, message: UserMessage, words: str) -> Linked:
        """Link this chat to the piece that a code leads to, which is open here from then on.

        Raises Impossible: link_unknown, link_used, link_expired and link_too_many (codes); link_own, link_near and
        link_already (this chat); link_other, link_writing and link_vote (what goes on here, or a vote there).
        """
        place, who = place_of(message.key), await self._together.person(message.person)
        here = await self._finding.find(message.key)
        known = message.delivery and await self._history.received(place, safety.delivery(message.delivery))
        if known:
            return await self._linked(place, known.piece)
        for _ in range(TRIES):
            code = await self._code(words, who)
            row, kept = await self._met(code, place, here)
            moment = self._clock()
            said = Say("linked", {"name": _name(message, kept, who), "frontend": place.platform}, who)
            change = self._together.said(row, kept, said)
            shown = NewsRow(place, row.id, PASSAGE, {"how": "on"}, message.person.language, row.head)
            change = replace(
                change,
                news=(*change.news, *((shown,) if row.head else ())),
                here=place,
                due=moment + LEASE,
                place=place,
                delivery=message.delivery,
            )
            link = NewLink(code.code, row.id, place, who, safety.person(message.person).language)
            try:
                news = await self._links.join(link, change)
            except Stale:
                continue
            except Duplicate:
                return await self._linked(place, row.id)
            self._together.posted()
            return await self._linked(place, row.id, tuple(news_of(each) for each in news if each.place == place))
        raise Busy(waiting=1)

    async def leave(self, message: UserMessage) -> Unlinked:
        """Take this chat out of its open piece; where that began, the others. What was written stays in the piece.

        Whoever linked a chat may take it out, and whoever hosts the piece; in a private chat its owner.
        Raises Impossible (not_linked, link_not_yours).
        """
        place, who = place_of(message.key), await self._together.person(message.person)
        for _ in range(TRIES):
            row = await self._finding.find(message.key)
            if row is None or not row.linked:
                raise Impossible(why="not_linked")
            kept = await self._kept(row)
            await self._may_leave(row, kept, who, alone=message.alone)
            out = [each.place for each in kept.heard if (each.place == place) == row.guest]
            name = _name(message, kept, who)
            said = Say("unlinked", {"name": name, "frontend": place.platform}, who)
            change = self._together.said(row, kept, said if row.guest else Say("unlinked_here", {"title": row.title}))
            change = replace(change, news=tuple(each for each in change.news if each.place != place))
            try:
                await self._links.leave(row.id, out, change)
            except Stale:
                continue
            self._together.posted()
            opened = await self._history.find(place)
            return Unlinked(line(row), line(opened) if opened else None, row.guest)
        raise Busy(waiting=1)

    async def _may_leave(self, row: PieceRow, kept: Kept, who: str, *, alone: bool) -> None:
        host = kept.state.host
        by = await self._links.by(row.id, row.place) if row.guest else None
        if not (alone or who == by or (host.person == who if host else not row.guest)):
            raise Impossible(why="link_not_yours")

    async def caught_up(self, key: SessionKey, before: datetime | None = None) -> None:
        """Wait, though not for long, until this chat was told what was done in other chats of its piece, before now or
        a moment.
        """
        await self._newsroom.caught_up(place_of(key), before)

    async def open_in(self, key: SessionKey) -> str:
        """The piece that is open in this chat, whatever else the key names; "" if there is none."""
        row = await self._finding.find(replace(key, piece=""))
        return row.id if row else ""

    async def _kept(self, row: PieceRow) -> Kept:
        """The gathering of a linked piece, and where it is heard."""
        kept = await self._together.kept(row.id)
        if kept is None:  # whoever made the code has joined
            raise NotFound(what="piece", id=row.id)
        return kept

    async def _code(self, words: str, who: str) -> CodeRow:
        """The code that somebody names, if it can be used."""
        moment = self._clock()
        if await self._links.guesses(who, moment - LIFE) >= GUESSES:
            raise Impossible(why="link_too_many")
        code = "".join(sign for sign in words.upper() if sign not in " -–—")
        known = len(code) == LENGTH and set(code) <= set(SIGNS)
        row = await self._links.code(code) if known else None
        if row is None:
            await self._links.guess(who, moment, moment - LIFE)
            raise Impossible(why="link_unknown")
        if row.used:
            raise Impossible(why="link_used")
        if row.expires <= moment:
            raise Impossible(why="link_expired")
        return row

    async def _met(self, code: CodeRow, place: Place, here: PieceRow | None) -> tuple[PieceRow, Kept]:
        """The piece of a code and its gathering, if this chat may be linked to it now."""
        row, _ = await self._finding.rows(code.home, code.piece)
        kept = await self._kept(row)
        if code.home == place:
            raise Impossible(why="link_own")
        if any(each.place == place for each in kept.heard):
            raise Impossible(why="link_already")
        if any(_near(each, place) for each in (code.home, *(each.place for each in kept.heard))):
            raise Impossible(why="link_near")  # platforms name a message by its chat alone
        if here and here.linked:
            raise Impossible(why="link_other")
        if here and self._sessions.writing(here.id):
            raise Impossible(why="link_writing")
        beside = await self._together.kept(here.id) if here else None
        if kept.state.ballot or (beside and beside.state.ballot):
            raise Impossible(why="link_vote")
        return row, kept

    async def _linked(self, place: Place, piece: str, news: tuple[News, ...] = ()) -> Linked:
        row, _ = await self._finding.rows(place, piece)
        return Linked(line(row), news)


def _near(one: Place, other: Place) -> bool:
    """Whether these are threads of the same chat."""
    return (one.platform, one.chat) == (other.platform, other.chat)


def _name(message: UserMessage, kept: Kept, who: str) -> str:
    """What somebody is called in the piece."""
    return kept.state.pen(who) or account_of(safety.person(message.person)).name
