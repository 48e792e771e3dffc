"""The benchmark runs and keeps its books; what it measures is read by people, not asserted here."""

import asyncio
import importlib.util
import json
import statistics
from pathlib import Path

import pytest
from rich.console import Console

from bot.commands import BY_NAME
from deploy import (
    bench,
    bench_adapters,
    bench_chats,
    bench_crowd,
    bench_learn,
    bench_piece,
    bench_plots,
    bench_rounds,
)
from deploy.bench_book import CASES
from deploy.bench_field import field_of
from deploy.peers import Job
from tests.engine.text.tiny import GPT2


def test_a_chat_is_measured_against_generate(tmp_path: Path) -> None:
    kept = list[bench_rounds.Results]()
    results = bench.chat(GPT2, "tiny", "cpu", runs=2, tokens=8, messages=3, keep=kept.append)
    assert [(len(some["lines"]), len(some["runs"]["ours"])) for some in kept] == [(11, 1), (11, 2)]
    results = json.loads(json.dumps(results))
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
    drawn(results, tmp_path)


def drawn(results: bench_rounds.Results, folder: Path) -> None:
    for name, begins in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml")):
        bench_plots.draw(results, folder / "images" / name)
        assert (folder / "images" / name).read_bytes().startswith(begins)
    with pytest.raises(ValueError, match="nothing"):
        bench_plots.draw(results, folder / "a.nothing")


def test_a_crowd_is_measured_against_the_field(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bench_crowd, "READ", 2**20)
    told = list[tuple[int, int]]()
    plan = bench_crowd.Plan(runs=2, tokens=4, chats=3, curve=(1, 2), peers=("sequential", "nobody"))
    kept = list[str]()
    results = bench_crowd.crowd(
        GPT2, "tiny", "cpu", plan, lambda done, of: told.append((done, of)), lambda some: kept.append(json.dumps(some))
    )
    first, results = json.loads(kept[0]), json.loads(json.dumps(results))
    assert (len(kept), first["rounds"], results["rounds"]) == (2, 1, 2)
    assert [line["what"] for line in first["lines"]] == [line["what"] for line in results["lines"]]
    assert first["runs"] == {what: values[: len(first["runs"][what])] for what, values in results["runs"].items()}
    assert told == [(done, 21) for done in range(1, 22)]
    assert [sentence.split()[0] for sentence in results["left_out"]] == ["nobody"]
    runs, lines = results["runs"], {line["what"]: line for line in results["lines"]}
    assert all(len(values) == 2 for what, values in runs.items() if "ctranslate2" not in what)
    assert lines["greedy text of 4 chats in float32, the share that is generate's"]["value"] == 1
    ratio = lines["3 chats, to generate float32 one after the other"]
    pairs = zip(runs["together"], runs["sequential, 3"], strict=True)
    assert ratio["value"] == pytest.approx(statistics.median(mine / theirs for mine, theirs in pairs))
    assert ratio["met"] is (ratio["value"] >= 8)
    assert lines["4 drafts of a reply, time to 1 draft"]["value"] > 0
    assert not any("CTranslate2" in what for what in lines)
    drawn(results, tmp_path)


async def test_peers_write_in_processes_of_their_own_until_they_fail() -> None:
    job: Job = {"prompts": [[5, 6, 7], [8]], "tokens": 3, "at": [0.0, 0.01]}
    with field_of(("static", "continuous", "ctranslate2"), GPT2, "cpu") as others:
        for name in list(others.peers):
            result = await others.run(name, job)
            assert result is not None
            assert result["seconds"] > 0
        missing = 1 - (importlib.util.find_spec("ctranslate2") is not None)
        assert len(others.missing) == missing
        assert await others.run("static", job | {"prompts": [[10**6]]}) is None
        assert others.missing[missing].startswith("static failed and is left out: IndexError")
        assert await others.run("static", job) is None


def test_a_peer_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with field_of(("ctranslate2",), GPT2, "cpu") as others:
        assert others.peers == {}
        assert "not installed" in others.missing[0]


def test_voices_are_measured_in_one_step(tmp_path: Path) -> None:
    kept = list[bench_rounds.Results]()
    results = bench_adapters.adapters(GPT2, "tiny", "cpu", 2, 3, lambda done, of: None, kept.append)
    assert [(some["rounds"], len(some["runs"][8])) for some in kept] == [(1, 1), (2, 2)]
    results = json.loads(json.dumps(results))
    assert {count: len(times) for count, times in results["runs"].items()} == dict.fromkeys(
        ("0", "1", "2", "4", "8", "16"), 2
    )
    (ratio,) = [line for line in results["lines"] if line["wanted"]]
    pairs = zip(results["runs"]["1"], results["runs"]["8"], strict=True)
    assert ratio["value"] == pytest.approx(statistics.median(one / other for one, other in pairs))
    drawn(results, tmp_path)


async def test_what_chats_saw_is_counted_from_the_moment_in_which_all_write() -> None:
    chats = (bench_chats.Chat(0.0, ((1.0, 1), (2.0, 2), (4.0, 4))), bench_chats.Chat(0.0, ((2.0, 1), (4.0, 3))))
    run = bench_chats.Run(5.0, chats, 0)
    assert run.rate == pytest.approx(7 / 5)
    assert run.step == pytest.approx(1.0)


def test_a_limit_that_is_just_met_is_met() -> None:
    assert [bench.Line("", 1.6, wanted).met for wanted in ("<= 1.6", "< 1.6", ">= 1.6", "")] == [
        True,
        False,
        True,
        None,
    ]


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
    kept = list[int]()
    results = bench_learn.learn(
        GPT2, "tiny", 2, 1, lambda done, of: told.append((done, of)), lambda some: kept.append(some["rounds"])
    )
    assert kept == [1, 2]
    results = json.loads(json.dumps(results))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert [len(taken) for taken in results["runs"].values()] == [3, 3]
    lines = {line["what"]: line for line in results["lines"]}
    ours, theirs = (lines[what]["value"] for what in ("our step of 8 pairs: s", "plain TRL's step of 8 pairs: s"))
    ratio = lines["steps, ours to plain TRL's"]
    assert ratio["value"] == pytest.approx(theirs / ours)
    assert ratio["met"] == (ratio["value"] >= 1)


def test_every_command_is_timed_in_a_long_piece() -> None:
    assert set(BY_NAME) <= {case.name for case in CASES}
    some = [case for case in CASES if case.said in ("/story the lamp at Skarn", "/list", "/vary")]
    found = asyncio.run(bench_piece.measure(1, some))
    assert [len(seconds) for seconds in found.values()] == [1, 1, 1]
    console = Console(width=120, record=True)
    console.print(bench_piece.table(found))
    told = console.export_text()
    assert "/story the lamp at Skarn" in told
    assert "load of this machine" in told
