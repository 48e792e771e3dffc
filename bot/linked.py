"""Commands that link chats to one piece: /link gives a code, /link CODE uses it, /unlink ends it."""

from collections.abc import AsyncIterator
from dataclasses import replace

from bot import wording
from bot.calls import Call, Handler, Takes
from bot.replies import ReplyEvent
from engine.messages import Piece


async def link(call: Call) -> AsyncIterator[ReplyEvent]:
    """Give a code for the open piece; with a code, write from now on in the piece it leads to."""
    if call.words:
        found = await call.conversation.linking.join(call.message, call.words)
        passages = found.piece.passages
        notice = call.say("linked", title=_title(call, found.piece), passages=passages)
        yield replace(notice, session=found.piece.id)
        for news in found.news:
            yield news
        return
    offer = await call.conversation.linking.offer(call.message)
    for news in offer.news:
        yield news
    title, passages = _title(call, offer.piece), offer.piece.passages
    yield call.say("link_code", code=offer.code, minutes=offer.minutes, title=title, passages=passages)


async def unlink(call: Call) -> AsyncIterator[ReplyEvent]:
    """Take this chat out of its linked piece; where the piece began, all others."""
    gone = await call.conversation.linking.leave(call.message)
    title = _title(call, gone.piece)
    if not gone.guest:
        yield call.say("unlinked_home", title=title)
    elif gone.open is None:
        yield call.say("unlinked_fresh", title=title)
    else:
        notice = call.say("unlinked", title=title, open=_title(call, gone.open))
        yield replace(notice, session=gone.open.id)


def _title(call: Call, piece: Piece) -> str:
    return piece.title or wording.say("untitled", call.language)


COMMANDS: dict[str, tuple[Takes, Handler]] = {
    "link": (Takes.MAYBE, link),
    "unlink": (Takes.NOTHING, unlink),
}
"""By name: what it takes, and what answers it."""
