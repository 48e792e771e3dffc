"""An evening through the API, `kill -9`, and the morning after: every row is right, and all is still there."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from tests.flow.served import Served, served

STORY = "/story A lighthouse keeper finds a letter addressed to no one"
LINES = ("She put it in her pocket.", "The stairs went on.", "At the top somebody had lit the lamp.")


def final(events: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    name, data = events[-1]
    assert name == "final", events[-1]
    assert [event for event, _ in events].count("final") == 1
    return data


async def vote(house: Served, turn: str, author: str, *values: int) -> None:
    for value in values:
        answer = await house.client.post(f"/api/turns/{turn}/reactions", json={"author": author, "value": value})
        assert answer.status_code == 204, answer.text


async def evening(house: Served) -> dict[str, Any]:
    """Everything the issue asks for; what the piece and its exports look like at the end."""
    session = await house.create()
    first = final(await house.say(session, STORY))
    replies = [final(await house.say(session, line)) for line in LINES]
    retried = final(await house.act(replies[-1]["turn"], "retry", author="ann"))
    await house.act(retried["turn"], "alternatives", author="ann", count=2)
    shown = final(await house.act(retried["turn"], "previous", author="ann"))
    final(await house.say(session, "/undo"))
    edited = final(await house.act(first["turn"], "edit", author="bo", text="The letter was warm."))
    assert edited["text"] == "The letter was warm."
    await vote(house, first["turn"], "ann", 1, -1)
    await vote(house, first["turn"], "bo", 1, -1, 0)
    await vote(house, replies[0]["turn"], "bo", 1)
    return {
        "session": session,
        "first": first,
        "replies": replies,
        "retried": retried,
        "shown": shown,
        "seen": await look(house, session),
    }


async def look(house: Served, session: str) -> dict[str, Any]:
    piece = (await house.client.get(f"/api/sessions/{session}", params={"author": "ann"})).json()
    exports = {}
    for kind in ("md", "json"):
        answer = await house.client.get(f"/api/sessions/{session}/export", params={"format": kind})
        assert answer.status_code == 200, answer.text
        exports[kind] = answer.text
    return {"piece": piece, **exports}


def rows(home: Path, statement: str, *values: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{home / 'ghostnote.db'}?mode=ro", uri=True) as database:
        return database.execute(statement, values).fetchall()


async def test_an_evening_survives_a_kill_row_by_row(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with served(home) as house:
        known = await evening(house)
        house.kill()
        await house.process.wait()

    first, replies, retried = known["first"], known["replies"], known["retried"]
    people = rows(home, "SELECT text, parent, starts FROM turns WHERE kind = 'person' ORDER BY number")
    assert [text for text, _, _ in people] == [STORY.removeprefix("/story "), *LINES]
    assert [starts for _, _, starts in people] == [1, 0, 0, 0]
    written = rows(home, "SELECT id, parent, prompt, completion, model, finish, sampling FROM turns WHERE kind='model'")
    assert len(written) == 1 + 3 + 1 + 2
    for _, parent, prompt, completion, model, finish, sampling in written:
        assert parent
        assert prompt
        assert completion
        assert model == "echo"
        assert finish in {"end", "stop", "length"}
        assert json.loads(sampling)["temperature"] > 0
    siblings = {name for name, parent, *_ in written if parent == retried["parent"]}
    assert len(siblings) == 4
    assert replies[-1]["turn"] in siblings
    assert rows(home, "SELECT before, after FROM edits") == [(first["text"], "The letter was warm.")]
    assert rows(home, "SELECT text FROM turns WHERE id = ?", first["turn"]) == [("The letter was warm.",)]
    votes = rows(home, "SELECT turn, value FROM preferences ORDER BY value")
    assert votes == [(first["turn"], -1), (replies[0]["turn"], 1)]
    assert rows(home, "SELECT turn FROM picks") == [(known["shown"]["turn"],)]
    assert rows(home, "SELECT turn FROM retries ORDER BY created")[0] == (replies[-1]["turn"],)

    async with served(home) as house:
        assert await look(house, known["session"]) == known["seen"]
        piece = known["seen"]["piece"]
        assert [turn["vote"] for turn in piece["turns"] if turn["id"] == first["turn"]] == [-1]
        assert "The letter was warm." in known["seen"]["md"]
        assert final(await house.say(known["session"], "And then?"))["text"]
