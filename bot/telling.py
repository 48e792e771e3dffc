"""Saying news in an outlet, whether it comes with a reply or by itself.

A news is a passage to be shown, or a sentence. It is told to be said even where the passage is gone or the chat is
closed: there is nobody left to say it to.
"""

import logging
from typing import Protocol

from bot import wording
from bot.replies import Notice
from engine.conversation import Conversation
from engine.errors import NotFound
from engine.messages import MessageRef, News, Turn

log = logging.getLogger(__name__)


class Shows(Protocol):
    """What news needs of an outlet."""

    async def notice(self, notice: Notice) -> tuple[MessageRef, ...]:
        """Say something that is not part of the piece; the references of the messages that hold it."""

    async def finish(self, turn: Turn) -> tuple[MessageRef, ...]:
        """Show the final text with its buttons, for good; the references of the messages that hold it."""


async def tell(news: News, outlet: Shows, conversation: Conversation, language: str) -> None:
    """Say a news and note that it was said, and where."""
    refs = await _passage(news, outlet, conversation) if news.turn else await outlet.notice(notice_of(news, language))
    await conversation.told(news, refs)


def notice_of(news: News, language: str) -> Notice:
    """The sentence of a news."""
    return Notice(wording.say(f"news_{news.name}", language, **news.fields), news.name, news.key.piece)


async def _passage(news: News, outlet: Shows, conversation: Conversation) -> tuple[MessageRef, ...]:
    try:
        turn = await conversation.turn(news.key, news.turn)
    except NotFound:
        log.info("a passage that was to be shown is gone: %s", news.turn)
        return ()
    refs = await outlet.finish(turn)
    if refs:
        await conversation.delivered(turn.id, refs)
    return refs
