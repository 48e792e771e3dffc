"""`ghostnote eval forms`: what it counts, and the whole command on the repository's own small model."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy import evaluate_forms
from deploy.cli import app
from engine.text.forms.load import load
from tests.engine.text.tiny import GPT2


@pytest.mark.parametrize("promise", evaluate_forms.PROMISES, ids=lambda one: f"{one.form}: {one.rule}")
def test_the_examples_of_a_form_keep_what_is_promised_and_prose_does_not(promise: evaluate_forms.Promise) -> None:
    form = load()[promise.form]
    for example in form.examples:
        if promise.form == "lyrics" and promise.rule == "rhymed":
            continue  # its example is longer on rhymes and shorter by two lines of chorus
        assert promise.kept(example.answer, form), example.ask
    assert not promise.kept("The sea was grey and the boats lay in the harbour.", form)
    assert not promise.kept("", form)


def test_every_command_run_gives_a_table_and_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTNOTE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GHOSTNOTE_TEXT_MODEL", str(GPT2))
    words = ["haiku", "--pieces", "2", "--show", "1", "--together", "2", "--json", str(tmp_path / "n.json")]
    done = CliRunner().invoke(app, ["eval", "forms", *words])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "5-7-5" in done.output
    ours = json.loads((tmp_path / "n.json").read_text())["haiku"]["ours"]
    kept = [piece["text"] for piece in ours["pieces"] if evaluate_forms.counted(piece["text"], load()["haiku"])]
    assert ours["rules"]["5-7-5"] == len(kept) / 2
    assert ours["told"] == 1 - len(kept) / 2  # whatever is missed is told, and nothing else
    assert 0 < ours["first line"] <= ours["seconds"]


def test_a_form_without_rules_has_nothing_to_count() -> None:
    done = CliRunner().invoke(app, ["eval", "forms", "opera"])
    assert done.exit_code == 2
    assert "haiku" in done.output + (done.stderr or "")


def test_a_chorus_that_comes_again_need_not_rhyme_with_itself() -> None:
    chorus = (
        "[Chorus]\nIt was a day in the year\nWhen snow fell from the sky.\n"
        "We heard the sound of the lark\nIn morning air so high."
    )
    verses = (
        (
            "[Verse]\nThe snow in heaven is white,\nThe sun is shining bright,\n"
            "And it is what we call\nThe first of winter's night."
        ),
        "[Verse]\nIt was the snow we saw\nFrom every roof and door,\nAnd we have never seen\nThe like of it before.",
    )
    song = "\n\n".join((verses[0], chorus, verses[1], chorus))
    form = load()["lyrics"]
    assert evaluate_forms.rhymed(song, form)
    assert evaluate_forms.returns(song, form)
    assert not evaluate_forms.rhymed(song.replace("before", "again"), form)
