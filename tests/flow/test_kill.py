"""`kill -9` while people write and vote: nothing acknowledged is lost, nothing is stuck, nothing is half-written.

The suite kills a few times; `KILLS=50 make test` (or this file alone) kills fifty times.
"""

import asyncio
import os
import random
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.flow.served import Served, served

KILLS = int(os.environ.get("KILLS", "6"))


@dataclass
class Acknowledged:
    """What the server has confirmed so far, and so may never lose."""

    words: set[str] = field(default_factory=set)
    passages: dict[str, str] = field(default_factory=dict)
    votes: dict[tuple[str, str], int] = field(default_factory=dict)
    pending: set[tuple[str, str]] = field(default_factory=set)


async def write_on(house: Served, session: str, known: Acknowledged, chance: random.Random) -> None:
    while True:
        words = f"Word {chance.getrandbits(40):x} walked in."
        body: dict[str, object] = {"text": words, "author": "ann"}
        async for event, data in house.events(f"/api/sessions/{session}/messages", body):
            if event == "accepted":
                known.words.add(words)
            elif event == "final":
                known.passages[str(data["turn"])] = str(data["text"])


async def vote_on(house: Served, known: Acknowledged, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(0, 0.02))
        if not known.passages:
            continue
        turn, author, value = chance.choice(sorted(known.passages)), chance.choice("abc"), chance.choice((1, -1, 0))
        known.pending.add((turn, author))
        answer = await house.client.post(f"/api/turns/{turn}/reactions", json={"author": author, "value": value})
        assert answer.status_code == 204, answer.text
        known.votes[turn, author] = value
        known.pending.discard((turn, author))


async def until_killed(house: Served, sessions: list[str], known: Acknowledged, chance: random.Random) -> None:
    work = [write_on(house, session, known, chance) for session in sessions] + [vote_on(house, known, chance)]
    tasks = [asyncio.create_task(job) for job in work]
    await asyncio.sleep(chance.uniform(0.02, 1.2))
    house.kill()
    await house.process.wait()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(outcome, httpx.TransportError), outcome


async def check(house: Served, sessions: list[str], known: Acknowledged) -> None:
    texts: set[str] = set()
    turns: dict[str, dict[str, object]] = {}
    for session in sessions:
        piece = (await house.client.get(f"/api/sessions/{session}", params={"author": "a"})).json()
        parents = [None, *(turn["id"] for turn in piece["turns"])]
        assert [turn["parent"] for turn in piece["turns"]] == parents[:-1]
        texts |= {turn["text"] for turn in piece["turns"]}
        turns |= {turn["id"]: turn for turn in piece["turns"]}
    assert known.words <= texts
    for turn, text in known.passages.items():
        assert turns[turn]["text"] == text
    for turn, row in turns.items():
        assert row["kind"] == "person" or (row["finish"] and row["text"] and row["model"]), turn
    for turn in known.passages:
        values = [known.votes.get((turn, who), 0) for who in "abc"]
        if not any((turn, who) in known.pending for who in "abc"):
            assert (turns[turn]["likes"], turns[turn]["dislikes"]) == (values.count(1), values.count(-1)), turn
    for turn, who in sorted(known.pending):  # cut off in the middle: it arrived or not, so take it back for good
        answer = await house.client.post(f"/api/turns/{turn}/reactions", json={"author": who, "value": 0})
        assert answer.status_code == 204, answer.text
        known.votes[turn, who] = 0
    known.pending.clear()


async def test_killed_at_random_moments_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    chance = random.Random(7)
    known = Acknowledged()
    sessions: list[str] = []
    for _ in range(KILLS):
        async with served(tmp_path / "home") as house:
            if not sessions:
                sessions = [await house.create(f"piece {number}") for number in range(3)]
            await check(house, sessions, known)
            for session in sessions:
                events = await house.say(session, "Nobody is stuck.")
                assert events[-1][0] == "final", events
            await until_killed(house, sessions, known, chance)
    async with served(tmp_path / "home") as house:
        await check(house, sessions, known)
        assert "Traceback" not in house.log.read_text()
