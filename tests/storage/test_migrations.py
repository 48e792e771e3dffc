"""The oldest schema, with rows in it, must open in every later version."""

from pathlib import Path

import sqlalchemy as sa

from storage.db import open_database
from storage.history import History
from storage.migrate import upgrade, version
from storage.preferences import Preferences
from storage.records import Account, Place

OLDEST = Path(__file__).with_name("oldest.sql")
TABLES = (
    "motifs",
    "lore",
    "personas",
    "link_guesses",
    "link_codes",
    "links",
    "timers",
    "ballots",
    "members",
    "gatherings",
    "outbox",
    "consents",
    "scores",
    "arrivals",
    "settings",
    "retries",
    "picks",
    "preferences",
    "inbox",
    "deliveries",
    "moves",
    "edits",
    "turns",
    "places",
    "pieces",
    "people",
)


def _oldest(connection: sa.Connection) -> None:
    connection.execute(sa.text("DROP TABLE alembic_version"))
    for table in TABLES:
        connection.execute(sa.text(f"DROP TABLE {table}"))
    upgrade(connection, "0001")
    for statement in OLDEST.read_text().split(";\n")[:-1]:
        connection.exec_driver_sql(statement)


async def test_the_oldest_database_opens_with_all_that_is_in_it(database_url: str) -> None:
    async with open_database(database_url) as database:
        await database.write(_oldest)
        assert await database.read(version) == "0001"
    place = Place("telegram", "1")
    async with open_database(database_url) as database:
        history = History(database)
        loaded = await history.load(place, "a000000000000001")
        assert loaded is not None
        piece, turns = loaded
        assert (piece.title, piece.memory, piece.head, piece.passages) == ("Old", "It rains.", turns[1].id, 2)
        assert piece.created.isoformat() == "2026-01-02T03:04:05.000006+00:00"
        assert [(turn.kind, turn.author, turn.text) for turn in turns] == [
            ("person", "Mara", "Once"),
            ("model", "", "twice."),
        ]
        assert (turns[1].model, turns[1].adapter, turns[1].seed, turns[1].finish) == ("gpt2", "tales", 5, "stop")
        recipe = (await history.recipes(piece.id))[turns[1].id]
        assert (recipe.completion, recipe.prompt, recipe.sampling) == ("thrice. And", "Once", {"top_p": 0.9})
        assert recipe.sections[0]["text"] == "Once"
        assert [edit.before for edit in await history.edits(piece.id)] == ["thrice."]
        assert [move.kind for move in await history.moves(piece.id)] == ["reply", "edit"]
        assert await history.shown(place, "99") == (place, piece.id, turns[1].id)
        received = await history.received(place, "u1")
        assert received is not None
        assert (received.turn, received.reply) == (turns[0].id, turns[1].id)
        assert await Preferences(database).counts(piece.id) == {turns[1].id: (1, 0)}
        assert await history.person(Account("telegram", "7", "Mara")) == "p000000000000001"
