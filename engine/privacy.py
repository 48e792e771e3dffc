"""What people may decide about themselves: whether they are learnt from, to see all that is kept, and to be forgotten.

Each of it is about one account on one platform, in every chat it wrote in, and needs no place of its own.
"""

import asyncio
import functools
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from engine import safety
from engine.finding import account_of
from engine.messages import Person
from engine.music.musician import Musician
from engine.sessions import Sessions
from engine.speaking import Speaks
from storage.erasure import Traces
from storage.history import History
from storage.preferences import Preferences

File = tuple[str, str, bytes]


@dataclass(frozen=True, slots=True)
class Consent:
    """`said` is what the person said of being learnt from (None: nothing yet); `counts` is what holds."""

    said: bool | None
    counts: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a person, or was: how much, and the adapters that learnt from them. `known`: anything at all."""

    known: bool = False
    traces: Traces = field(default_factory=Traces)
    adapters: tuple[str, ...] = ()


class Privacy:
    """`saw` names the adapters that learnt from a person's id; people on the platforms `assumed` agree by default."""

    def __init__(
        self,
        history: History,
        preferences: Preferences,
        sessions: Sessions,
        saw: Callable[[str], tuple[str, ...]],
        assumed: frozenset[str],
    ) -> None:
        self._history = history
        self._preferences = preferences
        self._sessions = sessions
        self._saw = saw
        self._assumed = assumed

    async def consent(self, person: Person) -> Consent:
        """Whether this person's votes and words may be learnt from."""
        who = safety.person(person)
        said = await self._preferences.consent(who.platform, who.id)
        return Consent(said, who.platform in self._assumed if said is None else said)

    async def agree(self, person: Person, *, given: bool) -> None:
        """Keep this person's yes or no, which holds for all they ever said here."""
        who = await self._history.person(account_of(safety.person(person)))
        await self._preferences.agree(who, given=given)

    async def kept(self, person: Person) -> Kept:
        """How much is kept of this person."""
        who = await self._id(person)
        if who is None:
            return Kept()
        return Kept(True, await self._preferences.traces(who), await asyncio.to_thread(self._saw, who))

    async def data(self, person: Person) -> File:
        """Everything that is kept of this person, as JSON: file name, MIME type, content."""
        who = await self._id(person)
        found = await self._preferences.data(who) if who else {}
        adapters = await asyncio.to_thread(self._saw, who) if who else ()
        content = {"ghostnote": 1, **found, "adapters": list(adapters)}
        text = json.dumps(content, ensure_ascii=False, indent=2)
        return "my-ghostnote-data.json", "application/json", (text + "\n").encode()

    async def forget(self, person: Person) -> Kept:
        """Erase this person, and what there was of them. What others wrote stays; see `storage/erasure`.

        Waits for its turn in every piece concerned, so that nothing being written there brings words back. Raises
        Busy, with nothing changed, where too many are waiting.
        """
        who = await self._id(person)
        if who is None:
            return Kept()
        adapters = await asyncio.to_thread(self._saw, who)
        async with AsyncExitStack() as turns:
            # Sorted, so that two who are forgotten at once never wait for each other.
            for piece in await self._preferences.involved(who):
                find = functools.partial(_found, piece)
                await turns.enter_async_context(self._sessions.turn(("privacy", piece), find))
            traces = await self._preferences.forget(who)
            self._history.forget(account_of(person))
        return Kept(True, traces, adapters)

    async def _id(self, person: Person) -> str | None:
        who = safety.person(person)
        return await self._preferences.person(who.platform, who.id)


async def _found(piece: str) -> tuple[str, None]:
    return piece, None


def witnesses(speaks: Speaks, musician: Musician | None) -> Callable[[str], tuple[str, ...]]:
    """Everything that learnt from the person with an id: voices and tastes."""
    return lambda person: (*speaks.saw(person), *(musician.saw(person) if musician else ()))
