"""20 channels with 5 people each, all writing: every line acted on once, order kept, nobody late, memory flat.

Ten seconds in the suite; `SOAK=180` makes it the three minutes for which times are asserted as well. What was measured
is printed (`pytest -s`).
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

import pytest
import sqlalchemy as sa

from storage import schema
from storage.db import open_database
from tests.flow.crowd import STAGES, write
from tests.flow.served import ROOT

SECONDS = float(os.environ.get("SOAK", "10"))
LONG = SECONDS >= 120
LATE = 0.050  # seconds, for 99 of 100; beside it is printed what an idle process sees of the machine
GROWTH = 1.10  # of the memory held in the second quarter


@dataclass
class Seen:
    """What a process saw of itself: lateness in seconds, sorted; memory in KiB, by second; CPU in seconds."""

    late: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    cpu: float = 0.0

    @property
    def p99(self) -> float:
        return self.late[len(self.late) * 99 // 100]

    @property
    def held(self) -> tuple[float, float]:
        """On the average of the second quarter of the time and of the last, in MiB."""
        quarter = max(1, len(self.memory) // 4)
        return mean(self.memory[quarter : 2 * quarter]) / 1024, mean(self.memory[-quarter:]) / 1024


@asynccontextmanager
async def watched(home: Path, *what: str) -> AsyncIterator[Seen]:
    """A process of tests/flow/soaked meanwhile; what it saw, afterwards."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GHOSTNOTE_")}
    arguments = "-m", "tests.flow.soaked", str(home), *what
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, env=clean, stdout=asyncio.subprocess.PIPE
    )
    seen = Seen()
    try:
        yield seen
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = await process.communicate()
    found = json.loads(said)
    seen.late, seen.memory, seen.cpu = sorted(found["late"]), found["memory"], found["cpu"]


@pytest.mark.parametrize("platform", STAGES)
async def test_a_full_house(platform: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with (
        STAGES[platform]() as stage,
        watched(tmp_path, "idle") as idle,
        watched(tmp_path, platform, *stage.arguments) as seen,
    ):
        async with asyncio.timeout(60):
            while not stage.ready():  # noqa: ASYNC110  # the servers have no one event for it
                await asyncio.sleep(0.05)
        await write(stage, SECONDS)
    record = stage.record
    count = sum(map(len, record.lines.values()))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{platform}: {count} lines in {SECONDS:.0f} s; answered after {median(record.waits):.2f} s, at worst "
            f"{max(record.waits):.2f} s; loop late p50 {median(seen.late) * 1e3:.1f}, p99 {seen.p99 * 1e3:.1f}, at "
            f"worst {seen.late[-1] * 1e3:.0f} ms (of an idle process {idle.p99 * 1e3:.1f}, {idle.late[-1] * 1e3:.0f}); "
            f"memory {seen.held[0]:.1f} -> {seen.held[1]:.1f} MiB; {seen.cpu:.0f} s of CPU; "
            f"load {os.getloadavg()[0]:.1f}\n"
        )
    assert count > 50
    assert set(Counter(record.answers).values()) == {1}, "one answer each"
    written = await _written(tmp_path / "ghostnote.db")
    assert sorted(written) == sorted(record.lines)
    for channel, lines in record.lines.items():
        assert [text for kind, text in written[channel] if kind == "person"] == lines, "once, and in their order"
        assert [kind for kind, _ in written[channel]] == ["person", "model"] * len(lines)
    if LONG:
        assert seen.p99 < LATE
        assert seen.held[1] < seen.held[0] * GROWTH


async def _written(file: Path) -> dict[str, list[tuple[str, str]]]:
    """What the database holds, by channel (1 to 20), in the order of writing."""
    turns, pieces = schema.turns.c, schema.pieces.c
    query = sa.select(pieces.chat, turns.kind, turns.text).join_from(schema.turns, schema.pieces)

    def read(connection: sa.Connection) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for chat, kind, text in connection.execute(query.order_by(turns.number)):
            found.setdefault(chat.removeprefix("-10").lstrip("0"), []).append((kind, text))
        return found

    async with open_database(f"sqlite:///{file}") as database:
        return await database.read(read)
