"""The commands for pictures: a palette, and a cover. Plain words in answer to one change what was wished for there."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from bot.calls import Call, Handler, Takes
from engine.art.wishes import Kind
from engine.messages import Event
from engine.story import LOOKS

COMMANDS: Mapping[Kind, Takes] = {"palette": Takes.MAYBE, "cover": Takes.MAYBE}


def handler(kind: Kind) -> Handler:
    """What a command for pictures does."""

    def draw(call: Call) -> AsyncIterator[Event]:
        return call.conversation.draw(replace(call.message, text=call.words), kind, call.turn)

    return draw


async def about(call: Call) -> str:
    """The command that plain words belong to, since they answer a picture; "" for others."""
    turn = call.turn or await call.answered()
    form = (await call.conversation.turn(call.message.key, turn)).form if turn else ""
    return form if form in LOOKS else ""
