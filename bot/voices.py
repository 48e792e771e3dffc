"""Commands about voices: what speaks here and why, a blind comparison, and what only owners may do."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from adapters.verdict import REASONS
from bot import wording
from bot.calls import Call, number
from bot.replies import Notice, ReplyEvent
from engine.errors import BadValue, Impossible
from engine.messages import Turn, VoiceView


async def learning(call: Call) -> AsyncIterator[ReplyEvent]:
    """Which voice writes here, what it learnt from, and how it fared against the one before."""
    form, voice = await call.conversation.voicing.here(*call.who)
    head = call.say("learning_here", form=wording.form(form, call.language), voice=_name(voice.reference, call))
    lines = [head.text]
    votes, people = voice.data.get("votes"), voice.data.get("voters")
    if not voice.reference:
        lines.append(_line(call, "learning_base"))
    elif not votes:
        lines.append(_line(call, "learning_books"))
    else:
        lines.append(_line(call, "learning_votes", votes=votes, people=people, scope=", ".join(voice.scopes)))
    if voice.data.get("step") == 0:
        lines.append(_line(call, "learning_chooses"))
    if "wins" in voice.metrics:
        before = _name(voice.parents[0] if voice.parents else "", call)
        wins, least = (round(100 * max(voice.metrics.get(name, 0.0), 0.0)) for name in ("wins", "wins_low"))
        lines.append(_line(call, "learning_won", before=before, wins=wins, least=least))
    run = await call.conversation.voicing.tried(form, *call.who)
    # Other versions had other reasons.
    refused = [reason for reason in run["verdict"]["reasons"] if reason in REASONS] if run else []
    if run and refused:
        reasons = [_line(call, f"learning_refused_{reason}") for reason in refused]
        why = _line(call, "learning_refused_join").join(reasons)
        lines.append(_line(call, "learning_refused", day=run["at"][:10], votes=run["votes"], why=why))
    lines.append(_line(call, "learning_how"))
    yield Notice("\n".join(lines), "learning")


async def compare(call: Call) -> AsyncIterator[ReplyEvent]:
    """Go on with two versions by two voices, without saying which is whose."""
    names = call.words.split()
    if len(names) not in (0, 2):
        raise BadValue(name="adapters", value=call.words, allowed="A B")
    async with aclosing(call.conversation.voicing.compare(call.message, names)) as events:
        async for event in events:
            yield event
    try:
        found = await call.conversation.voicing.compared(call.message.key)
    except Impossible:  # it was stopped before there were two
        return
    yield call.say("compare", text=found.two.text)


async def pick(call: Call) -> AsyncIterator[ReplyEvent]:
    """Say which of the two versions is better, and learn who wrote them."""
    chosen = number(call.words, "version", "1-2")
    found = await call.conversation.voicing.pick(*call.who, chosen, call.message.delivery)
    wins, losses = (found.wins, found.losses) if chosen == 1 else (found.losses, found.wins)
    mine, other = (found.one, found.two) if chosen == 1 else (found.two, found.one)
    names = {"winner": _name(mine.adapter, call), "loser": _name(other.adapter, call)}
    yield call.say("picked", number=chosen, ending=_ending(mine), wins=wins, losses=losses, **names)


async def adapters(call: Call) -> AsyncIterator[ReplyEvent]:
    """Every version there is and whom it speaks for; for owners."""
    views = await call.conversation.voicing.every(call.message.person)
    lines = [_line(call, "adapters_head"), *(_listed(view, call) for view in views)]
    yield Notice("\n".join(lines), "adapters")


async def rollback(call: Call) -> AsyncIterator[ReplyEvent]:
    """Go back to the voice before; for owners."""
    scope, now = await call.conversation.voicing.rollback(*call.who, call.words)
    yield call.say("rolled_back" if now else "rolled_back_to_nothing", scope=scope, voice=now)


def _listed(view: VoiceView, call: Call) -> str:
    live = view.scopes and _line(call, "adapters_live", scopes=", ".join(view.scopes))
    votes = view.data.get("votes")
    counted = _line(call, "adapters_votes", votes=votes) if votes else ""
    return _line(call, "adapters_line", voice=view.reference, made=view.made[:10], about=counted + (live or ""))


def _name(reference: str, call: Call) -> str:
    return reference or _line(call, "voice_base")


def _line(call: Call, key: str, **fields: object) -> str:
    return wording.say(key, call.language, **fields)


def _ending(turn: Turn) -> str:
    words = " ".join(turn.text.split())
    return words if len(words) <= 80 else "…" + words[-79:].partition(" ")[2]
