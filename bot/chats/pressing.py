"""What people do to a passage with a finger: buttons under it, native reactions on it, words of theirs they changed."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot import commands, privacy, tunes, wording
from bot.chats import buttons
from bot.chats.outlet import ChatOutlet
from bot.chats.page import Shown
from bot.chats.refs import command_in
from bot.chats.replies import Replies, Stored
from bot.enclosing import FILES
from bot.telling import counted
from engine.conversation import Conversation
from engine.errors import EngineError, NotFound
from engine.messages import MessageRef, Person, Reaction, SessionKey, Turn, UserMessage, Vote

log = logging.getLogger(__name__)

IN_PLACE = ("retry", "alternatives", "previous", "next")  # actions whose passage takes the pressed message's place

Opened = Callable[[tuple[Shown, ...], Turn | None], ChatOutlet]
"""Opens an outlet in the place of a press, over the messages of a passage if there are such."""


class Pressing:
    """Acts on buttons and reactions."""

    def __init__(self, replies: Replies) -> None:
        self._replies, self._conversation = replies, replies.conversation

    async def pressed(
        self, press: buttons.Press, message: int, asked: UserMessage, opened: Opened, stored: Stored
    ) -> None:
        """A button under `message` that is one of ours: a vote, an action, or neither."""
        if press.vote is not None:
            await self._voted(press, message, asked, opened((), None))
        elif press.action == "choose":
            await self._chosen(press, message, asked, opened((), None), stored)
        elif not press.action:
            await opened((), None).answer()
        else:
            outlet = await self._over(press, message, asked.key, opened)
            events = commands.act(self._conversation, asked, press.action, press.turn)
            await self._replies.give(events, outlet, asked, stored)

    async def reacted(self, reaction: Reaction, outlet: ChatOutlet) -> None:
        """A native reaction: the same vote as a button, on whatever passage the message shows; silent otherwise.

        People react to what they see, which may still be being written: then it counts as soon as that is a passage.
        """
        counted = await self._counted(self._conversation.react(reaction), reaction.key, outlet)
        if not counted and await self._replies.said(reaction.key):
            await self._counted(self._conversation.react(reaction), reaction.key, outlet)

    async def cleared(self, key: SessionKey, ref: MessageRef, sign: str, outlet: ChatOutlet) -> None:
        """Native reactions of all, or all of one sign, are gone from a message; silent."""
        await self._counted(self._conversation.cleared(key, ref, sign), key, outlet)

    async def _counted(self, voting: Awaitable[Turn], key: SessionKey, outlet: ChatOutlet) -> bool:
        """Bring the counts to what they are after a vote, if it is one."""
        try:
            turn = await voting
        except NotFound:
            return False
        except EngineError as error:
            log.debug("a reaction was not counted: %s", error)
            return False
        shown = await self._replies.messages(turn.id, key)
        if shown:  # a file may show a version whose text has made room for another's
            await outlet.count(shown[-1], turn)
        return True

    async def _voted(self, press: buttons.Press, message: int, asked: UserMessage, outlet: ChatOutlet) -> None:
        person = asked.person
        try:
            value = await self._meant(press, asked)
            turn = await self._conversation.react(
                Reaction(asked.key, person, value, press.turn, delivery=asked.delivery)
            )
            now = await self._own(asked, press.turn)  # a press that comes again changes nothing
        except EngineError as error:
            await outlet.fail(wording.error(error, person.language), error)
            return
        sign = "👍" if now > 0 else "👎"
        said = await privacy.thanks(self._conversation, person) if now else "unvoted"
        await outlet.answer(wording.say(said, person.language, sign=sign))
        await outlet.count(message, turn)

    async def _chosen(
        self, press: buttons.Press, message: int, asked: UserMessage, outlet: ChatOutlet, stored: Stored
    ) -> None:
        """One of several continuations; the buttons show how many chose each, until the vote is over."""
        await self._replies.give(commands.act(self._conversation, asked, "choose", press.turn), outlet, asked, stored)
        try:
            piece = (await self._conversation.turn(asked.key, press.turn)).session
            ballot = (await self._conversation.gathering.state(replace(asked.key, piece=piece))).ballot
        except NotFound:
            ballot = None
        here = ballot is not None and press.turn in ballot.options
        await outlet.mark(message, buttons.choices(counted(ballot)) if ballot and here else ())

    async def _meant(self, press: buttons.Press, asked: UserMessage) -> Vote:
        """In a group the buttons cannot know whose finger presses: the same thumb again takes the vote back."""
        if not press.vote or (asked.alone and not (await self._conversation.turn(asked.key, press.turn)).shared):
            return press.vote or 0
        return 0 if await self._own(asked, press.turn) == press.vote else press.vote

    async def _own(self, asked: UserMessage, turn: str) -> int:
        """The person's vote on a passage as it is now."""
        piece = (await self._conversation.turn(asked.key, turn)).session
        return (await self._conversation.votes(replace(asked.key, piece=piece), asked.person)).get(turn, 0)

    async def _over(self, press: buttons.Press, message: int, key: SessionKey, opened: Opened) -> ChatOutlet:
        """Where to answer: in the messages of the passage, if it is to be replaced and the pressed one is its last."""
        plain = opened((), None)
        plain.musical = press.action in tunes.COMMANDS
        numbers = await self._replies.messages(press.turn, key) if press.action in IN_PLACE else ()
        if message not in numbers:
            return plain
        try:
            before = await self._conversation.turn(key, press.turn)
        except NotFound:
            return plain
        if before.form in FILES:
            numbers = (message,)  # one message always; any other is another view of the same
        elif numbers[-1] != message:
            return plain
        return opened(tuple(map(Shown, numbers)), before)


async def rewrite(
    conversation: Conversation, key: SessionKey, person: Person, ref: MessageRef, words: str | None, delivery: str
) -> str | None:
    """A person changed a message of theirs to `words`: the passage changes too.

    The model's passage that answers those words on the live branch, which may be written anew, "" if there is none;
    None if nothing changed. Raises what the engine refuses.
    """
    turn = await conversation.turn_at(ref, key)
    if turn is None or turn.kind != "person" or not words:
        return None
    command = command_in(words)
    text = words.partition(" ")[2].strip() if command in (*commands.FORMS, "continue") else words
    if not text or text == turn.text:
        return None
    await conversation.edit(key, person, text, turn.id, delivery)
    turns = (await conversation.piece(key)).turns
    return next((each.id for each in turns if each.parent == turn.id and each.kind == "model"), "")
