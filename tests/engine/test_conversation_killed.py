"""SIGKILL at random moments: what was acknowledged is there, nothing is half written, the piece goes on."""

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from storage import schema
from tests.engine.desk import KEY, MARA, Desk, opened

ROOT = Path(__file__).parents[2]
KILLS = 4


async def _killed_evening(url: str, seed: int, seconds: float) -> list[dict[str, Any]]:
    """Let the process write for a while, kill it; everything it acknowledged."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.engine.killed", url, str(seed), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert json.loads(await process.stdout.readline()) == {"kind": "ready"}
    asyncio.get_running_loop().call_later(seconds, process.kill)
    lines = (await process.stdout.read()).decode().split("\n")
    assert await process.wait() == -9
    return [json.loads(line) for line in lines[:-1]]  # the last one has no line end, so nobody was told


async def _check(desk: Desk, told: list[dict[str, Any]]) -> None:
    turns = {row["id"]: row for row in await desk.rows(schema.turns)}
    votes = {row["turn"]: row["value"] for row in await desk.rows(schema.preferences)}
    inbox = {row["delivery"]: row for row in await desk.rows(schema.inbox)}
    for fact in told:
        if fact["kind"] == "vote":
            assert votes[fact["turn"]] == fact["value"]
            continue
        assert turns[fact["turn"]]["text"] == fact["text"]
        if fact["kind"] == "words":
            assert inbox[fact["delivery"]]["turn"] == fact["turn"]
    for row in turns.values():
        assert row["text"]
        assert row["kind"] == "person" or (row["prompt"] and row["completion"] == row["text"] and row["finish"])
        assert row["depth"] == (turns[row["parent"]]["depth"] if row["parent"] else 0) + 1
    piece = (await desk.rows(schema.pieces))[0]
    moves = {row["number"]: row for row in await desk.rows(schema.moves)}
    assert (moves[piece["step"]]["after"] if piece["step"] else None) == piece["head"]
    assert len({row["turn"] for row in inbox.values() if row["turn"]}) == sum(
        row["kind"] == "person" for row in turns.values()
    )


async def test_killed_at_random_moments(tmp_path: Path) -> None:
    url, dice = f"sqlite:///{tmp_path}/ghostnote.db", random.Random(5)
    told: list[dict[str, Any]] = []
    for seed in range(KILLS):
        told += await _killed_evening(url, seed, dice.uniform(0.05, 0.8))
        async with opened(url) as desk:
            await _check(desk, told)
            await _answer_again(desk)
    assert {fact["kind"] for fact in told} == {"words", "turn", "vote"}


async def _answer_again(desk: Desk) -> None:
    """What the killed process left unanswered is answered when its platform sends it again; then the piece goes on."""

    def unanswered(connection: sa.Connection) -> list[tuple[str, str, str]]:
        waiting = sa.select(schema.inbox.c.delivery, schema.inbox.c.turn, schema.turns.c.text).join(
            schema.turns, schema.turns.c.id == schema.inbox.c.turn
        )
        return [(row[0], row[1], row[2]) for row in connection.execute(waiting.where(schema.inbox.c.reply.is_(None)))]

    before = await desk.rows(schema.turns)
    live = (await desk.talk.piece(KEY)).turns
    for delivery, turn, text in await desk.database.read(unanswered):
        if live and live[-1].id == turn:
            reply = await desk.say(text, delivery=delivery)
            assert reply.parent == turn
            assert len(await desk.rows(schema.turns)) == len(before) + 1
    last = await desk.say("and on it goes", delivery=f"after {len(before)}")
    assert (await desk.talk.piece(KEY)).turns[-1].id == last.id
    await desk.talk.undo(KEY, MARA)
