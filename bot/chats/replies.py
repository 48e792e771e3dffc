"""What every reply in a chat needs, whether words or a button asked for it: who is busy, and a note of where it is.

Nothing else is remembered about chats or messages, so a button or a reaction on a message from before the last restart
finds its passage like any other.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager
from weakref import WeakValueDictionary

from bot.chats.outlet import ChatOutlet
from bot.chats.refs import showing
from bot.chats.wire import Pace
from bot.enclosing import FILES
from bot.replies import Notice, ReplyEvent
from bot.streaming import stream
from engine.conversation import Conversation
from engine.messages import Accepted, Done, MessageRef, Queued, SessionKey, Snapshot, Turn, UserMessage

Stored = Callable[[], None]


class Replies:
    """Gives replies. `busy` are the conversations one is being written in."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.busy: list[SessionKey] = []
        self._paces: WeakValueDictionary[int, Pace] = WeakValueDictionary()
        self._saying: list[tuple[str, str, asyncio.Event]] = []
        self._filing: WeakValueDictionary[tuple[SessionKey, str], asyncio.Lock] = WeakValueDictionary()

    async def give(
        self, events: AsyncIterator[ReplyEvent], outlet: ChatOutlet, asked: UserMessage, stored: Stored
    ) -> None:
        """Carry a reply into its outlet; `stored` is called at the first event."""
        self.busy.append(asked.key)
        try:
            with self.saying(asked.key):
                watched = self._watched(events, outlet, asked, stored)
                await stream(watched, outlet, self.conversation, asked.person.language)
        finally:
            self.busy.remove(asked.key)
            await outlet.close()

    @contextmanager
    def saying(self, key: SessionKey) -> Iterator[None]:
        """Meanwhile something becomes visible in the chat before it is written down where."""
        mine = key.platform, key.chat, asyncio.Event()
        self._saying.append(mine)
        try:
            yield
        finally:
            self._saying.remove(mine)
            mine[2].set()

    async def said(self, key: SessionKey) -> bool:
        """Wait until all that is being said in the chat now is written down; False if nothing is being said."""
        ends = [end.wait() for platform, chat, end in self._saying if (platform, chat) == (key.platform, key.chat)]
        await asyncio.gather(*ends)
        return bool(ends)

    async def messages(self, turn: str, key: SessionKey, beside: MessageRef | None = None) -> tuple[int, ...]:
        """The messages of a chat that show a passage's text, oldest first, without the one it was written in."""
        refs = await self.conversation.messages(turn)
        return showing((ref for ref in refs if ref != beside), key)[0]

    def pace(self, channel: int) -> Pace:
        """Everything that is written in a channel shares its pace."""
        return self._paces.setdefault(channel, Pace())

    async def _watched(
        self, events: AsyncIterator[ReplyEvent], outlet: ChatOutlet, asked: UserMessage, stored: Stored
    ) -> AsyncIterator[ReplyEvent]:
        """The same events; on the way it is kept where they become visible.

        The message of a draft is written down as soon as it is there, under the words it answers, so that an update
        that comes again after a crash is answered in that same message and never twice. Files of music that the chat
        has already are not made again; whoever sends those of a passage does so alone.
        """
        words: str | None = None
        writing = False
        noted: tuple[MessageRef, ...] = ()
        async with aclosing(events) as reply, AsyncExitStack() as stack:  # type: ignore[type-var]  # every reply here is an async generator
            async for event in reply:
                stored()
                if isinstance(event, Notice) and event.name == "heard":
                    await self._heard(event, outlet, asked)
                    continue
                await outlet.open(event)
                if isinstance(event, Accepted):
                    writing, words = True, event.turn
                    if event.linked:  # what came before it in other chats is to be read before it
                        await self.conversation.linking.caught_up(asked.key, event.before)
                    outlet.adopt(await self.messages(words, asked.key, asked.ref) if words else ())
                elif isinstance(event, Done):
                    outlet.adopt(await self.messages(event.turn.id, asked.key) if writing else ())
                    await self._alone(stack, event.turn, outlet)
                yield event
                if words and isinstance(event, Snapshot | Queued) and outlet.refs != noted:
                    noted = outlet.refs
                    await self.conversation.delivered(words, noted)
                if isinstance(event, Done) and outlet.complete:
                    return

    async def _alone(self, stack: AsyncExitStack, turn: Turn, outlet: ChatOutlet) -> None:
        """Until the stack is left nobody else sends files of this passage here; tell the outlet which are here."""
        if turn.form in FILES:
            lock = self._filing.setdefault((outlet.key, turn.id), asyncio.Lock())
            if lock.locked():
                await outlet.answer()
            await stack.enter_async_context(lock)
            outlet.here = showing(await self.conversation.messages(turn.id), outlet.key)[1]

    async def _heard(self, notice: Notice, outlet: ChatOutlet, asked: UserMessage) -> None:
        """What was heard in a file is said once, and whoever answers that sentence means the file."""
        turn = asked.ref and await self.conversation.turn_at(asked.ref, asked.key)
        if not turn:
            await outlet.notice(notice)
            return
        outlet.adopt(await self.messages(turn.id, asked.key, asked.ref))
        await outlet.offer(notice.text, turn)
        await self.conversation.delivered(turn.id, outlet.refs)
