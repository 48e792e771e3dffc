"""The commands that take a piece home as a file, and bring one in."""

from collections.abc import AsyncIterator
from dataclasses import replace

from bot import wording
from bot.calls import Call
from bot.replies import Attachment, ReplyEvent
from engine.books.reading import NAMES

READS = ("import",)  # commands that want the file which a message brings, whatever is in it
FILES = NAMES


async def export(call: Call) -> AsyncIterator[ReplyEvent]:
    """The piece as a file of the format that is named, else as Markdown."""
    form, say = call.words.lower() or "md", wording.sayer(call.language)
    name, mime, data = await call.conversation.carrying.export(call.message.key, form, say)
    yield Attachment(name, mime, data)


async def bring(call: Call) -> AsyncIterator[ReplyEvent]:
    """A new piece from the file that came with the command."""
    piece = await call.conversation.carrying.bring(call.message)
    title = piece.title or wording.say("untitled", call.language)
    branches = len(await call.conversation.branches(replace(call.message.key, piece=piece.id)))
    notice = call.say("brought", title=title, passages=len(piece.turns), branches=branches)
    yield replace(notice, session=piece.id)
