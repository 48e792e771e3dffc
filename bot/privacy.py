"""The commands with which people decide about themselves: consent, privacy, what is kept, being forgotten.

All that is kept of a person comes from all of their chats, so the file with it is given only where nobody else reads
along; being forgotten is asked twice, because it cannot be undone.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from bot import wording
from bot.calls import Call
from bot.replies import Attachment, Notice, ReplyEvent
from engine.conversation import Conversation
from engine.errors import BadValue, NotFound
from engine.messages import Person
from engine.privacy import Kept

ANSWERS = {
    **dict.fromkeys(("on", "yes", "true", "开", "开启", "同意", "是"), True),
    **dict.fromkeys(("off", "no", "false", "关", "关闭", "不同意", "否"), False),
}
SURE = frozenset({"yes", "是", "确认"})


async def consent(call: Call) -> AsyncIterator[ReplyEvent]:
    """Keep a yes or no to being learnt from; without words, say which it is."""
    privacy, person = call.conversation.privacy, call.message.person
    if not call.words:
        yield await _standing(call)
        return
    given = ANSWERS.get(call.words.strip().rstrip(".!。！").casefold())
    if given is None:
        raise BadValue(name="consent", value=call.words, allowed="on, off")
    await privacy.agree(person, given=given)
    yield call.say("consent_on" if given else "consent_off")


async def page(call: Call) -> AsyncIterator[ReplyEvent]:
    """What is kept, who reads it, what votes are for, and where this person stands."""
    standing = await _standing(call)
    yield Notice(
        f"{wording.say('privacy', call.language, platform=call.message.person.platform)}\n\n{standing.text}", "privacy"
    )


async def mydata(call: Call) -> AsyncIterator[ReplyEvent]:
    """Everything of this person as a file."""
    if not call.message.alone:
        yield call.say("mydata_not_here")
        return
    yield Attachment(*await call.conversation.privacy.data(call.message.person))


async def forgetme(call: Call) -> AsyncIterator[ReplyEvent]:
    """Say what would be erased; with a yes, erase it."""
    privacy, person = call.conversation.privacy, call.message.person
    if call.words.strip().rstrip(".!。！").casefold() in SURE:
        kept = await privacy.forget(person)
        yield replace(_told(call, "forgotten", kept), session=await _still_open(call))
    else:
        yield _told(call, "forgetme_ask", await privacy.kept(person))


async def thanks(conversation: Conversation, person: Person) -> str:
    """The sentence that a vote is answered with: who never said whether they may be learnt from is told of it."""
    standing = await conversation.privacy.consent(person)
    return "voted" if standing.counts or standing.said is not None else "voted_unasked"


async def _standing(call: Call) -> Notice:
    found = await call.conversation.privacy.consent(call.message.person)
    holds = "yes" if found.counts else "no"
    return replace(call.say(f"consent_unsaid_{holds}" if found.said is None else f"consent_is_{holds}"), name="consent")


def _told(call: Call, key: str, kept: Kept) -> Notice:
    if not kept.known:
        return call.say("forgetme_nothing")
    traces, names = kept.traces, ", ".join(kept.adapters)
    counts = {"passages": traces.passages, "edits": traces.edits, "votes": traces.votes, "alone": traces.alone}
    learnt = call.say("forgetme_adapters" if names else "forgetme_no_adapters", names=names)
    asked = call.say(key, platform=call.message.person.platform, **counts)
    return replace(asked, text=f"{asked.text}\n\n{learnt.text}")


async def _still_open(call: Call) -> str:
    """The piece to show from now on, if the one that was asked from went with its person; else ""."""
    key = call.message.key
    try:
        if key.piece:
            await call.conversation.piece(key)
    except NotFound:
        left = await call.conversation.pieces(replace(key, piece=""))
        return next((piece.id for piece in left if piece.is_open), "")
    return ""
