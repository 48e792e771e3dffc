"""The benchmark runs and keeps its books; what it measures is read by people, not asserted here."""

import asyncio
import json

import pytest
from rich.console import Console

from deploy import bench, bench_learn
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


@pytest.mark.filterwarnings("ignore")  # the peer is called as its documentation says, with what has been renamed since
def test_a_training_step_is_measured_against_trl_on_the_same_pairs() -> None:
    told = list[tuple[int, int]]()
    results = json.loads(json.dumps(bench_learn.learn(GPT2, "tiny", 2, 1, lambda done, of: told.append((done, of)))))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert [len(taken) for taken in results["runs"].values()] == [3, 3]
    lines = {line["what"]: line for line in results["lines"]}
    ours, theirs = (lines[what]["value"] for what in ("our step of 8 pairs: s", "plain TRL's step of 8 pairs: s"))
    ratio = lines["steps, ours to plain TRL's"]
    assert ratio["value"] == pytest.approx(theirs / ours)
    assert ratio["met"] == (ratio["value"] >= 1)
