import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import lorebook
from engine.errors import Impossible, Refused, UnknownFormat
from engine.messages import Person, SentFile, SessionKey
from storage.schema import inbox, pieces, places, turns
from tests.engine.desk import BEN, KEY, MARA, SAY, Desk, done, opened, other


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


async def tree(desk: Desk) -> None:
    """Another piece, with two branches, an edit, memory and a note, by two people."""
    await desk.talk.create(KEY, MARA, "The Lamp")
    first = await desk.say("It rained.", "story")
    await desk.retry()
    await desk.talk.edit(KEY, BEN, "Ben's words.")
    await desk.talk.branch(KEY, MARA, first.id)
    await done(desk.talk.reply(desk.message("It snowed.", person=BEN)))
    await desk.talk.remember(KEY, MARA, "Slow.")
    await desk.talk.annotate(KEY, MARA, "Sad.")
    await desk.talk.flavouring.genre(KEY, MARA, "pirate opera")
    await desk.talk.flavouring.mood(KEY, MARA, "tense")
    await desk.talk.flavouring.teller(KEY, BEN, "like this: It was cold, and I was ten.")
    for entry in ("Mara, the keeper + sea - dream; sticky 2; order 5: She is ten.", "always: It rains."):
        asked = lorebook.read(entry)
        assert isinstance(asked, lorebook.Put)
        await desk.talk.remembering.change(KEY, MARA, asked)


def shape(data: bytes) -> list[dict[str, Any]]:
    """Everything in a JSON export but its ids and times."""
    content = json.loads(data)
    every = content["turns"] + content["others"]
    place = {entry["id"]: number for number, entry in enumerate(every)}
    for entry in every:
        entry["parent"] = place.get(entry["parent"])
        entry["edits"] = [{**edit, "at": ""} for edit in entry["edits"]]
        entry.get("recipe", {}).pop("id", "")
        del entry["id"]
    return [{name: content[name] for name in ("title", "memory", "note", "lore", "genre", "mood", "voice")}, *every]


async def test_a_piece_comes_back_with_branches_pen_names_edits_and_recipes(desk: Desk) -> None:
    await tree(desk)
    name, _, data = await desk.talk.carrying.export(KEY, "json", SAY)
    elsewhere = other(chat="2")
    sent = replace(desk.message("/import", "u1", elsewhere), file=SentFile(name, data))
    piece = await desk.talk.carrying.bring(sent)
    assert shape((await desk.talk.carrying.export(elsewhere, "json", SAY))[2]) == shape(data)
    assert [turn.author for turn in piece.turns if turn.kind == "person"] == ["Mara", "Ben"]
    again = await desk.talk.carrying.bring(sent)
    assert again.id == piece.id
    assert len(await desk.talk.pieces(elsewhere)) == 1
    with pytest.raises(Impossible, match="nothing_to_undo"):
        await desk.talk.undo(elsewhere, MARA)
    assert (await desk.say("And then.", key=elsewhere)).text
    assert len(await desk.talk.branches(elsewhere)) == 2


async def test_a_piece_that_was_brought_in_is_forgotten_with_who_brought_it(desk: Desk) -> None:
    await tree(desk)
    name, _, data = await desk.talk.carrying.export(KEY, "json", SAY)
    zoe = Person("telegram", "99", "Zoe")
    home = SessionKey("telegram", "99")
    sent = replace(desk.message("/import", "", home, zoe), file=SentFile(name, data))
    piece = await desk.talk.carrying.bring(sent)
    await desk.talk.privacy.forget(zoe)
    assert piece.id not in {row["id"] for row in await desk.rows(pieces)}


@pytest.mark.parametrize("file", [None, SentFile("a.json", b"{"), SentFile("a.exe", b"MZ"), SentFile("a.txt", b"")])
async def test_a_bad_file_changes_nothing(desk: Desk, file: SentFile | None) -> None:
    before = [await desk.rows(table) for table in (pieces, places, turns, inbox)]
    with pytest.raises(Refused):
        await desk.talk.carrying.bring(replace(desk.message("/import", "u2"), file=file))
    assert [await desk.rows(table) for table in (pieces, places, turns, inbox)] == before
