"""One table of commands, shared by every frontend; menus, help and the documentation are made from it.

A handler turns a call into the same stream of events a plain message gives, so a frontend needs one path for everything
a person sends and one (`act`) for everything a person presses.
"""

import difflib
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Literal

from bot import (
    branching,
    carrying,
    enclosing,
    flavours,
    linked,
    looks,
    motifs,
    privacy,
    remembering,
    together,
    tunes,
    voices,
    wording,
)
from bot.calls import Call, Command, Handler, Takes, number
from bot.replies import Notice, ReplyEvent, UnknownCommand
from bot.telling import ending_of
from engine.conversation import Conversation
from engine.errors import BadValue, EmptyText, Impossible
from engine.messages import Done, Event, Piece, Reaction, Turn, UserMessage, Vote

FORMS = (
    *("story", "poem", "couplets", "haiku", "limerick", "sonnet", "lyrics", "scene"),
    *("character", "quest", "world", "slogan", "design", "ideas"),
)
ACTIONS = (
    *("retry", "continue", "alternatives", "previous", "next", "branch", "undo", "redo", "edit", "cancel"),
    *tunes.COMMANDS,
    "choose",
)

_COMMAND = re.compile(r"/([A-Za-z_]+)(?:@\w+)?(?:\s+(.*))?", re.DOTALL)
_VOTES = {"👍": "like", "👎": "dislike"}


def run(conversation: Conversation, message: UserMessage) -> AsyncIterator[ReplyEvent]:
    """Answer whatever a person sent: a command, a file, a lone 👍 or 👎, or words that go on with the piece."""
    return enclosing.with_files(_answer(Call(conversation, message)), conversation, message.key)


async def _answer(call: Call) -> AsyncIterator[ReplyEvent]:
    text = call.message.text.strip()
    match = _COMMAND.fullmatch(text)
    if call.message.file and flavours.is_persona(call.message.file):
        yield await flavours.received(call)
        return
    if call.message.file and not (match and match[1].lower() in carrying.READS):
        call, notices = await tunes.heard(call)
        for notice in notices:
            yield notice
        if not text:
            return
    if text in _VOTES:
        events = _dispatch(_VOTES[text], call)
    elif match:
        events = _dispatch(match[1].lower(), replace(call, words=(match[2] or "").strip()))
    elif await tunes.is_about_music(call):
        events = _dispatch("music", replace(call, words=text))
    elif look := await looks.about(call):
        events = _dispatch(look, replace(call, words=text))
    else:
        events = call.conversation.reply(call.message)
    async with aclosing(events) as answer:  # type: ignore[type-var]  # every answer is an async generator
        async for event in answer:
            yield event


def act(
    conversation: Conversation, message: UserMessage, action: str, turn: str = "", text: str = "", count: int = 0
) -> AsyncIterator[ReplyEvent]:
    """Answer a button: `action` is one of `ACTIONS`, on the passage `turn` ("" for the last one)."""
    words = text or (str(count) if count else "")
    if action not in ACTIONS:
        return _refuse(BadValue(name="action", value=action, allowed=", ".join(ACTIONS)))
    return enclosing.with_files(_dispatch(action, Call(conversation, message, words, turn)), conversation, message.key)


def resume(conversation: Conversation, message: UserMessage) -> AsyncIterator[ReplyEvent]:
    """Answer words that `Conversation.unanswered` found, whichever command they came with."""
    return enclosing.with_files(conversation.reply(message), conversation, message.key)


async def _dispatch(name: str, call: Call) -> AsyncIterator[ReplyEvent]:
    command = BY_NAME.get(name)
    if command is None:
        raise UnknownCommand(command=name, hint=_hint(name, call.language))
    if command.takes is Takes.TEXT and not call.words:
        raise EmptyText
    if call.message.reply_to and not call.turn:
        call = replace(call, turn=await call.answered())
    async for event in command.run(call):
        yield event


async def _refuse(error: BadValue) -> AsyncIterator[ReplyEvent]:
    raise error
    yield  # makes this an async generator, so that a refusal arrives like any other


def _hint(name: str, language: str) -> str:
    like = difflib.get_close_matches(name, BY_NAME, 1)
    return wording.say("unknown_hint_like" if like else "unknown_hint_help", language, command="".join(like))


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _form(name: str) -> Handler:
    def write(call: Call) -> AsyncIterator[Event]:
        return call.conversation.reply(replace(call.message, text=call.words), form=name)

    return write


def _write(call: Call) -> AsyncIterator[Event]:
    """Any form by its name: those of the owner of the machine have no command of their own."""
    name, _, words = call.words.partition(" ")
    return call.conversation.reply(replace(call.message, text=words.strip()), form=name.lower() or "?")


def _continue(call: Call) -> AsyncIterator[Event]:
    if call.words:
        return call.conversation.reply(replace(call.message, text=call.words))
    return call.conversation.proceed(call.message)


