"""`ghostnote learn style` on the small trained GPT-2 and on a Llama made here: a version, a folder, or one sentence."""

import errno
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters import passages
from adapters.files import read
from adapters.passages import Passage
from adapters.registry import Registry
from deploy.cli import app
from tests.adapters import models
from tests.engine.text.tiny import GPT2

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT asks for it

QUICK = ("--steps", "12", "--batch", "2", "--width", "32", "--no-compiled", "--rate", "0.01")
TEXT = "the cat sat on the mat and the rat sat on the cat"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GHOSTNOTE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GHOSTNOTE_TEXT_MODEL", str(GPT2))
    monkeypatch.chdir(tmp_path)
    rows = [Passage("A poem: cats\n\n", TEXT, True, "", "", "train")] * 12
    held = [Passage("", "the rat sat on the mat", False, "", "", split) for split in ("valid", "test")]
    passages.write(tmp_path / "corpora" / "poem.jsonl", [*rows, *held])
    return tmp_path / "home"


def learn(*words: object) -> Result:
    return CliRunner().invoke(app, ["learn", "style", *map(str, words)])


def refused(*words: object, status: int = 1) -> str:
    done = learn(*words)
    assert done.exit_code == status, (done.output, done.exception)
    assert isinstance(done.exception, SystemExit), done.exception
    sentence = " ".join(done.output.split())
    assert sentence.endswith(".")
    assert "Traceback" not in sentence
    return sentence


@pytest.mark.parametrize("method", ["lora", "adalora"])
def test_a_voice_becomes_a_version_and_speaks_when_published(home: Path, method: str) -> None:
    done = learn("poem", "--method", method, *QUICK, "--tensorboard", home / "board")
    assert done.exit_code == 0, done.output
    registry = Registry(home / "adapters")
    manifest = registry.show("poem@0001")
    assert manifest.base == str(GPT2)
    assert manifest.metrics["train_bits"] < manifest.metrics["train_bits_base"]
    assert {"train_perplexity", "valid_perplexity", "test_perplexity"} <= set(manifest.metrics)
    assert not registry.scopes()
    assert list((home / "board").glob("events.*"))
    again = learn("poem", "--method", method, *QUICK, "--publish")  # nothing is left to train: it is measured again
    assert again.exit_code == 0, again.output
    assert registry.scopes() == {"form:poem": "poem@0002"}


def test_full_fine_tuning_makes_a_base_of_its_own(home: Path) -> None:
    assert "--out" in refused("poem", "--method", "full", *QUICK)
    done = learn("poem", "--method", "full", *QUICK[:-1], "0.0005", "--out", home / "model")
    assert done.exit_code == 0, done.output
    assert not Registry(home / "adapters").scopes()
    voice = learn("poem", "--base", home / "model", *QUICK, "--out", home / "voice")
    assert voice.exit_code == 0, voice.output
    assert read(home / "voice").base == str(home / "model")


def test_the_same_command_trains_a_llama(home: Path, tmp_path: Path) -> None:
    base = models.base_folder(tmp_path / "llama", models.llama())
    assert learn("poem", "--base", base, *QUICK, "--out", home / "voice").exit_code == 0
    assert len(read(home / "voice").matrices) == 14


def test_a_run_goes_on_only_as_it_was_begun(home: Path) -> None:
    assert learn("poem", *QUICK).exit_code == 0
    assert "begun with other options" in refused("poem", *QUICK, "--seed", "2")
    assert [one.reference for one in Registry(home / "adapters").versions() if one.version != "shipped"] == [
        "poem@0001"
    ]


def test_what_cannot_be_learnt_is_one_sentence(home: Path, tmp_path: Path) -> None:
    assert "There is no corpus" in refused("sonnet", *QUICK)
    assert "no form" in refused("odes", "--corpus", tmp_path / "corpora" / "poem.jsonl", "--publish", *QUICK)
    assert "no method" in refused("poem", "--method", "magic", *QUICK)
    assert "no report" in refused("poem", "--report", "elsewhere", status=2)
    assert "There is no folder" in refused("poem", "--base", "./nowhere", *QUICK)
    assert "cannot learn" in refused("poem", "--base", "echo", *QUICK)
    assert "no adapter" in refused("poem", "--parent", "poem@0099", *QUICK)
    (tmp_path / "broken.jsonl").write_text("no row\n", encoding="utf-8")
    assert "is no corpus" in refused("poem", "--corpus", tmp_path / "broken.jsonl", *QUICK)
    passages.write(tmp_path / "short.jsonl", [Passage("", "one", False, "", "", "train")])
    assert "less than one batch" in refused("poem", "--corpus", tmp_path / "short.jsonl", *QUICK)
    assert not Registry(home / "adapters").scopes()


def test_wandb_is_asked_for_only_where_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.learn_style.find_spec", lambda name: None)
    assert "Wandb is not installed" in refused("poem", "--report", "wandb", *QUICK)


def test_a_full_disk_is_one_sentence_and_touches_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("adapters.checkpoints.save_file", full)
    assert "is full" in refused("poem", *QUICK)
    assert not Registry(home / "adapters").scopes()


def test_a_killed_run_is_gone_on_with(home: Path, tmp_path: Path) -> None:
    assert learn("poem", *QUICK, "--run", tmp_path / "run").exit_code == 0
    begun = json.loads((tmp_path / "run" / "begun.json").read_text())
    assert begun["plan"]["steps"] == 12
    shutil.rmtree(tmp_path / "run" / "adapter")  # killed before it was written
    assert learn("poem", *QUICK, "--run", tmp_path / "run").exit_code == 0
    first, second = (Registry(home / "adapters").show(f"poem@{number}") for number in ("0001", "0002"))
    assert first.sha256 == second.sha256
