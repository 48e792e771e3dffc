"""A minute of the real trainer: the loss falls, a stopped run goes on, and what it writes can be played."""

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from deploy import learn_music
from deploy.cli import app
from engine.music.composer import Composer
from engine.music.train import Settings
from engine.music.wishes import read_wish
from tests.engine.music.tunes import chorale, tune

PIECES = [*(tune(seed) for seed in range(12)), tune(30, "waltz", "3/4"), *(chorale(seed) for seed in range(8))]


def quiet(stage: str, done: float, words: str) -> None:
    assert stage
    assert 0 <= done <= 1.01
    assert words


def losses(folder: Path, name: str) -> list[float]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    return [line[name] for line in lines if name in line]


def test_a_short_run_learns_stops_goes_on_and_writes_what_the_composer_loads(tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    short = Settings(run, steps=50, minutes=5, batch=4, warm_up=0.5, chorales=0.4, rate=2e-3)
    learn_music.learn(short, tmp_path / "first", "cross-entropy", None, quiet, pieces=PIECES)
    longer = Settings(run, steps=100, minutes=5, batch=4, warm_up=0.5, chorales=0.4, rate=2e-3)
    last = learn_music.learn(longer, out, "", tmp_path / "board", quiet, samples=2, pieces=PIECES)
    assert last["step"] == 100
    lines = [json.loads(line)["step"] for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    assert lines == [50, 100]  # the second run went on where the first had stopped
    for name in ("ce1", "ce4"):
        first, second = losses(run, name)
        assert second < 0.8 * first
    assert "critic" in last
    assert list((tmp_path / "board").glob("events.*"))
    assert {path.name for path in out.iterdir()} == {"music.safetensors", "melodies.safetensors"}
    assert [path.name for path in (tmp_path / "first").iterdir()] == ["cross_entropy.safetensors"]
    composer = Composer.load(out / "music.safetensors", out / "melodies.safetensors")
    assert composer.desk.copies is not None
    assert composer.compose(read_wish("2 bars reel in C"), seed=1, candidates=1)[0].phrase.bars == 2


def test_the_controls_are_trained_as_the_table_says(tmp_path: Path) -> None:
    one_shot = learn_music.settings(tmp_path, 9, 1, "one-shot")
    assert (one_shot.one_shot, one_shot.cross_entropy, one_shot.contest_every) == (True, 0, 1)
    assert learn_music.settings(tmp_path, 9, 1, "cross-entropy").warm_up == 1
    few = Settings(tmp_path / "run", steps=6, batch=2, one_shot=True, chorales=1.0, contest_every=1, warm_up=0.5,
                   cross_entropy=0.0)  # fmt: skip
    last = learn_music.learn(few, tmp_path / "out", "one-shot", None, quiet, pieces=PIECES)
    assert last["critic"] > 0
    assert (tmp_path / "out" / "one_shot.safetensors").exists()


def test_without_the_training_music_the_commands_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for words in (["learn", "music", "--folder", str(tmp_path / "run")], ["eval", "music", "--samples", "2"]):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 1
        assert "music21" in done.stderr
        assert "Traceback" not in done.output
    assert CliRunner().invoke(app, ["learn", "music", "--control", "magic"]).exit_code == 2


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