def _retry(call: Call) -> AsyncIterator[Event]:
    return call.conversation.retry(call.message, call.turn)


def _alternatives(call: Call) -> AsyncIterator[Event]:
    return call.conversation.alternatives(call.message, number(call.words or "2", "count", "1-6"), call.turn)


def _swipe(step: int) -> Handler:
    async def swipe(call: Call) -> AsyncIterator[ReplyEvent]:
        where: Literal[-1, 1] = 1 if step > 0 else -1
        yield Done(await call.conversation.swipe(*call.who, where, call.turn, delivery=call.message.delivery))

    return swipe


async def _edit(call: Call) -> AsyncIterator[ReplyEvent]:
    yield Done(await call.conversation.edit(*call.who, call.words, call.turn, delivery=call.message.delivery))


async def _cancel(call: Call) -> AsyncIterator[ReplyEvent]:
    if not await call.conversation.cancel(call.message.key):
        raise Impossible(why="nothing_to_cancel")
    yield call.say("cancelled")


# ── the tree ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _undo(call: Call) -> AsyncIterator[ReplyEvent]:
    yield _where(call, "undone", await call.conversation.undo(*call.who, delivery=call.message.delivery))


async def _redo(call: Call) -> AsyncIterator[ReplyEvent]:
    yield _where(call, "redone", await call.conversation.redo(*call.who, delivery=call.message.delivery))


async def _branch(call: Call) -> AsyncIterator[ReplyEvent]:
    turn = call.turn or (await _last(call)).id
    yield _where(call, "branched", await call.conversation.branch(*call.who, turn, delivery=call.message.delivery))


async def _switch(call: Call) -> AsyncIterator[ReplyEvent]:
    branch = number(call.words, "branch", "1-999")
    piece = await call.conversation.switch(*call.who, branch, delivery=call.message.delivery)
    yield _where(call, "switched", piece)


def _where(call: Call, key: str, piece: Piece) -> Notice:
    """Say where the live branch ends now."""
    if not piece.turns:
        return replace(call.say("nothing_left" if key == "undone" else "opened_empty", title=piece.title), name=key)
    return call.say(key, title=_title(piece, call.language), ending=ending_of(piece.turns[-1]))


# ── what the piece remembers ────────────────────────────────────────────────────────────────────────────────────────


async def _memory(call: Call) -> AsyncIterator[ReplyEvent]:
    if call.words:
        await call.conversation.remember(*call.who, call.words)
        yield call.say("memory_set")
    else:
        text = (await call.conversation.piece(call.message.key)).memory
        yield call.say("memory_is" if text else "memory_empty", text=text)


async def _note(call: Call) -> AsyncIterator[ReplyEvent]:
    if call.words:
        await call.conversation.annotate(*call.who, call.words)
        yield call.say("note_set")
    else:
        text = (await call.conversation.piece(call.message.key)).note
        yield call.say("note_is" if text else "note_empty", text=text)


# ── pieces ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _new(call: Call) -> AsyncIterator[ReplyEvent]:
    piece = await call.conversation.create(*call.who, call.words, delivery=call.message.delivery)
    yield replace(call.say("new", title=_title(piece, call.language)), session=piece.id)


async def _list(call: Call) -> AsyncIterator[ReplyEvent]:
    lines = [
        wording.say(
            "list_line",
            call.language,
            mark="▶" if piece.is_open else "·",
            number=number,
            title=_title(piece, call.language),
            passages=piece.passages,
        )
        for number, piece in enumerate(await call.conversation.pieces(call.message.key), 1)
    ]
    yield Notice("\n".join([wording.say("list_head", call.language), *lines]), "list")


async def _open(call: Call) -> AsyncIterator[ReplyEvent]:
    piece = await call.conversation.open(*call.who, call.words, delivery=call.message.delivery)
    yield replace(_where(call, "opened", piece), session=piece.id)


async def _rename(call: Call) -> AsyncIterator[ReplyEvent]:
    piece = await call.conversation.rename(*call.who, call.words)
    yield call.say("renamed", title=piece.title)


async def _delete(call: Call) -> AsyncIterator[ReplyEvent]:
    gone = await call.conversation.delete(*call.who, call.words, delivery=call.message.delivery)
    left = [piece for piece in await call.conversation.pieces(replace(call.message.key, piece="")) if piece.is_open]
    name = _title(left[0], call.language) if left else wording.say("untitled", call.language)
    notice = call.say("deleted", title=_title(gone, call.language), open=name)
    yield replace(notice, session=left[0].id if left else "")


def _title(piece: Piece, language: str) -> str:
    return piece.title or wording.say("untitled", language)


# ── votes, help ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def _vote(call: Call, value: Vote) -> AsyncIterator[ReplyEvent]:
    turn = call.turn or (await _last(call, kind="model")).id
    await call.conversation.react(Reaction(*call.who, value, turn, delivery=call.message.delivery))
    if not value:
        yield call.say("unvoted")
        return
    key = await privacy.thanks(call.conversation, call.message.person)
    yield replace(call.say(key, sign="👍" if value > 0 else "👎"), name="voted")


