"""`ghostnote eval text`: the rows it measures on, its verdicts, and the whole command on a base made here."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

from adapters import lora, passages
from adapters.manifest import describe
from deploy import evaluate_text
from deploy.cli import app
from engine.text.forms.load import load
from engine.text.gpt import Gpt
from tests.engine.text.tiny import GPT2, gpt2, make_voice

HELD = sorted(evaluate_text.HELD.glob("*.jsonl"))


def test_the_held_out_rows_are_test_rows_and_small() -> None:
    assert {"story", "poem", "haiku", "lyrics", "limerick"} <= {path.stem for path in HELD}
    assert sum(path.stat().st_size for path in HELD) < 300_000
    assert {row.split for path in HELD for row in passages.load(path)} == {"test"}


def test_the_verdicts_are_the_promises() -> None:
    bits = {"base": {"story": 1.0, "haiku": 2.0}, "story": {"story": 0.89, "haiku": 2.0},
            "haiku": {"story": 1.0, "haiku": 1.7}}  # fmt: skip
    kept = {"haiku": {"voice": 0.2, "base": 0.02, "base with examples": 0.1}}
    assert [one["kept"] for one in evaluate_text.verdicts(bits, kept)] == [True, True, True, True]
    bits["story"]["story"], bits["haiku"]["story"] = 0.91, 0.905
    kept["haiku"]["base with examples"] = 0.11
    assert [one["kept"] for one in evaluate_text.verdicts(bits, kept)] == [False, False, True, False]
    kept = {"limerick": {"voice": 0.0, "voice, rhymes first": 0.04, "base": 0.0, "base, rhymes first": 0.02}}
    assert [one["kept"] for one in evaluate_text.verdicts({"base": {}}, kept)] == [True]
    kept["limerick"]["base with examples"] = 0.03
    assert [one["kept"] for one in evaluate_text.verdicts({"base": {}}, kept)] == [False]
    nothing = {"haiku": {"voice": 0.0, "base": 0.0}}
    assert [one["kept"] for one in evaluate_text.verdicts({"base": {}}, nothing)] == [False]


def test_a_form_is_looked_for_in_the_first_lines() -> None:
    haiku = load()["haiku"]
    assert evaluate_text.keeps(
        haiku, "\nstill pond before dawn\none frog breaks the sleeping moon\ninto silver rings\nand"
    )
    assert not evaluate_text.keeps(haiku, "still pond\none frog breaks the sleeping moon\ninto silver rings")


@pytest.mark.parametrize("name", ["haiku", "limerick"])
def test_the_base_is_asked_in_every_way_that_the_voice_is(name: str) -> None:
    ways = evaluate_text.asked(load()[name], "mine")
    of_voice = [each for each in ways if each.startswith("voice")]
    assert {ways[each].voice for each in of_voice} == {"mine"}
    assert all(ways[each.replace("voice", "base")] == replace(ways[each], voice="") for each in of_voice)
    taught = ways.get("base with examples, rhymes first")
    assert taught is None or "Rhymes: quay / tea / shame / same / sea\n\nA baker who" in taught.prompts[0]
    assert (taught is None) == (name == "haiku")


def test_the_command_measures_voices_and_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = AutoModelForCausalLM.from_pretrained(GPT2)
    lora.insert(model, 2, 4.0)
    lora.save(model, tmp_path / "shipped" / "haiku", str(GPT2))  # fresh: it changes nothing
    describe(tmp_path / "shipped" / "haiku", "haiku", {}, {})
    monkeypatch.setattr("adapters.registry.SHIPPED", tmp_path / "shipped")
    monkeypatch.setattr("deploy.evaluate_text.SHIPPED", tmp_path / "shipped")
    monkeypatch.setenv("GHOSTNOTE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GHOSTNOTE_TEXT_MODEL", str(GPT2))
    words = ["--most", "2", "--samples", "16", "--json", str(tmp_path / "n.json"), "--plots", str(tmp_path)]
    done = CliRunner().invoke(app, ["eval", "text", *words])
    assert done.exit_code == 0, (done.output, done.exception)
    found = json.loads((tmp_path / "n.json").read_text())
    assert found["bits"]["haiku"] == pytest.approx(found["bits"]["base"])
    assert set(found["forms"]["haiku"]) == {"voice", "base", "base with examples"}
    assert (tmp_path / "text-matrix.png").stat().st_size > 1_000
    assert found["verdicts"][0]["says"] in " ".join(done.output.split())


def test_a_base_without_voices_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTNOTE_HOME", str(tmp_path))
    monkeypatch.setenv("GHOSTNOTE_TEXT_MODEL", str(GPT2))
    done = CliRunner().invoke(app, ["eval", "text"])
    assert done.exit_code == 1
    assert "No shipped voice is for" in " ".join(done.output.split())


def test_samples_are_what_follows_the_prompt() -> None:
    found = evaluate_text.drawn(gpt2(), load()["limerick"], ["A limerick: a goat\n\n"], 3, 1)
    assert len(found) == len(set(found)) == 3
    assert not any(piece.startswith("A limerick: a goat") for piece in found)


def test_samples_repeat_with_the_same_seed() -> None:
    form, prompts = load()["haiku"], ["A haiku: a goat\n\n", "A haiku: rain\n\n"]
    found = [evaluate_text.drawn(gpt2(), form, prompts, 40, seed) for seed in (1, 1, 2)]
    assert found[0] == found[1]
    assert len(found[0]) == 40
    assert not set(found[0]) & set(found[2])


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT asks for it
def test_samples_are_drawn_in_the_voice(tmp_path: Path) -> None:
    make_voice(GPT2, tmp_path / "loud", 3)
    model = Gpt(GPT2, "tiny", device="cpu", dtype="float32", shelf=tmp_path.joinpath)
    plain, loud = (evaluate_text.drawn(model, load()["haiku"], ["Rain\n\n"], 4, 1, voice) for voice in ("", "loud"))
    assert not set(plain) & set(loud)
