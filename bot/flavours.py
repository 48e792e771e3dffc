"""The commands about what a piece is like: genre, mood, who tells it, its arc, and the personas that people keep.

Without words each of the first three says what holds. A persona travels as a small TOML file: `/persona NAME` gives it,
and whoever sends it to another chat has it there.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from bot import wording
from bot.calls import Call
from bot.replies import Attachment, Notice, ReplyEvent
from engine.errors import BadValue, EmptyText, Impossible
from engine.flavouring import Beat, Persona, felt
from engine.messages import Piece, SentFile, Teller
from engine.story import WORDLESS
from engine.text import arc as arcs
from engine.text import flavour, mood, persona_file

LISTED = 20
ENDING = ".toml"
_HERE = ("here ", "这里 ", "本群 ")
_DROP = ("drop ", "delete ", "删除 ")


async def genre(call: Call) -> AsyncIterator[ReplyEvent]:
    """Choose the genre, or say it."""
    door = call.conversation.flavouring
    if call.words:
        chosen = (await door.genre(*call.who, call.words)).flavour.genre
        yield call.say("genre_set" if chosen else "genre_off", genre=chosen)
        return
    chosen = (await call.conversation.piece(call.message.key)).flavour.genre
    yield call.say("genre_is" if chosen else "genre_none", genre=chosen, names=_names(call, "genre", flavour.GENRES))


async def feel(call: Call) -> AsyncIterator[ReplyEvent]:
    """Choose the mood, or say it beside the one the last passage has."""
    door = call.conversation.flavouring
    if call.words:
        with_names = _names(call, "mood", mood.MOODS)
        try:
            chosen = (await door.mood(*call.who, call.words)).flavour.mood
        except BadValue as wrong:
            raise BadValue(**{**wrong.fields, "allowed": with_names}) from None
        yield call.say("mood_set" if chosen else "mood_off", mood=chosen)
        return
    piece = await call.conversation.piece(call.message.key)
    chosen, names = piece.flavour.mood, _names(call, "mood", mood.MOODS)
    lines = [call.say("mood_is" if chosen else "mood_none", mood=chosen, names=names)]
    last = next((turn for turn in reversed(piece.turns) if turn.form not in WORDLESS), None)
    if last and (found := felt(last.text)):
        lines.append(call.say("mood_measured", mood=mood.nearest(found), **_numbers(found)))
    yield replace(lines[0], text="\n".join(line.text for line in lines))


async def voice(call: Call) -> AsyncIterator[ReplyEvent]:
    """Choose who tells the piece, or say it."""
    if call.words:
        teller = (await call.conversation.flavouring.teller(*call.who, call.words)).flavour.teller
        yield call.say("voice_set" if teller.kind else "voice_off", teller=told(teller, call.language))
        return
    teller = (await call.conversation.piece(call.message.key)).flavour.teller
    yield call.say("voice_is" if teller.kind else "voice_none", teller=told(teller, call.language))


async def arc(call: Call) -> AsyncIterator[ReplyEvent]:
    """The mood of the piece, passage by passage: in words and signs, and as a picture."""
    beats = await call.conversation.flavouring.arc(call.message.key)
    if not any(beat.felt for beat in beats):
        raise Impossible(why="no_arc")
    yield Notice("\n".join(_arc(call, beats)), "arc")
    piece = await call.conversation.piece(call.message.key)
    moments = [arcs.Moment(beat.number, _label(beat), beat.felt) for beat in beats]
    labels = [wording.say(f"arc_{name}", call.language) for name in ("valence", "energy")]
    yield Attachment("arc.png", "image/png", await asyncio.to_thread(arcs.draw, piece.title, moments, *labels))


async def persona(call: Call) -> AsyncIterator[ReplyEvent]:
    """Keep a persona (NAME: what they are like), list them, show one with its file, or drop one."""
    door, words = call.conversation.flavouring, call.words.strip()
    if not words:
        yield await _listed(call)
    elif drop := next((word for word in _DROP if words.lower().startswith(word)), ""):
        gone = await door.drop(*call.who, words[len(drop) :])
        yield call.say("persona_dropped", name=gone.name)
    elif ":" in words or "：" in words:
        yield _kept(call, await door.keep(*call.who, _read(words)))
    else:
        found = await door.persona(*call.who, words)
        lines = [call.say("persona_is", name=found.name, description=found.description).text]
        lines += [found.sample] if found.sample else []
        yield Notice("\n\n".join(lines), "persona")
        yield Attachment(*persona_file.write(found.name, found.description, found.sample))


async def received(call: Call) -> Notice:
    """Keep the persona of a file that was sent: for the person who sent it, or with "here" under it for the chat."""
    if call.message.file is None:
        raise EmptyText
    name, description, sample = persona_file.read(call.message.file.data)
    shared = f"{call.message.text.strip().lower()} " in _HERE
    return _kept(call, await call.conversation.flavouring.keep(*call.who, Persona(name, description, sample, shared)))


def is_persona(file: SentFile) -> bool:
    """Whether a file is meant to be one of a persona, told by its name."""
    return file.name.lower().endswith(ENDING)


def chosen(piece: Piece, language: str) -> list[str]:
    """What was chosen for a piece, a line for each choice."""
    flavour = piece.flavour
    pairs = (("genre", flavour.genre), ("mood", flavour.mood), ("voice", told(flavour.teller, language)))
    return [wording.say(f"chosen_{name}", language, **{name: value}) for name, value in pairs if value]


def labels(piece: Piece, language: str) -> list[str]:
    """The same in as few words as a heading has room for."""
    flavour = piece.flavour
    names = [str(wording.named(kind, getattr(flavour, kind), language)) for kind in ("genre", "mood")]
    return [label for label in (*names, told(flavour.teller, language)) if label]


def told(teller: Teller, language: str) -> str:
    """Who tells it, as people read it."""
    if not teller.kind:
        return ""
    return wording.say(f"teller_{teller.kind}", language, name=teller.name, sample=teller.label)


def _read(words: str) -> Persona:
    """What was typed: a name, a colon, what they are like; what follows in lines of its own is a sample."""
    here = next((word for word in _HERE if words.lower().startswith(word)), "")
    head, _, sample = words[len(here) :].partition("\n")
    name, _, description = head.replace("：", ":").partition(":")
    return Persona(name.strip(), description.strip(), sample.strip(), bool(here))


def _kept(call: Call, kept: Persona) -> Notice:
    return call.say("persona_kept_here" if kept.shared else "persona_kept", name=kept.name)


async def _listed(call: Call) -> Notice:
    found = await call.conversation.flavouring.personas(*call.who)
    lines = [call.say("persona_head" if found else "persona_none").text]
    for one in found:
        key = "persona_line_here" if one.shared else "persona_line"
        lines.append(wording.say(key, call.language, name=one.name, description=one.description))
    return Notice("\n".join(lines), "persona")


def _arc(call: Call, beats: tuple[Beat, ...]) -> list[str]:
    lines = [wording.say("arc_head", call.language, count=len(beats))]
    for place, name in enumerate(("valence", "energy")):
        line = arcs.sparkline([beat.felt and beat.felt[place] for beat in beats])
        lines.append(f"{line}  {wording.say(f'arc_{name}', call.language)}")
    for beat in beats[-LISTED:]:
        key = "arc_line" if beat.felt else "arc_line_unmeasured"
        near = mood.nearest(beat.felt) if beat.felt else ""
        lines.append(wording.say(key, call.language, number=beat.number, mood=near, words=_opening(beat.words)))
    return lines


def _label(beat: Beat) -> str:
    return " ".join(beat.words.split()[:3])


def _opening(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= 40 else f"{line[:39]}…"


def _numbers(found: mood.Mood) -> dict[str, str]:
    return {"valence": f"{found.valence:+.1f}", "energy": f"{found.energy:+.1f}"}


def _names(call: Call, kind: str, names: Iterable[str]) -> str:
    listed = [str(wording.named(kind, name, call.language)) for name in names]
    return wording.say("music_comma", call.language).join(listed)
