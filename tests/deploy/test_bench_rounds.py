"""What is kept of a benchmark: whole results after every round, whatever cuts it and whatever the disk says."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deploy import bench_adapters
from deploy.bench_rounds import Kept, Results, rounds
from deploy.cli import app
from tests.engine.text.tiny import GPT2


def measured(keep: Callable[[Results], None] | None, *, cut: int = 99) -> list[int]:
    """A benchmark of three rounds that is cut in the round of that number; the rounds it began."""
    begun = list[int]()
    for number in rounds(3, lambda done: {"rounds": done}, keep):
        if number == cut:
            raise KeyboardInterrupt
        begun.append(number)
    return begun


def test_the_first_round_only_warms_up() -> None:
    kept = list[Results]()
    assert measured(kept.append) == [0, 1, 2, 3]
    assert kept == [{"rounds": 1}, {"rounds": 2}, {"rounds": 3}]
    assert measured(None) == [0, 1, 2, 3]


def test_a_run_that_is_cut_leaves_the_rounds_before(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        measured(Kept(tmp_path / "n.json"), cut=1)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt):
        measured(Kept(tmp_path / "n.json"), cut=3)
    assert [(path.name, json.loads(path.read_text())) for path in tmp_path.iterdir()] == [("n.json", {"rounds": 2})]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "n.json")
    measured(Kept(tmp_path / "link.json"))
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "n.json").read_text()) == {"rounds": 3}


@pytest.mark.parametrize("name", [".", "nowhere/n.json"])
def test_a_place_where_nothing_can_be_written_is_said_before_anything_is_measured(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as exit_of:
        Kept(tmp_path / name)
    assert exit_of.value.exit_code == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_disk_that_refuses_costs_no_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, content: object) -> None:
        raise OSError(28, "No space left on device")

    kept = Kept(tmp_path / "n.json")
    with monkeypatch.context() as refusing:
        refusing.setattr("adapters.disk.write", full)
        assert measured(kept) == [0, 1, 2, 3]
    with pytest.raises(typer.Exit) as exit_of:
        kept.settle()
    assert exit_of.value.exit_code == 1
    assert "No space left on device" in capsys.readouterr().err
    measured(kept)
    kept.settle()
    assert json.loads((tmp_path / "n.json").read_text()) == {"rounds": 3}


def test_the_command_keeps_its_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = list[int]()

    def step(model: object, prompts: object, voices: Sequence[str], tokens: int) -> float:
        steps.append(len(voices))
        if len(steps) == 2 * len(bench_adapters.VOICES) + 3:  # in the second round that counts
            raise KeyboardInterrupt
        return 1.0 + len(voices)

    monkeypatch.setattr(bench_adapters, "_step", step)
    monkeypatch.setenv("GHOSTNOTE_HOME", str(tmp_path))
    monkeypatch.setenv("GHOSTNOTE_TEXT_MODEL", str(GPT2))
    done = CliRunner().invoke(app, ["bench", "adapters", "--runs", "2", "--json", str(tmp_path / "n.json")])
    assert done.exit_code
    found = json.loads((tmp_path / "n.json").read_text())
    assert (found["rounds"], found["settings"]["runs"], found["runs"]["8"]) == (1, 2, [9.0])
