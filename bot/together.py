"""Commands of those who write together: who takes part, how turns are taken, votes, credits.

Each is one event of the engine's rules; what comes of it is said as news, in every chat of the piece.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from bot import wording
from bot.calls import Call, Handler, Takes
from bot.replies import Notice, ReplyEvent
from bot.telling import duration
from engine.errors import BadValue, EmptyText, Impossible
from engine.together import asked, events
from engine.together.credits import credits_of
from engine.together.state import ROUND, Role, State
from engine.together.together import Make

GHOST = ("ghost", "ghostnote", "bot", "幽灵")
ROLES: dict[str, Role] = {"writer": "writer", "reader": "reader", "作者": "writer", "读者": "reader"}
SWITCH = {**dict.fromkeys(("on", "yes", "开"), True), **dict.fromkeys(("off", "no", "end", "关"), False)}


async def join(call: Call) -> AsyncIterator[ReplyEvent]:
    """Take part, under one's own name or a pen name."""
    name = asked.pen(call.words) if call.words else ""

    def joining(state: State, who: str) -> events.Event:
        member = state.member(who)
        own = member.pen if member else asked.pen_of(call.message.person.name, state, who)
        return events.Join(who, name or own)

    async with aclosing(_acted(call, joining)) as found:
        async for event in found:
            yield event


def leave(call: Call) -> AsyncIterator[ReplyEvent]:
    """Take part no more."""
    return _acted(call, lambda _, who: events.Leave(who))


def kick(call: Call) -> AsyncIterator[ReplyEvent]:
    """The host sends somebody away."""
    return _acted(call, lambda state, who: events.Leave(_named(state, call.words), by=who))


async def role(call: Call) -> AsyncIterator[ReplyEvent]:
    """The host makes somebody a writer or a reader."""
    name, _, last = call.words.strip().rpartition(" ")
    wanted = ROLES.get(last.casefold())
    if not name or wanted is None:
        raise BadValue(name="role", value=call.words, allowed="NAME writer, NAME reader")
    async with aclosing(_acted(call, lambda state, who: events.SetRole(who, _named(state, name), wanted))) as found:
        async for event in found:
            yield event


async def turns(call: Call) -> AsyncIterator[ReplyEvent]:
    """The host says how turns are taken; without words, who takes part and whose turn it is."""
    if not call.words:
        yield Notice(standing(await call.conversation.gathering.state(call.message.key), call.language), "standing")
        return
    rules = asked.rules(call.words)
    state = await call.conversation.gathering.state(call.message.key)
    person = call.message.person
    if state.host is None:  # whoever begins it takes part, and is the host
        joining = _acted(call, lambda now, me: events.Join(me, asked.pen_of(person.name, now, me)), "join")
        async with aclosing(joining) as found:
            async for event in found:
                yield event
    async with aclosing(_acted(call, lambda _, me: events.SetRules(me, rules, call.language))) as found:
        async for event in found:
            yield event


def passing(call: Call) -> AsyncIterator[ReplyEvent]:
    """Give up one's turn; in a vote, have no opinion."""
    return _acted(call, lambda _, who: events.Pass(who))


def give(call: Call) -> AsyncIterator[ReplyEvent]:
    """The host says who writes next."""
    ghost = call.words.strip().removeprefix("@").casefold() in GHOST
    return _acted(call, lambda state, who: events.Give(who, "" if ghost else _named(state, call.words)))


async def choose(call: Call) -> AsyncIterator[ReplyEvent]:
    """Vote for one of the continuations: by its number, or by its button."""

    def voting(state: State, who: str) -> events.Event:
        options = state.ballot.options if state.ballot else ()
        if call.turn:
            return events.Voted(who, call.turn)
        if not options:
            raise Impossible(why="vote_over")
        if not (call.words.isascii() and call.words.isdigit() and 1 <= int(call.words[:3]) <= len(options)):
            raise BadValue(name="vote", value=call.words, allowed=f"1-{len(options)}")
        return events.Voted(who, options[int(call.words) - 1])

    if not call.turn and not call.words:
        raise EmptyText
    if call.turn:  # a button votes in its own piece, whichever is open by now
        piece = (await call.conversation.turn(call.message.key, call.turn)).session
        call = replace(call, message=replace(call.message, key=replace(call.message.key, piece=piece)))
    before = await call.conversation.gathering.state(call.message.key)
    options = before.ballot.options if before.ballot else ()
    number = options.index(call.turn) + 1 if call.turn in options else call.words
    closed = False
    async with aclosing(_acted(call, voting)) as found:
        async for event in found:
            closed = True
            yield event
    if not closed:
        yield call.say("chosen", number=number)


