"""A chat with a new name keeps everything, on both databases."""

from storage.db import open_database
from storage.history import History
from storage.records import Account, Arrival, NewTurn, Place

OLD, NEW = Place("telegram", "-42"), Place("telegram", "-10042")
MARA = Account("telegram", "7", "Mara")


async def test_pieces_what_is_open_and_what_came_go_along(database_url: str) -> None:
    async with open_database(database_url) as database:
        history = History(database)
        first, second = await history.create(OLD, "First"), await history.create(OLD, "Second")
        aside = await history.ensure(Place(*_names(OLD), "5"))
        stranger = await history.create(Place("discord", "-42"), "Elsewhere")
        await history.open(OLD, first.id)
        await _say(history, "It rained.", "telegram:1:700")
        for _ in range(2):
            await history.relocate("telegram", "-42", "-10042")
        assert [piece.id for piece in await history.listing(NEW)] == [first.id, second.id]
        assert await history.listing(OLD) == ()
        opened = await history.find(NEW)
        assert opened
        assert (opened.id, opened.passages) == (first.id, 1)
        thread = await history.find(Place(*_names(NEW), "5"))
        assert thread
        assert thread.id == aside.id
        assert await history.received(NEW, "telegram:1:700")
        assert await history.find(stranger.place, stranger.id)
        assert await history.present("telegram", "-42") == "-10042"
        assert await history.present("discord", "-42") == "-42"
        assert (await history.ensure(OLD)).id not in {first.id, second.id}


async def test_what_was_begun_in_the_new_chat_stays_beside_it(database_url: str) -> None:
    async with open_database(database_url) as database:
        history = History(database)
        old, new = await history.create(OLD, "Old"), await history.create(NEW, "New")
        await history.relocate("telegram", "-42", "-10042")
        opened = await history.find(NEW)
        assert opened
        assert opened.id == old.id
        assert {piece.id for piece in await history.listing(NEW)} == {old.id, new.id}


async def _say(history: History, text: str, delivery: str) -> None:
    piece = await history.ensure(OLD)
    words = NewTurn(piece.head, 1, "person", text, "story", starts=True)
    await history.accept(piece, await history.person(MARA), words, Arrival("reply", text, delivery))


def _names(place: Place) -> tuple[str, str]:
    return place.platform, place.chat
