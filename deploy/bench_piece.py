"""How long every command takes in a piece that fills a book: 400 passages of 75 words, 12 branches. No model writes.

Wall clock of this machine, so a number is only worth as much as what else runs beside it; the smallest of a few runs is
shown first.
"""

import json
import random
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from rich.table import Table

from bot import commands
from bot.replies import ReplyEvent
from bot.web.api import PLACE
from deploy.serve import house
from deploy.settings import Settings
from engine.books.formats import FORMATS
from engine.conversation import Conversation
from engine.messages import Person, SentFile, UserMessage
from engine.text.echo import EchoGenerator

PASSAGES, WORDS, BRANCHES = 400, 75, 12
LIMIT, EXPORT_LIMIT = 0.2, 3.0  # seconds
_SAID = "the lamp went out over a cold harbour while nobody in town was awake to see it burn"
_ME = Person(PLACE.platform, "me", "me")
_COMMANDS = (
    *("/memory The keeper is old.", "/memory", "/note Slowly.", "/note", "/context", "/branches", "/beside 2"),
    *(
        "/take 2",
        "/undo",
        "/redo",
        "/undo",
        "/switch 2",
        "/switch 1",
        "/edit Other words.",
        "/undo",
        "/branch",
        "/list",
    ),
    *("/like", "/unvote", "/credits", "/rename The harbour", "/privacy", "/learning", "/help"),
    *(f"/export {name}" for name in FORMATS),
)


async def measure(runs: int) -> dict[str, list[float]]:
    """Seconds of each command, by command, the quickest run first."""
    with tempfile.TemporaryDirectory() as folder:
        async with house(Settings(home=Path(folder)), EchoGenerator()) as built:
            sent = SentFile("book.json", _book())
            await _drained(commands.run(built.conversation, UserMessage(PLACE, _ME, "/import", file=sent)))
            found: dict[str, list[float]] = {}
            for _ in range(runs):
                for said in _COMMANDS:
                    found.setdefault(said, []).append(await _timed(built.conversation, said))
    return {said: sorted(seconds) for said, seconds in found.items()}


def table(found: dict[str, list[float]]) -> Table:
    """The numbers as people read them."""
    shown = Table("command", "best ms", "median ms", "limit ms", box=None, pad_edge=False)
    for said, seconds in found.items():
        best, median = seconds[0], seconds[len(seconds) // 2]
        limit = EXPORT_LIMIT if said.startswith("/export") else LIMIT
        style = "red" if median > limit else ""
        shown.add_row(said, f"{best * 1000:.0f}", f"{median * 1000:.0f}", f"{limit * 1000:.0f}", style=style)
    return shown


async def _timed(conversation: Conversation, said: str) -> float:
    began = time.perf_counter()
    await _drained(commands.run(conversation, UserMessage(PLACE, _ME, said)))
    return time.perf_counter() - began


async def _drained(events: AsyncIterator[ReplyEvent]) -> None:
    async for _ in events:
        pass


def _book() -> bytes:
    """The piece as a file: one long branch, and eleven that leave it on the way."""
    draw, words = random.Random(7), _SAID.split()
    live = [_entry(str(n), str(n - 1) if n else None, draw, words) for n in range(PASSAGES)]
    parents = draw.sample(range(0, PASSAGES - 1, 2), BRANCHES - 1)
    others = [_entry(f"b{n}", str(parent), draw, words) for n, parent in enumerate(parents)]
    return json.dumps({"ghostnote": 2, "title": "A book", "turns": live, "others": others}).encode()


def _entry(name: str, parent: str | None, draw: random.Random, words: list[str]) -> dict[str, Any]:
    model = (name.isdigit() and int(name) % 2 == 1) or name.startswith("b")
    text = " ".join(draw.choices(words, k=WORDS)).capitalize() + "."
    recipe = {"model": "echo", "seed": 1, "prompt": text * 12, "completion": text, "sampling": {}}
    entry = {"id": name, "parent": parent, "kind": "model" if model else "person", "author": "", "text": text}
    return entry | ({"recipe": recipe} if model else {})
