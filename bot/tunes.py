"""The commands for music.

A file that a person sends becomes a passage first; a command in its caption is then done to that passage, and plain
words under it, or in answer to a passage of music, change what was wished for there.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace

from bot import enclosing, wording
from bot.calls import Call, Handler, Takes
from bot.replies import Notice, ReplyEvent
from engine.errors import Impossible, NotFound
from engine.messages import Event, SentFile
from engine.music.feeling import mood_of
from engine.music.orders import Verb, read_order
from engine.music.said import read_said
from engine.story import LOOKS, MUSICAL, SENT_MUSIC

COMMANDS: Mapping[str, Takes] = {
    "music": Takes.MAYBE,
    "song": Takes.MAYBE,
    "extend": Takes.MAYBE,
    "vary": Takes.MAYBE,
    "accompany": Takes.MAYBE,
    "harmonize": Takes.NOTHING,
    "bars": Takes.TEXT,
    "morph": Takes.MAYBE,
}
NOTES = "notes.txt"  # the name of a file that was typed
_VERBS: Mapping[str, Verb] = {
    "music": "compose",
    "song": "song",
    "extend": "extend",
    "vary": "vary",
    "accompany": "accompany",
    "harmonize": "harmonize",
    "bars": "redraw",
    "morph": "morph",
}


def handler(name: str) -> Handler:
    """What a command for music does."""
    verb = _VERBS[name]

    def change(call: Call) -> AsyncIterator[Event]:
        return call.conversation.compose(call.message, read_order(verb, call.words), call.turn)

    return {"compose": _compose, "song": _sing}.get(verb, change)


async def _compose(call: Call) -> AsyncIterator[ReplyEvent]:
    """Music from words; pointed at a passage of words and without any of its own, music in the mood of that."""
    # Without words there is nothing to change in music: another one of the same wish is what /retry is for.
    message, words, turn, about = call.message, call.words, call.turn if call.words else "", ""
    passage = await call.conversation.turn(message.key, call.turn) if call.turn else None
    if passage and passage.form in LOOKS:
        passage, turn = None, ""  # a picture has no notes to change, and no words to score
    if passage and passage.form not in MUSICAL:
        mood = mood_of(passage.text)
        words = words or str(wording.named("mood", mood or "", call.language))
        message, turn, about = replace(message, key=replace(message.key, piece=passage.session)), "", passage.id
    elif not turn and (chosen := (await call.conversation.piece(message.key)).flavour.mood):
        words = _in_mood(words, str(wording.named("mood", chosen, call.language)))
    order = replace(read_order("compose", words), about=about)
    events = call.conversation.compose(message, order, turn, drafts=0)
    async with aclosing(events) as answer:
        async for event in answer:
            yield event


def _in_mood(words: str, mood: str) -> str:
    """A wish in the mood of its piece, unless it names one itself."""
    return words if read_said(words).mood else ", ".join(filter(None, (words, mood)))


def _sing(call: Call) -> AsyncIterator[Event]:
    """A song: words that begin on the line of the command are about the music, those below it are to be sung."""
    words = call.words
    if re.match(r"/\w+(?:@\w+)?[ \t]*\n", call.message.text.strip()):
        words = f"\n{words}"
    return call.conversation.compose(call.message, read_order("song", words), call.turn, drafts=0)


async def written(call: Call) -> AsyncIterator[ReplyEvent]:
    """Keep a melody that was typed, as if it had been sent as a file."""
    sent = SentFile(NOTES, call.words.encode())
    _, notices = await heard(replace(call, message=replace(call.message, text="", file=sent)))
    for notice in notices:
        yield notice


async def score(call: Call) -> AsyncIterator[ReplyEvent]:
    """A passage of music as written notes: the last one, or the one that is answered."""
    key = call.message.key
    turns = [turn for turn in (await call.conversation.piece(key)).turns if turn.form in MUSICAL]
    music = call.turn or next(
        (turn.id for turn in reversed(turns) if turn.form == SENT_MUSIC or turn.kind == "model"), ""
    )
    if not music:
        raise Impossible(why="no_music_yet")
    with suppress(NotFound):  # a picture only where one can be drawn
        async for attachment in enclosing.file(call.conversation, key, music, "score"):
            yield attachment
    async for attachment in enclosing.file(call.conversation, key, music, "abc"):
        yield attachment


async def heard(call: Call) -> tuple[Call, tuple[Notice, ...]]:
    """Keep the file that a message brings. The call is about that passage from then on; the notices say what was heard
    (when nothing is asked for in the same message) and what of it could not be taken as it is."""
    delivery = call.message.delivery and f"{call.message.delivery}:file"
    found = await call.conversation.hear(replace(call.message, delivery=delivery))
    notices = tuple(call.say(name, **fields) for name, fields in found.remarks)
    if not call.message.text.strip():
        notices = (call.say("heard", about=found.turn.text), *notices)
    return replace(call, message=replace(call.message, file=None), turn=found.turn.id), notices


async def is_about_music(call: Call) -> bool:
    """Whether plain words speak about music: they came with a file, or answer a passage of music."""
    turn = call.turn or await call.answered()
    if not turn:
        return False
    return (await call.conversation.turn(call.message.key, turn)).form in MUSICAL
