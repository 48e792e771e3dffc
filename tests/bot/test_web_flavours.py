"""What a piece is like, over the studio's API: commands in, settings, the picture of the arc and persona files out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.studio import Events, Json, Studio, final, studio


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Studio]:
    async with studio(tmp_path) as built:
        yield built


def of(events: Events, wanted: str) -> list[Json]:
    return [data for name, data in events if name == wanted]


async def test_choices_stand_in_the_settings_of_the_piece(room: Studio) -> None:
    session = await room.create()
    for text in ("/genre horror", "/mood tense", "/voice like this: The sea gave back her dead."):
        assert final(await room.say(session, text))["finish"] == "command"
    settings = (await room.piece(session))["settings"]
    assert settings == {
        "form": "story", "genre": "horror", "mood": "tense", "voice": "The sea gave back her dead.",
    }  # fmt: skip
    turn = final(await room.say(session, "/story A cellar."))["turn"]
    context = (await room.client.get(f"/api/turns/{turn}/context")).json()
    named = {section["name"] for section in context["sections"]}
    assert {"genre", "mood", "teller"} <= named
    assert sum(section["tokens"] for section in context["sections"]) == context["tokens"]


async def test_the_arc_comes_as_words_and_a_picture(room: Studio) -> None:
    session = await room.create()
    await room.say(session, "/story They laughed in the happy sunshine.")
    events = await room.say(session, "/arc")
    assert "2 passages" in final(events)["text"]
    (picture,) = of(events, "attachment")
    assert (picture["name"], picture["mime"]) == ("arc.png", "image/png")
    got = await room.client.get(picture["url"])
    assert got.content.startswith(b"\x89PNG")
    assert got.headers["content-disposition"].startswith("inline")


async def test_a_persona_goes_out_as_a_file_and_comes_back(room: Studio) -> None:
    session = await room.create()
    await room.say(session, "/persona Old Sailor: dry and slow")
    (file,) = of(await room.say(session, "/persona Old Sailor"), "attachment")
    data = (await room.client.get(file["url"])).content
    await room.say(session, "/persona drop Old Sailor")
    await room.send(session, data, name=file["name"])
    assert "Old Sailor: dry and slow" in final(await room.say(session, "/persona"))["text"]
    form = {"file": ("bad.toml", b"[persona]\nname = oh", "application/toml")}
    refused = await room.client.post(f"/api/sessions/{session}/messages", data={"author": "me"}, files=form)
    assert 400 <= refused.status_code < 500
    assert refused.json()["error"]["code"] == "bad_persona"
    assert "line 2" in refused.json()["error"]["message"]
