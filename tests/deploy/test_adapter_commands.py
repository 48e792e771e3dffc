"""`ghostnote adapters` as its owner meets it: a voice comes in, speaks, goes out; what may not is one sentence."""

import json
import zipfile
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner, Result

from adapters.files import CONFIG, WEIGHTS
from adapters.registry import POINTER, Registry
from deploy.cli import app
from deploy.doctor import findings
from deploy.settings import load
from tests.engine.text.tiny import GPT2, make_llama, make_voice

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT asks for it


@pytest.fixture(scope="module")
def sea(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voice for the small GPT-2, on all its Conv1D layers, written by PEFT."""
    return make_voice(GPT2, tmp_path_factory.mktemp("voices") / "sea", 1)


class Owner:
    """Types commands; every one is a command line of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.registry = Registry(home / "adapters")

    def type(self, *words: object) -> Result:
        return CliRunner().invoke(app, ["adapters", *map(str, words)])

    def says(self, *words: object) -> str:
        done = self.type(*words)
        assert done.exit_code == 0, done.output
        return done.output

    def refused(self, *words: object, status: int = 1) -> str:
        """The one sentence, after which nothing has changed."""
        before = self.registry.versions(), self.registry.scopes()
        done = self.type(*words)
        assert done.exit_code == status, done.output
        assert (self.registry.versions(), self.registry.scopes()) == before
        (sentence,) = done.output.strip().splitlines()
        assert sentence.endswith(".")
        return sentence


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Owner:
    monkeypatch.setenv("GHOSTNOTE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GHOSTNOTE_TEXT_MODEL", str(GPT2))
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.chdir(tmp_path)
    return Owner(tmp_path / "home")


def copied(source: Path, target: Path) -> Path:
    target.mkdir()
    for name in (CONFIG, WEIGHTS):
        (target / name).write_bytes((source / name).read_bytes())
    return target


def test_a_voice_comes_in_speaks_goes_out_and_comes_back(owner: Owner, sea: Path, tmp_path: Path) -> None:
    assert "story@shipped" in owner.says("list")
    assert "sea@0001 speaks for global" in owner.says("publish", sea, "--scope", "global")
    owner.says("publish", sea, "--scope", "person:telegram:7", "--name", "ocean")
    assert owner.registry.scopes() == {"global": "sea@0001", "person:telegram:7": "ocean@0001"}
    listed = owner.says("list")
    assert "ocean@0001" in listed
    assert "person:telegram:7" in listed
    assert owner.registry.show("sea@0001").sha256 in owner.says("show", "sea")
    owner.says("export", "sea", "-o", "sea.zip")
    assert set(zipfile.ZipFile("sea.zip").namelist()) >= {CONFIG, WEIGHTS, "manifest.json"}
    assert "sea@0002 is here" in owner.says("import", "sea.zip")
    assert owner.registry.show("sea@0002").sha256 == owner.registry.show("sea@0001").sha256
    owner.says("publish", "sea@0002", "--scope", "global")
    assert owner.registry.live() == "sea@0002"
    assert "sea@0001 speaks for global" in owner.says("rollback", "--scope", "global")
    assert "Nothing of its own speaks" in owner.says("rollback", "--scope", "global")
    assert "nothing to roll back" in owner.refused("rollback", "--scope", "global")


def test_what_peft_zips_without_a_manifest_is_named_after_its_file(owner: Owner, sea: Path) -> None:
    with zipfile.ZipFile("lake.zip", "w") as file:
        for name in (CONFIG, WEIGHTS):
            file.write(sea / name, f"checkpoint/{name}")
    assert "lake@0001 is here" in owner.says("import", "lake.zip")
    assert owner.registry.show("lake@0001").base == str(GPT2)


def test_a_voice_for_another_base_is_refused(owner: Owner, tmp_path: Path) -> None:
    other = make_voice(make_llama(tmp_path / "llama"), tmp_path / "other", 2)
    assert "another base" in owner.refused("publish", other, "--scope", "global")
    assert "another base" in owner.refused("publish", "story", "--scope", "global")


def test_a_llama_type_base_takes_its_own_voice(owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = make_llama(tmp_path / "llama")
    monkeypatch.setenv("GHOSTNOTE_TEXT_MODEL", str(base))
    owner.says("publish", make_voice(base, tmp_path / "hill", 2), "--scope", "form:poem")
    assert owner.registry.live(form="poem") == "hill@0001"


def test_what_is_wrong_with_the_files_is_one_sentence(owner: Owner, sea: Path, tmp_path: Path) -> None:
    pickled = copied(sea, tmp_path / "pickled")
    (pickled / WEIGHTS).rename(pickled / "adapter_model.bin")
    assert "pickled" in owner.refused("publish", pickled, "--scope", "global")
    cut = copied(sea, tmp_path / "cut")
    (cut / WEIGHTS).write_bytes((cut / WEIGHTS).read_bytes()[:-9])
    assert "damaged" in owner.refused("publish", cut, "--scope", "global")
    wide = copied(sea, tmp_path / "wide")
    tensors = {
        name: weight.repeat(1, 2) if "lora_A" in name else weight for name, weight in load_file(sea / WEIGHTS).items()
    }
    save_file(tensors, wide / WEIGHTS, {"format": "pt"})
    assert "sizes of" in owner.refused("publish", wide, "--scope", "global")
    more = copied(sea, tmp_path / "more")
    save_file(
        {**load_file(sea / WEIGHTS), "base_model.model.lm_head.bias": load_file(sea / WEIGHTS).popitem()[1]},
        more / WEIGHTS,
    )
    assert "more than linear layers" in owner.refused("publish", more, "--scope", "global")
    dora = copied(sea, tmp_path / "dora")
    (dora / CONFIG).write_text(json.dumps({**json.loads((dora / CONFIG).read_text()), "use_dora": True}))
    assert "plain LoRA" in owner.refused("publish", dora, "--scope", "global")
    (tmp_path / "empty").mkdir()
    assert "no adapter" in owner.refused("publish", "empty", "--scope", "global")


def test_what_is_wrong_with_the_words_is_one_sentence(owner: Owner, sea: Path) -> None:
    assert "no scope" in owner.refused("publish", sea, "--scope", "planet:mars", status=2)
    assert "no form opera" in owner.refused("publish", sea, "--scope", "form:opera", status=2)
    assert "names no person" in owner.refused("rollback", "--scope", "person:ann", status=2)
    assert "no adapter 'nobody'" in owner.refused("publish", "nobody", "--scope", "global")
    assert "no folder" in owner.refused("publish", "./nowhere", "--scope", "global")
    assert "no adapter name" in owner.refused("publish", sea, "--scope", "global", "--name", "../sea")
    assert "no adapter" in owner.refused("show", "[red]nobody@0001")
    assert "cannot be read" in owner.refused("import", "nowhere.zip")
    assert "cannot be written" in owner.refused("export", "story", "-o", "nowhere/story.zip")


async def test_the_doctor_names_a_voice_that_was_harmed(owner: Owner, sea: Path) -> None:
    async def found() -> tuple[str, str, str]:
        (finding,) = [one for one in await findings(load()) if one.what == "voices"]
        return finding.mark, finding.found, finding.todo

    owner.says("publish", sea, "--scope", "form:story")
    assert await found() == ("✓", "1 published", "")
    weights = owner.registry.folder("sea@0001") / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])
    mark, said, todo = await found()
    assert (mark, "have changed" in said) == ("!", True)
    assert "rollback --scope form:story" in todo
    (owner.home / "adapters" / POINTER).write_text("[]", encoding="utf-8")
    assert "damaged" in (await found())[2]


def test_without_a_base_nothing_comes_in(owner: Owner, sea: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTNOTE_TEXT_MODEL", "echo")
    assert "GHOSTNOTE_TEXT_MODEL" in owner.refused("publish", sea, "--scope", "global")
    monkeypatch.setenv("GHOSTNOTE_TEXT_MODEL", "./nowhere")
    assert "nowhere" in owner.refused("publish", sea, "--scope", "global")
    monkeypatch.setenv("GHOSTNOTE_PORT", "teapot")
    assert "GHOSTNOTE_PORT" in owner.refused("list", status=2)
