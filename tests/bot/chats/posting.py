"""Posts into the outbox of a house as another process would."""

from pathlib import Path

from storage.db import now, open_database
from storage.history import History
from storage.outbox import Outbox
from storage.records import NewsRow, Place


async def post(file: Path, place: Place, *names: str) -> None:
    """So many people have joined the piece of a place."""
    async with open_database(f"sqlite:///{file}") as database:
        piece = (await History(database).ensure(place)).id
        rows = [NewsRow(place, piece, "turns", {"lines": [["joined", {"name": name}]]}) for name in names]
        await Outbox(database).post(rows, now())
