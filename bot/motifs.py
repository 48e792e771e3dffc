"""The command about motifs: music tied to somebody or some place, which returns in /music and /song."""

import logging
from collections.abc import AsyncIterator

from bot import wording
from bot.calls import Call
from bot.replies import Attachment, Notice, ReplyEvent
from engine import motifbook
from engine.errors import EngineError

log = logging.getLogger(__name__)


async def motif(call: Call) -> AsyncIterator[ReplyEvent]:
    """Tie the music that is answered, or the last one, to a name, let one go, or list them."""
    door = call.conversation.tying
    if not call.words:
        yield await _listed(call)
        return
    asked = motifbook.asked(call.words)
    if asked.off:
        gone = await door.untie(*call.who, asked.name, call.message.delivery)
        yield call.say("motif_off", name=gone)
        return
    tied = await door.tie(*call.who, asked.name, call.turn, call.message.delivery)
    key = "motif_replaced" if tied.before else "motif_made" if tied.made else "motif_tied"
    before = tied.before.spelled if tied.before else ""
    yield call.say(key, name=tied.motif.name, notes=tied.motif.spelled, before=before)
    try:
        yield Attachment(*await door.sound(tied.motif))
    except EngineError:
        raise
    except Exception:
        log.exception("a motif could not be played")


async def _listed(call: Call) -> Notice:
    found = await call.conversation.tying.motifs(call.message.key)
    lines = [wording.say("motif_line", call.language, name=one.name, notes=one.spelled) for one in found]
    return Notice("\n".join([call.say("motif_head" if found else "motif_none").text, *lines]), "motif")
