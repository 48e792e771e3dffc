"""Where things are that did not stay, or whose place nobody told: a chat with a new name, a message in some thread."""

import asyncio
import logging
from dataclasses import replace

from adapters.manifest import RegistryError
from engine import safety
from engine.finding import Finding
from engine.messages import MessageRef, SessionKey
from engine.music.musician import Musician
from engine.speaking import Speaks
from storage.history import History

log = logging.getLogger(__name__)


class Moving:
    """Moves chats, and finds what was moved."""

    def __init__(self, history: History, finding: Finding, speaks: Speaks, musician: Musician | None) -> None:
        self._history = history
        self._finding = finding
        found = speaks.registry, musician and musician.registry
        self._registries = tuple(one for one in found if one)  # what was learnt for single chats

    async def relocate(self, key: SessionKey, chat: str) -> None:
        """The chat of `key` is called `chat` from now on: its pieces and its voices go along. Twice is like once."""
        safety.place(key)
        safety.place(replace(key, chat=chat))
        await self._history.relocate(key.platform, key.chat, chat)
        for registry in self._registries:
            try:
                await asyncio.to_thread(registry.move, f"{key.platform}:{key.chat}", f"{key.platform}:{chat}")
            except RegistryError as refused:
                log.error("the voices of %s:%s stay behind: %s", key.platform, key.chat, refused)  # noqa: TRY400  # one sentence says it all

    async def present(self, key: SessionKey) -> SessionKey:
        """The same conversation under the name its chat has now."""
        safety.place(key)
        return replace(key, chat=await self._history.present(key.platform, key.chat))

    async def thread(self, ref: MessageRef, key: SessionKey) -> SessionKey:
        """The conversation of this chat in which a message shows a passage; `key` itself if it shows none."""
        found = await self._finding.shown(ref, key)
        return replace(key, thread=found[0].thread) if found else key