async def corpse(call: Call) -> AsyncIterator[ReplyEvent]:
    """The host says whether one sees only the last line; when that ends, the whole is shown."""
    on = SWITCH.get(call.words.strip().casefold())
    if on is None:
        raise BadValue(name="corpse", value=call.words, allowed="on, off")
    async with aclosing(_acted(call, lambda _, who: events.SetCorpse(who, on))) as found:
        async for event in found:
            yield event
    if not on:
        piece = await call.conversation.piece(call.message.key)
        whole = "\n\n".join(turn.text for turn in piece.turns)
        if whole:
            yield Notice(whole, "whole")


async def credit(call: Call) -> AsyncIterator[ReplyEvent]:
    """Who wrote what."""
    piece = await call.conversation.piece(call.message.key)
    found = credits_of(piece.turns)
    if not found:
        raise Impossible(why="nothing_written")
    lines = [_line(call, "credits_head", title=piece.title or wording.say("untitled", call.language))]
    for each in found:
        name = each.name or _line(call, "credits_somebody")
        if each.model:
            name = _line(call, "credits_ghost_voice" if each.adapter else "credits_ghost", model=each.model,
                         voice=each.adapter)  # fmt: skip
        lines.append(_line(call, "credits_line", name=name, passages=each.passages, words=each.words))
    yield Notice("\n".join(lines), "credits")


def standing(state: State, language: str) -> str:
    """Who takes part, by which rules, and whose turn it is."""
    rules = state.rules
    lines = [wording.say(f"turns_are_{rules.mode.replace('-', '_')}", language)]
    if not state.free and rules.deadline:
        lines.append(wording.say("turns_deadline", language, left=duration(rules.deadline, language)))
    if rules.ghost and rules.mode in ("round-robin", "host"):
        key = "turns_ghost_round" if rules.ghost == ROUND else "turns_ghost"
        lines.append(wording.say(key, language, count=rules.ghost))
    if state.corpse:
        lines.append(wording.say("turns_corpse", language))
    here = [member for member in state.members if member.here]
    for member in here:
        mark = "▶" if member.person == state.mover else "·"
        name = wording.say(f"turns_{member.role}", language, name=member.pen)
        lines.append(f"{mark} {name}")
    if not here:
        lines.append(wording.say("turns_nobody", language))
    waits = "ghost" if state.ghost else "vote" if state.ballot else "open" if state.open else ""
    if waits:
        lines.append(wording.say(f"turns_wait_{waits}", language))
    return "\n".join(lines)


COMMANDS: dict[str, tuple[Takes, Handler]] = {
    "turns": (Takes.MAYBE, turns),
    "join": (Takes.MAYBE, join),
    "leave": (Takes.NOTHING, leave),
    "pass": (Takes.NOTHING, passing),
    "give": (Takes.TEXT, give),
    "choose": (Takes.MAYBE, choose),
    "role": (Takes.TEXT, role),
    "kick": (Takes.TEXT, kick),
    "corpse": (Takes.TEXT, corpse),
    "credits": (Takes.NOTHING, credit),
}
"""By name: what it takes, and what answers it."""


def _acted(call: Call, make: Make, step: str = "") -> AsyncGenerator[ReplyEvent, None]:
    """Let it happen; of several steps of one update, each is named, so that it happens once."""
    message = call.message
    if step and message.delivery:
        message = replace(message, delivery=f"{message.delivery}:{step}")
    return call.conversation.gathering.act(message, make)


def _named(state: State, name: str) -> str:
    member = state.named(name)
    if member is None:
        raise Impossible(why="nobody_so_called")
    return member.person


def _line(call: Call, key: str, **fields: object) -> str:
    return wording.say(key, call.language, **fields)
