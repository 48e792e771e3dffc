"""Find pieces and passages: all are reached through their own places, and are NotFound from any other."""

from engine import safety, story
from engine.errors import NotFound
from engine.messages import MessageRef, Person, SessionKey, UserMessage
from engine.story import Tree
from storage.history import History
from storage.preferences import Preferences
from storage.records import Account, PieceRow, Place, Unanswered

TRIES = 50  # only another process can be quicker, and each time one is, a turn of it is stored


def place_of(key: SessionKey) -> Place:
    """Where a key's pieces are."""
    return Place(key.platform, key.chat, key.thread)


def account_of(person: Person) -> Account:
    """A person as storage knows them."""
    return Account(person.platform, person.id, person.name, person.language)


def unanswered(row: Unanswered) -> UserMessage:
    """Words as they were sent, without the message that showed them."""
    key = SessionKey(row.place.platform, row.place.chat, row.place.thread)
    who = row.account
    return UserMessage(key, Person(who.platform, who.account, who.name, who.language), row.text, delivery=row.delivery)


class Finding:
    """What a key, a name, an id or a message refers to."""

    def __init__(self, history: History, preferences: Preferences) -> None:
        self._history = history
        self._preferences = preferences

    async def find(self, key: SessionKey) -> PieceRow | None:
        """The piece the key names, or the one that is open there."""
        safety.place(key)
        if key.piece:
            safety.known_id(key.piece, "piece")
        return await self._history.find(place_of(key), key.piece)

    async def id(self, key: SessionKey, turn: str = "") -> str:
        """The piece of a turn, the piece the key names, or the open one, which is made if there is none."""
        safety.place(key)
        if turn:
            home, _ = await self.home(place_of(key), turn)
            if key.piece not in {"", home}:
                raise NotFound(what="passage", id=turn)
            return home
        if key.piece:
            return safety.known_id(key.piece, "piece")
        return (await self._history.ensure(place_of(key))).id

    async def home(self, place: Place, turn: str) -> tuple[str, str]:
        """The piece a turn is in, and the turn's kind."""
        home = await self._history.home(place, safety.known_id(turn, "passage"))
        if home is None:
            raise NotFound(what="passage", id=turn)
        return home

    async def load(self, key: SessionKey, turn: str = "") -> tuple[PieceRow, Tree]:
        """The piece that `id` finds, with its passages."""
        return await self.rows(place_of(key), await self.id(key, turn))

    async def rows(self, place: Place, piece: str) -> tuple[PieceRow, Tree]:
        """A piece of this place with its passages and their votes."""
        loaded = await self._history.load(place, piece)
        if loaded is None:
            raise NotFound(what="piece", id=piece)
        return loaded[0], Tree(loaded[1], await self._preferences.counts(piece), shared=loaded[0].linked)

    async def named(self, key: SessionKey, name: str) -> PieceRow:
        """A piece by id, number, title or the beginning of its title; the newest of several."""
        safety.place(key)
        row = story.named(await self._history.listing(place_of(key)), name)
        if row is None:
            raise NotFound(what="piece", id=safety.title_from(safety.words(name[:200])))
        return row

    async def shown(self, ref: MessageRef | None, key: SessionKey) -> tuple[Place, str] | None:
        """The place and the passage that a message of this chat shows."""
        if ref is None or (ref.platform, ref.chat) != (key.platform, key.chat):
            return None
        safety.place(key)
        found = await self._history.shown(place_of(key), safety.delivery(ref.message))
        return found and (found[0], found[2])
