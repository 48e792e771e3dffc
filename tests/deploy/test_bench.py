"""The benchmark runs and keeps its books; what it measures is read by people, not asserted here."""

import asyncio
import json

import pytest
from rich.console import Console

from deploy import bench
from tests.engine.text.tiny import GPT2


def test_a_chat_is_measured_against_generate() -> None:
    results = json.loads(json.dumps(bench.chat(GPT2, "tiny", "cpu", runs=2, tokens=8, messages=3)))
    lines = {line["what"]: line for line in results["lines"]}
    ratio = lines["tokens/s, ours / generate"]
    assert ratio["value"] == pytest.approx(lines["one chat: tokens/s"]["value"] / lines["generate: tokens/s"]["value"])
    assert ratio["met"] is (ratio["value"] >= 0.9)
    assert lines["one chat: tokens/s"]["met"] is None
    assert 50e6 < lines["memory with the model, MB"]["value"] * 1e6 < 5e9
    assert len(results["runs"]["ours"]) == len(results["runs"]["generate"]) == 2
    console = Console(width=120, record=True)
    console.print(bench.table(results))
    assert "tokens/s, ours / generate" in console.export_text()


def test_percentiles_are_nearest_rank() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert bench.percentile(values, 50) == 51
    assert bench.percentile(values, 99) == 100
    assert bench.percentile([3.0], 99) == 3


async def test_a_blocked_loop_is_seen() -> None:
    async def block() -> None:
        await asyncio.sleep(0.02)
        bench.time.sleep(0.1)  # type: ignore[attr-defined]
        await asyncio.sleep(0.02)

    assert max(await bench.loop_delays(block)) > 0.08