def _votes(value: Vote) -> Handler:
    return lambda call: _vote(call, value)


async def _last(call: Call, kind: str = "") -> Turn:
    piece = await call.conversation.piece(call.message.key)
    for turn in reversed(piece.turns):
        if kind in ("", turn.kind):
            return turn
    raise Impossible(why="nothing_written")


async def _start(call: Call) -> AsyncIterator[ReplyEvent]:
    yield call.say("hello")


async def _help(call: Call) -> AsyncIterator[ReplyEvent]:
    lines = [f"/{command.name}: {wording.say(f'command_{command.name}', call.language)}" for command in TABLE]
    head, tail = (wording.say(f"help_{end}", call.language) for end in ("head", "tail"))
    yield Notice("\n".join([head, *lines, tail]), "help")


TABLE: tuple[Command, ...] = (
    *(Command(form, Takes.MAYBE, _form(form), "write") for form in FORMS),
    Command("write", Takes.MAYBE, _write, "write"),
    Command("continue", Takes.MAYBE, _continue, "write"),
    Command("retry", Takes.NOTHING, _retry, "write"),
    Command("alternatives", Takes.MAYBE, _alternatives, "write"),
    Command("previous", Takes.NOTHING, _swipe(-1), "write"),
    Command("next", Takes.NOTHING, _swipe(1), "write"),
    Command("edit", Takes.TEXT, _edit, "write"),
    Command("undo", Takes.NOTHING, _undo, "write"),
    Command("redo", Takes.NOTHING, _redo, "write"),
    Command("cancel", Takes.NOTHING, _cancel, "write"),
    *(Command(name, takes, tunes.handler(name), "music") for name, takes in tunes.COMMANDS.items()),
    Command("notes", Takes.TEXT, tunes.written, "music"),
    Command("score", Takes.NOTHING, tunes.score, "music"),
    Command("motif", Takes.MAYBE, motifs.motif, "music"),
    *(Command(kind, takes, looks.handler(kind), "look") for kind, takes in looks.COMMANDS.items()),
    Command("like", Takes.NOTHING, _votes(1), "vote"),
    Command("dislike", Takes.NOTHING, _votes(-1), "vote"),
    Command("unvote", Takes.NOTHING, _votes(0), "vote"),
    Command("learning", Takes.NOTHING, voices.learning, "learn"),
    Command("compare", Takes.MAYBE, voices.compare, "learn"),
    Command("pick", Takes.TEXT, voices.pick, "learn"),
    Command("adapters", Takes.NOTHING, voices.adapters, "owner"),
    Command("rollback", Takes.MAYBE, voices.rollback, "owner"),
    Command("branch", Takes.NOTHING, _branch, "tree"),
    Command("branches", Takes.MAYBE, branching.branches, "tree"),
    Command("switch", Takes.TEXT, _switch, "tree"),
    Command("beside", Takes.TEXT, branching.beside, "tree"),
    Command("take", Takes.TEXT, branching.take, "tree"),
    Command("memory", Takes.MAYBE, _memory, "memory"),
    Command("note", Takes.MAYBE, _note, "memory"),
    Command("lore", Takes.MAYBE, remembering.lore, "memory"),
    Command("context", Takes.MAYBE, remembering.context, "memory"),
    Command("genre", Takes.MAYBE, flavours.genre, "flavour"),
    Command("mood", Takes.MAYBE, flavours.feel, "flavour"),
    Command("voice", Takes.MAYBE, flavours.voice, "flavour"),
    Command("persona", Takes.MAYBE, flavours.persona, "flavour"),
    Command("arc", Takes.NOTHING, flavours.arc, "flavour"),
    Command("new", Takes.MAYBE, _new, "pieces"),
    Command("list", Takes.NOTHING, _list, "pieces"),
    Command("open", Takes.TEXT, _open, "pieces"),
    Command("rename", Takes.TEXT, _rename, "pieces"),
    Command("delete", Takes.MAYBE, _delete, "pieces"),
    Command("export", Takes.MAYBE, carrying.export, "pieces"),
    Command("import", Takes.NOTHING, carrying.bring, "pieces"),
    *(
        Command(name, takes, handler, "together")
        for name, (takes, handler) in (together.COMMANDS | linked.COMMANDS).items()
    ),
    Command("privacy", Takes.NOTHING, privacy.page, "privacy"),
    Command("consent", Takes.MAYBE, privacy.consent, "privacy"),
    Command("mydata", Takes.NOTHING, privacy.mydata, "privacy"),
    Command("forgetme", Takes.MAYBE, privacy.forgetme, "privacy"),
    Command("start", Takes.NOTHING, _start, "help"),
    Command("help", Takes.NOTHING, _help, "help"),
)

BY_NAME: dict[str, Command] = {command.name: command for command in TABLE}
