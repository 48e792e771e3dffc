import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.errors import UnknownFormat
from tests.engine.desk import BEN, KEY, MARA, SAY, Desk, opened


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(f"sqlite:///{tmp_path}/ghostnote.db") as ready:
        await ready.talk.create(KEY, MARA, "Über the *Sea*")
        await ready.say("1. Waves & <b>wind</b>", "story")
        await ready.say("# not a heading\n- nor a list")
        turn = (await ready.talk.piece(KEY)).turns[1]
        await ready.talk.edit(KEY, MARA, "This was undone.", turn.id)
        await ready.talk.undo(KEY, MARA)
        await ready.talk.edit(KEY, BEN, "Ben's words.", turn.id)
        yield ready


@pytest.mark.parametrize(
    ("kind", "name", "mime"),
    [
        ("md", "über-the-sea.md", "text/markdown; charset=utf-8"),
        ("txt", "über-the-sea.txt", "text/plain; charset=utf-8"),
        ("json", "über-the-sea.json", "application/json"),
    ],
)
async def test_every_file_says_that_a_machine_took_part_and_who_wrote_what(
    desk: Desk, kind: str, name: str, mime: str
) -> None:
    found = await desk.talk.carrying.export(KEY, kind, SAY)
    assert found[:2] == (name, mime)
    text = found[2].decode()
    last = (await desk.talk.piece(KEY)).turns[-1]
    for needed in ("a machine (a language model)", "Mara", "Ben", "echo", last.id, last.text[:20]):
        assert needed in text
    assert "This was undone" not in text


async def test_the_ledger_names_writer_model_and_editor_of_each_passage(desk: Desk) -> None:
    text = (await desk.talk.carrying.export(KEY, "txt", SAY))[2].decode()
    turns = (await desk.talk.piece(KEY)).turns
    assert text.splitlines()[-4:] == [
        "1. Mara",
        f"2. machine: echo (recipe {turns[1].id}); edited by Ben",
        "3. Mara",
        f"4. machine: echo (recipe {turns[3].id})",
    ]


async def test_markdown_shows_the_words_as_they_were_written(desk: Desk) -> None:
    text = (await desk.talk.carrying.export(KEY, "md", SAY))[2].decode()
    assert "# Über the \\*Sea\\*\n" in text
    assert "\n1\\. Waves & \\<b\\>wind\\</b\\>\n" in text
    assert "\n\\# not a heading  \n\\- nor a list\n" in text


async def test_json_holds_every_recipe_and_edit(desk: Desk) -> None:
    content = json.loads((await desk.talk.carrying.export(KEY, "json", SAY))[2])
    assert [turn["kind"] for turn in content["turns"]] == ["person", "model", "person", "model"]
    edited = content["turns"][1]
    assert [(edit["by"], edit["after"]) for edit in edited["edits"]] == [("Ben", "Ben's words.")]
    assert edited["edits"][0]["before"] == edited["recipe"]["completion"]
    assert edited["recipe"]["prompt"] == "1. Waves & <b>wind</b>"
    assert "recipe" not in content["turns"][0]


async def test_an_empty_piece_and_an_unknown_format(desk: Desk) -> None:
    await desk.talk.create(KEY, MARA)
    name, _, content = await desk.talk.carrying.export(KEY, "md", SAY)
    assert name == "piece.md"
    assert content.startswith(b"# Untitled\n")
    with pytest.raises(UnknownFormat) as caught:
        await desk.talk.carrying.export(KEY, "exe", SAY)
    assert caught.value.fields == {"format": "exe", "formats": "md, txt, json, epub, docx, zip"}
