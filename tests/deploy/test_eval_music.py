"""The evaluation and the benchmark of music run from end to end and keep their books; people read what they measure."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from deploy import bench, bench_music, evaluate_music, music_plots
from engine.music.sampling import KINDS
from tests.engine.music.tunes import chorale, tune

TRAIN = [*(tune(seed) for seed in range(6)), *(chorale(seed) for seed in range(6))]
HELD = [*(tune(seed) for seed in range(20, 23)), tune(1, "jig", "6/8"), *(chorale(seed) for seed in range(20, 23))]


def test_the_whole_table_is_made_printed_saved_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_music, "load_pieces", lambda: TRAIN + HELD)
    monkeypatch.setattr(evaluate_music, "split_by_family", lambda pieces: (TRAIN + HELD[3:4], HELD))
    seen: list[tuple[int, int]] = []
    results = evaluate_music.measure(2, [1], 1, lambda done, of: seen.append((done, of)), tmp_path / "images")
    assert json.loads(json.dumps(results)) == results
    assert seen[-1] == (2 * len(KINDS), 2 * len(KINDS))
    assert {*KINDS, "held-out", "voices shuffled"} <= set(results["rows"])
    assert results["copying"]["folk"][0]["over_limit"] in (0, 50, 100)
    assert any("parallels" in line["what"] for line in results["verdicts"])
    console = Console(width=160, record=True)
    for table in evaluate_music.tables(results):
        console.print(table)
    assert "one-shot" in console.export_text()
    assert len(list((tmp_path / "images").glob("*.png"))) == 4


def test_pictures_tell_real_from_made(tmp_path: Path) -> None:
    made = {kind: [chorale(7).phrase] if "folk" not in kind else [tune(7).phrase] for kind in KINDS}
    drawn = music_plots.draw(tmp_path, made, HELD)
    assert len({path.read_bytes() for path in drawn}) == 4


def test_eight_bars_are_timed_with_and_without_sound() -> None:
    results = json.loads(json.dumps(bench_music.music(1, 1, lambda done, of: None)))
    lines = {line["what"]: line for line in results["lines"]}
    for name in bench_music.WISHES:
        notes, everything = lines[f"{name}, notes: s"], lines[f"{name}, with sound and picture: s"]
        assert 0 < notes["value"] < everything["value"]
        assert (notes["wanted"], everything["wanted"]) == ("< 1.5", "< 3")
    console = Console(width=120, record=True)
    console.print(bench.table(results))
    assert "chorale, notes: s" in console.export_text()
