"""What people do to a passage with a finger: buttons under it, and native reactions on it."""

import logging
from dataclasses import replace

from telegram import CallbackQuery, MaybeInaccessibleMessage, Message, MessageReactionUpdated

from bot import commands, privacy, tunes, wording
from bot.telegram import buttons
from bot.telegram.outlet import ChatOutlet
from bot.telegram.page import Shown
from bot.telegram.records import Place, key_of, person_of, place_at, place_of, ref_of, vote_of
from bot.telegram.replying import Replies, Stored
from engine.errors import EngineError, NotFound
from engine.messages import Person, Reaction, Vote
from engine.story import MUSIC

log = logging.getLogger(__name__)

IN_PLACE = ("retry", "alternatives", "previous", "next")  # actions whose passage takes the pressed message's place


class Pressing:
    """Acts on buttons and reactions."""

    def __init__(self, replies: Replies) -> None:
        self._replies, self._conversation = replies, replies.conversation

    async def pressed(self, query: CallbackQuery, update: int, stored: Stored) -> None:
        """A button: a vote, an action, or nothing that is known (any more)."""
        person, press, message = person_of(query.from_user), buttons.read(query.data), query.message
        if message is None or press is None:
            await self._replies.toast(query.id, wording.say("old_button", person.language))
            return
        place = place_of(message) if isinstance(message, Message) else place_at(message.chat)
        if press.vote is not None:
            await self._voted(query.id, place, message.message_id, press, person)
        elif not press.action:
            await self._replies.toast(query.id, "")
        else:
            outlet = await self._over(query.id, place, message, press, person)
            asked = self._replies.asked(place, person, update)
            events = commands.act(self._conversation, asked, press.action, press.turn)
            await self._replies.give(events, outlet, asked, stored)

    async def reacted(self, change: MessageReactionUpdated) -> None:
        """A native reaction: the same vote as a button, on whatever passage the message shows; silent otherwise."""
        value = vote_of(change)
        if value is None or change.user is None:
            return
        person, place = person_of(change.user), place_at(change.chat)
        ref = ref_of(place.chat, change.message_id)
        try:
            turn = await self._conversation.react(Reaction(key_of(place), person, value, ref=ref))
        except NotFound:
            return
        except EngineError as error:
            log.debug("a reaction was not counted: %s", error)
            return
        shown = await self._replies.messages(turn.id, place.chat)
        if shown:  # a file may show a version whose text has made room for another's
            await self._replies.count(place, shown[-1], turn, person.language)

    async def _voted(self, query: str, place: Place, message: int, press: buttons.Press, person: Person) -> None:
        key = key_of(place)
        outlet = self._replies.outlet(place, person.language, query)
        try:
            value = await self._meant(place, press, person)
            turn = await self._conversation.react(Reaction(key, person, value, press.turn))
        except EngineError as error:
            await outlet.fail(wording.error(error, person.language), error)
            return
        sign = "👍" if value > 0 else "👎"
        said = await privacy.thanks(self._conversation, person) if value else "unvoted"
        await outlet.answer(wording.say(said, person.language, sign=sign))
        await self._replies.count(place, message, turn, person.language)

    async def _meant(self, place: Place, press: buttons.Press, person: Person) -> Vote:
        """In a group the buttons cannot know whose finger presses: the same thumb again takes the vote back."""
        if place.private or not press.vote:
            return press.vote or 0
        piece = (await self._conversation.turn(key_of(place), press.turn)).session
        own = await self._conversation.votes(replace(key_of(place), piece=piece), person)
        return 0 if own.get(press.turn) == press.vote else press.vote

    async def _over(
        self, query: str, place: Place, message: MaybeInaccessibleMessage, press: buttons.Press, person: Person
    ) -> ChatOutlet:
        """Where to answer: in the messages of the passage, if it is to be replaced and the pressed one is its last."""
        plain = self._replies.outlet(place, person.language, query)
        plain.musical = press.action in tunes.COMMANDS
        numbers = await self._replies.messages(press.turn, place.chat) if press.action in IN_PLACE else ()
        if message.message_id not in numbers:
            return plain
        try:
            before = await self._conversation.turn(key_of(place), press.turn)
        except NotFound:
            return plain
        if before.form == MUSIC:
            numbers = (message.message_id,)  # one message always; any other is another view of the same music
        elif numbers[-1] != message.message_id:
            return plain
        return self._replies.outlet(place, person.language, query, tuple(map(Shown, numbers)), before)
