"""Forms of one's own: a file in a folder, read when it is asked for, never a harm to the others."""

import os
from pathlib import Path

import pytest

from engine.errors import BrokenForm, UnknownForm
from engine.text.forms.load import FOLDER
from engine.text.forms.own import MOST_BYTES, Shelf
from engine.text.writer import Writer
from tests.engine.text.test_writer import LONG, Device, Scripted

GOOD = (FOLDER / "story.toml").read_text(encoding="utf-8")
BROKEN = GOOD.replace("tokens = 160", 'tokens = "many"')


def test_a_file_is_a_form_as_soon_as_it_is_there(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "forms")
    shipped = list(shelf)
    assert "ballad" not in shelf
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "ballad.toml").write_text(GOOD, encoding="utf-8")
    assert shelf["ballad"].name == "ballad"
    assert list(shelf) == [*shipped, "ballad"]
    assert len(shelf) == len(shipped) + 1


def test_a_broken_file_says_where_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ballad.toml"
    path.write_text(BROKEN, encoding="utf-8")
    shelf = Shelf(tmp_path)
    line = BROKEN.splitlines().index('tokens = "many"') + 1
    says = f"ballad.toml, line {line}: [length] tokens must be a whole number from 8 to 2048"
    with pytest.raises(BrokenForm) as refusal:
        shelf["ballad"]
    assert refusal.value.fields == {"form": "ballad", "reason": says}
    assert shelf.mistakes() == [says]
    assert "ballad" not in list(shelf)
    assert shelf["haiku"].name == "haiku"
    path.write_text(GOOD, encoding="utf-8")
    os.utime(path, ns=(1, 1))  # a clock too coarse to tell the two apart does not hide the change of size
    assert shelf["ballad"].name == "ballad"
    assert shelf.mistakes() == []


def test_what_is_no_name_or_taken_is_told_and_left_alone(tmp_path: Path) -> None:
    for name in ("haiku", "My Form", "größe"):
        (tmp_path / f"{name}.toml").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "vast.toml").write_text("#" * (MOST_BYTES + 1), encoding="utf-8")
    shelf = Shelf(tmp_path)
    assert shelf["haiku"].lines
    assert [text.partition(":")[0] for text in sorted(shelf.mistakes())] == [
        "My Form.toml",
        "größe.toml",
        "haiku.toml",
        "vast.toml",
    ]


@pytest.mark.parametrize("name", ["../story", "a/b", "", "x" * 99, "..", "Story", "no\0name"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "forms").mkdir()
    (tmp_path / "story.toml").write_text(GOOD, encoding="utf-8")
    shelf = Shelf(tmp_path / "forms")
    assert name not in shelf
    with pytest.raises(UnknownForm):
        Writer(Device(Scripted(lambda request, number: [LONG])), shelf).check_form(name)


def test_the_writer_refuses_a_broken_form_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "ballad.toml").write_text(BROKEN, encoding="utf-8")
    writer = Writer(Device(Scripted(lambda request, number: [LONG])), Shelf(tmp_path))
    with pytest.raises(BrokenForm):
        writer.check_form("ballad")
    writer.check_form("story")
    assert "ballad" not in writer.forms
